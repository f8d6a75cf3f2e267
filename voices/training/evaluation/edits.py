"""Errors in what was heard, counted in edits (Levenshtein): insertions, deletions and substitutions."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Sequence

import numpy as np


@dataclasses.dataclass(frozen=True)
class Errors:
    """Edits, and the items (words, phones, letters) of what was said. They add up over sentences."""

    edits: int = 0
    said: int = 0

    def __add__(self, other: Errors) -> Errors:
        return Errors(self.edits + other.edits, self.said + other.said)

    @property
    def rate(self) -> float:
        """Edits by what was said; above 1 where more was heard than said. NaN where nothing was said."""
        return self.edits / self.said if self.said else float("nan")


def errors(said: Sequence[Hashable], heard: Sequence[Hashable]) -> Errors:
    """The fewest edits that make one row of items the other."""
    return Errors(int(_table(said, heard)[-1, -1]), len(said))


def matches(said: Sequence[Hashable], heard: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Pairs of places, in `said` and in `heard`, that are the same on a shortest way from one to the other, in order."""
    table = _table(said, heard)
    at, beside = len(said), len(heard)
    found = []
    while at and beside:
        same = said[at - 1] == heard[beside - 1]
        if same and table[at, beside] == table[at - 1, beside - 1]:
            found.append((at - 1, beside - 1))
        if table[at, beside] == table[at - 1, beside - 1] + (not same):
            at, beside = at - 1, beside - 1
        elif table[at, beside] == table[at - 1, beside] + 1:
            at -= 1
        else:
            beside -= 1
    return found[::-1]


def _table(said: Sequence[Hashable], heard: Sequence[Hashable]) -> np.ndarray:
    """Edits from each beginning of the one to each of the other, int32 [said + 1, heard + 1], row by row."""
    numbers = {item: number for number, item in enumerate(dict.fromkeys([*said, *heard]))}
    wanted = np.array([numbers[item] for item in said], np.int32)
    got = np.array([numbers[item] for item in heard], np.int32)
    columns = np.arange(len(got) + 1, dtype=np.int32)
    table = np.empty((len(wanted) + 1, len(got) + 1), np.int32)
    table[0] = columns
    for at, item in enumerate(wanted, 1):
        above = table[at - 1]
        row = np.minimum(above + 1, np.concatenate([[at], above[:-1] + (got != item)]))
        # An insertion costs one a column: the least of what lies to the left, each with its way to here.
        table[at] = np.minimum.accumulate(row - columns) + columns
    return table
