"""How reading rules are applied: in one pass, the earliest match first, the first rule of the list among equals.

What a rule has read is never looked at by another rule.
"""

from __future__ import annotations

import dataclasses
import heapq
import re
from collections.abc import Callable, Iterator, Sequence

#: The words for a match, or None when the rule does not fit after all.
Reading = Callable[[re.Match[str]], str | None]


@dataclasses.dataclass(frozen=True)
class Rule:
    """`pattern` must look only a bounded way ahead (no unbounded repeats), so that the pass stays linear."""

    pattern: re.Pattern[str]
    reading: Reading


def rule(pattern: str, reading: Reading, flags: int = 0) -> Rule:
    return Rule(re.compile(pattern, flags), reading)


@dataclasses.dataclass(frozen=True)
class Replacement:
    """text[start:end] is read as `spoken`."""

    start: int
    end: int
    spoken: str


def replacements(text: str, rules: Sequence[Rule]) -> Iterator[Replacement]:
    """What is read differently from how it is written, in order, without overlaps."""
    upcoming: list[tuple[int, int, re.Match[str]]] = []  # (start, place in the list of rules, match), a heap
    for place in range(len(rules)):
        _look_on(upcoming, place, rules, text, 0)
    position = 0
    while upcoming:
        start, place, match = heapq.heappop(upcoming)
        spoken = rules[place].reading(match) if start >= position and match.end() > start else None
        if spoken is not None:
            yield from _without_what_stays(text, Replacement(start, match.end(), spoken))
            position = match.end()
        _look_on(upcoming, place, rules, text, max(position, start + 1))


def _look_on(
    upcoming: list[tuple[int, int, re.Match[str]]], place: int, rules: Sequence[Rule], text: str, position: int
) -> None:
    match = rules[place].pattern.search(text, position)
    if match is not None:
        heapq.heappush(upcoming, (match.start(), place, match))


def _without_what_stays(text: str, found: Replacement) -> Iterator[Replacement]:
    """Leave whole words that a rule kept at its ends out of the replacement, so that they keep their own timing."""
    written, spoken = text[found.start : found.end], found.spoken
    head = 0
    while head < min(len(written), len(spoken)) and written[head] == spoken[head]:
        head += 1
    head = written.rfind(" ", 0, head) + 1
    tail = 0
    while tail < min(len(written), len(spoken)) - head and written[-1 - tail] == spoken[-1 - tail]:
        tail += 1
    space = written.find(" ", len(written) - tail)
    tail = len(written) - space if space >= 0 and tail else 0
    start, end = found.start + head, found.end - tail
    if start < end:
        yield Replacement(start, end, spoken[head : len(spoken) - tail])
