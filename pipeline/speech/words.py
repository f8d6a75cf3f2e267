"""When each word of the original text is heard."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np

from pipeline.speech.model import Passage, Span, Timing

_RUN = re.compile(r"\S+")
_EMOJI_STYLE = "\ufe0f"
#: Punctuation that is spoken, and so belongs to its word.
_SPOKEN_MARKS = set("%&@#/‰°")


def word_timings(text: str, spoken: Sequence[tuple[Passage, float, np.ndarray]]) -> Iterator[Timing]:
    """The words of one sentence: runs without space that are spoken, without the punctuation around them.

    `spoken`: for each passage of the sentence, the second its sound starts, and the second each spoken character ends.
    A number or abbreviation is one word and lasts over all it is read as. Words come in order and never overlap.
    """
    ranges = list(_words(text, spoken[0][0].start, spoken[-1][0].end))
    starts = np.array([start for start, _ in ranges])
    heard: dict[int, tuple[float, float]] = {}
    for passage, begins, ends in spoken:
        previous = begins
        for character, place, end in zip(passage.spoken, _places(passage), ends.tolist(), strict=True):
            if character.isalpha():
                index = int(np.searchsorted(starts, place, side="right")) - 1
                if index >= 0 and place < ranges[index][1]:
                    heard[index] = (heard[index][0] if index in heard else previous, end)
            previous = end
    for index, (start, end) in sorted(heard.items()):
        offset, stop = ranges[index]
        yield Timing(text[offset:stop], offset, start, end)


def _words(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for match in _RUN.finditer(text, start, end):
        first, last = match.span()
        while first < last and _is_around(text[first]):
            first += 1
        while last > first and _is_around(text[last - 1]):
            last -= 1
        if first < last:
            yield first, last


def _is_around(character: str) -> bool:
    """Punctuation and signs that are not spoken."""
    category = unicodedata.category(character)
    return character not in _SPOKEN_MARKS and (category[0] in "PZC" or category in ("So", "Sk") or character == _EMOJI_STYLE)


def _places(passage: Passage) -> list[int]:
    """For each spoken character the original character it stands for."""
    places: list[int] = []
    for span in passage.spans:
        places += _places_of(span)
    return places


def _places_of(span: Span) -> list[int]:
    length, original = span.end - span.start, span.original_end - span.original_start
    return [span.original_start + index * original // length for index in range(length)]
