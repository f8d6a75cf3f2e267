"""A narrated text as chunks: each word with the signs around it, and when it is heard."""

from __future__ import annotations

import dataclasses
import itertools
import unicodedata
from collections.abc import Iterator, Sequence

from pipeline.speech.model import Timing

#: Nothing longer stays in one piece: such a "word" (an address, say) is cut for display.
_LONGEST = 24


@dataclasses.dataclass(frozen=True)
class Chunk:
    """Text without outer spaces; `spaced`: a space follows it; `ends_sentence`: it is its sentence's last one."""

    text: str
    start: float
    end: float
    spaced: bool
    ends_sentence: bool


def chunks(text: str, words: Sequence[Timing], sentences: Sequence[Timing]) -> list[Chunk]:
    """Every part of every sentence's text as exactly one chunk, in order, NFC, with times that never run backwards."""
    found: list[Chunk] = []
    heard = 0.0
    for sentence, inside in _words_by_sentence(words, sentences):
        for chunk in _of_sentence(text, sentence, inside):
            start = max(chunk.start, heard)
            heard = max(chunk.end, start)
            found.append(dataclasses.replace(chunk, start=start, end=heard))
    return found


def joined(run: Sequence[Chunk]) -> str:
    """The run's text, spaced as in the original."""
    return "".join(chunk.text + (" " if chunk.spaced else "") for chunk in run).strip()


def _words_by_sentence(words: Sequence[Timing], sentences: Sequence[Timing]) -> Iterator[tuple[Timing, list[Timing]]]:
    """Each sentence with its words; a sentence without any (only signs) stands for itself."""
    position = 0
    for sentence in sentences:
        end = sentence.offset + len(sentence.text)
        inside = []
        while position < len(words) and words[position].offset < end:
            inside.append(words[position])
            position += 1
        yield sentence, inside or [sentence]


def _of_sentence(text: str, sentence: Timing, words: Sequence[Timing]) -> Iterator[Chunk]:
    edges = [sentence.offset]
    for word, following in itertools.pairwise(words):
        edges.append(_cut(text, word.offset + len(word.text), following.offset))
    edges.append(sentence.offset + len(sentence.text))
    last = len(words) - 1
    for number, word in enumerate(words):
        raw = text[edges[number] : edges[number + 1]]
        shown = " ".join(unicodedata.normalize("NFC", raw).split())
        if shown:
            spaced = number == last or raw[-1:].isspace() or text[edges[number + 1] : edges[number + 1] + 1].isspace()
            yield from _short(Chunk(shown, word.start, word.end, spaced, number == last))


def _cut(text: str, left: int, right: int) -> int:
    """Where between two words the signs part: at the last space, or all go to the word before."""
    for position in range(right - 1, left - 1, -1):
        if text[position].isspace():
            return position + 1
    return max(left, right)


def _short(chunk: Chunk) -> Iterator[Chunk]:
    """The chunk, or equal parts of it when it is too long for a line; its time is shared out evenly."""
    if len(chunk.text) <= _LONGEST:
        yield chunk
        return
    count = -(-len(chunk.text) // _LONGEST)
    width = -(-len(chunk.text) // count)
    parts = [chunk.text[at : at + width] for at in range(0, len(chunk.text), width)]
    step = (chunk.end - chunk.start) / len(parts)
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        start = chunk.start + number * step
        yield Chunk(part, start, start + step, last and chunk.spaced, last and chunk.ends_sentence)
