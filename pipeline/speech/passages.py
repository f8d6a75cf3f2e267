"""Splits a text into the passages that are spoken in one piece each."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from pipeline.speech.model import Passage, Span
from pipeline.speech.normalise import normalise
from pipeline.speech.sentences import Sentence, sentences

#: Characters of spoken text in a passage: about 45 syllables in either language, 12 to 15 seconds.
MAX_CHARACTERS = 200
SENTENCE_PAUSE = 0.35
PARAGRAPH_PAUSE = 0.7
CLAUSE_PAUSE = 0.12

#: Where a long sentence may be cut, best first: the cut lies after the match.
_CUTS = (
    re.compile(r"[.!?;:]+[)\"']?(?= )"),
    re.compile(r",(?= )|(?<= )-(?= )"),
    re.compile(r" (?=(?:and|or|but|nor|because|which|that|while|when|where|và|hoặc|hay|nhưng|mà|thì|rằng|vì|nên|khi|nếu|để) )"),
    re.compile(r" "),
)
#: How much worse each kind of cut is than the one before it, in passage lengths away from the wished place.
_COSTS = (0.0, 0.1, 0.35, 1.0)
#: A cut makes no piece shorter than this part of the longest allowed.
_SHORTEST = 0.3


def speakable(text: str, language: str) -> bool:
    """Is there anything in the text a voice can say?"""
    return any(_has_letter(normalise(text[one.start : one.end], language).spoken) for one in sentences(text))


def split(text: str, language: str, max_characters: int = MAX_CHARACTERS) -> list[Passage]:
    """The passages of `text`, in order; [] when there is nothing to speak.

    A passage is a sentence, or a part of one whose spoken form is longer than `max_characters`. It is cut at the best
    clause mark, else at a space, inside a word only when the word alone is too long. Sentences without any speakable
    character make no passage and take no sentence number.
    """
    if max_characters < 10:
        raise ValueError("max_characters must be 10 or more")
    passages: list[Passage] = []
    number = 0
    for sentence in sentences(text):
        pieces = list(_pieces(text, sentence, language, number, max_characters))
        passages += pieces
        number += bool(pieces)
    if passages:
        passages[-1] = _with_pause(passages[-1], 0.0)
    return passages


def _pieces(text: str, sentence: Sentence, language: str, number: int, most: int) -> Iterator[Passage]:
    spoken, spans = normalise(text[sentence.start : sentence.end], language)
    stretches = [(start, end) for start, end in _cut(spoken, most) if _has_letter(spoken[start:end])]
    after = PARAGRAPH_PAUSE if sentence.ends_paragraph else SENTENCE_PAUSE
    span_index = 0
    begins = sentence.start
    for index, (start, end) in enumerate(stretches):
        last = index == len(stretches) - 1
        while spans[span_index].end <= start:
            span_index += 1
        inside = tuple(_spans_within(spans, span_index, start, end, sentence.start))
        ends = sentence.end if last else max(begins, inside[-1].original_end)
        clipped = tuple(_clipped(span, begins, ends) for span in inside)
        first = begins if index == 0 else clipped[0].original_start
        yield Passage(first, ends, spoken[start:end], clipped, number, after if last else CLAUSE_PAUSE)
        begins = ends


def _spans_within(spans: tuple[Span, ...], index: int, start: int, end: int, offset: int) -> Iterator[Span]:
    """The spans of spoken[start:end], counted from `start`, with absolute offsets into the original."""
    while index < len(spans) and spans[index].start < end:
        span = spans[index]
        first, last = max(span.start, start), min(span.end, end)
        length, original = span.end - span.start, span.original_end - span.original_start
        # A reading that is cut through (a very long address) shares its original among the pieces.
        original_first = span.original_start + (first - span.start) * original // length
        original_last = span.original_start + (last - span.start) * original // length
        yield Span(first - start, last - start, original_first + offset, original_last + offset)
        index += 1


def _clipped(span: Span, begins: int, ends: int) -> Span:
    """The span with its original inside the passage: a space between two readings stands for both, and a cut parts them."""
    return dataclasses.replace(
        span,
        original_start=min(max(span.original_start, begins), ends),
        original_end=min(max(span.original_end, begins), ends),
    )


def _cut(spoken: str, most: int) -> Iterator[tuple[int, int]]:
    """Ranges of `spoken`, none longer than `most`, without space at their ends."""
    start = 0
    while start < len(spoken):
        rest = len(spoken) - start
        end = len(spoken) if rest <= most else _best_cut(spoken, start, most)
        piece = spoken[start:end]
        first = start + len(piece) - len(piece.lstrip(" "))
        if piece.strip(" "):
            yield first, first + len(piece.strip(" "))
        start = end


def _best_cut(spoken: str, start: int, most: int) -> int:
    """Where the piece that begins at `start` ends best: a good mark, near to equal pieces."""
    rest = len(spoken) - start
    wished = start + rest / -(-rest // most)
    shortest, longest = start + int(most * _SHORTEST), start + most
    candidates = [
        (cost + abs(match.end() - wished) / most, match.end())
        for pattern, cost in zip(_CUTS, _COSTS, strict=True)
        for match in pattern.finditer(spoken, shortest, min(longest + 2, len(spoken)))
        if match.end() <= longest
    ]
    return min(candidates)[1] if candidates else longest


def _has_letter(spoken: str) -> bool:
    return any(character.isalpha() for character in spoken)


def _with_pause(passage: Passage, pause: float) -> Passage:
    return Passage(passage.start, passage.end, passage.spoken, passage.spans, passage.sentence, pause)
