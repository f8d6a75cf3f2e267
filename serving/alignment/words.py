"""The words of a text, by its phones."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

from serving.pronunciation import Phone
from serving.pronunciation.phones import MARKS, SPACE

#: Tokens in which nothing is said: what lies between words, and the marks.
SILENT = frozenset((SPACE, *MARKS))


@dataclasses.dataclass(frozen=True)
class Word:
    """Characters [start, end) of the text, spoken by the phones [first, last)."""

    start: int
    end: int
    first: int
    last: int


def words(phones: Sequence[Phone]) -> Iterator[Word]:
    """Phones that follow one another without a silent token between them."""
    for silent, group in itertools.groupby(range(len(phones)), key=lambda number: phones[number].token in SILENT):
        if not silent:
            numbers = list(group)
            first, last = numbers[0], numbers[-1]
            yield Word(phones[first].start, phones[last].end, first, last + 1)
