"""How reading rules are applied: in one pass, the earliest match first, the first rule of the list among equals.

What a rule has read is never looked at by another rule.
"""

from __future__ import annotations

import dataclasses
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
    upcoming = [_next(one, text, 0) for one in rules]
    while True:
        first = min((found for found in upcoming if found is not None), key=lambda found: found.start, default=None)
        if first is None:
            return
        yield from _without_what_stays(text, first)
        for index, found in enumerate(upcoming):
            if found is not None and found.start < first.end:
                upcoming[index] = _next(rules[index], text, first.end)


def _next(one: Rule, text: str, position: int) -> Replacement | None:
    while True:
        match = one.pattern.search(text, position)
        if match is None:
            return None
        if match.end() > match.start():
            spoken = one.reading(match)
            if spoken is not None:
                return Replacement(match.start(), match.end(), spoken)
        position = match.start() + 1


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
