"""Sentences of English and Vietnamese text, each as it is written. Where they end, the room of speech decides."""

from __future__ import annotations

import re

from pipeline.speech.sentences import sentences


def sentences_of(text: str) -> list[str]:
    """The sentences of one paragraph, in order, without space around them."""
    return [text[sentence.start : sentence.end] for sentence in sentences(text)]


def parts_of(sentence: str, longest: int) -> list[str]:
    """`sentence` itself, or, if it has more than `longest` characters, parts of it that have not.

    It is parted after a comma, semicolon or colon in the second half of what fits, else at a space, else anywhere.
    """
    parts = []
    while len(sentence) > longest:
        fitting = sentence[:longest]
        marks = [match.end() for match in re.finditer(r"[,;:–—](?=\s)", fitting) if match.end() > longest // 2]
        cut = marks[-1] if marks else fitting.rfind(" ")
        cut = cut if cut > 0 else longest
        parts.append(sentence[:cut].strip())
        sentence = sentence[cut:].strip()
    return [*parts, sentence] if sentence else parts
