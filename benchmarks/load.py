"""Clients that ask for the next passage as soon as they have one, and what they saw."""

from __future__ import annotations

import dataclasses
import itertools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Passage = TypeVar("Passage")


@dataclasses.dataclass(frozen=True)
class Answer:
    """asked, got: seconds of one clock. sound: seconds of speech that came back; frames: what a step of it cost."""

    asked: float
    got: float
    sound: float
    frames: int = 0

    @property
    def latency(self) -> float:
        return self.got - self.asked


def in_turn(ask: Callable[[Passage], float], clients: Sequence[Sequence[Passage]]) -> list[Answer]:
    """Each client asks for its passages, one after the other; all clients together. `ask` returns seconds of sound."""
    with ThreadPoolExecutor(len(clients), "client") as pool:
        asked = [pool.submit(lambda mine: [timed(ask, passage) for passage in mine], client) for client in clients]
        return [answer for client in asked for answer in client.result()]


def timed(ask: Callable[[Passage], float], passage: Passage) -> Answer:
    began = time.perf_counter()
    sound = ask(passage)
    return Answer(began, time.perf_counter(), sound)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of `values` that at least `share` (0 to 1) of them do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def mixed(shortest: float, longest: float, count: int) -> Iterator[float]:
    """Endlessly, `count` lengths spread evenly from one to the other, in an order that mixes short and long ones."""
    stride = next(step for step in itertools.count(count // 2) if math.gcd(step, count) == 1)
    spread = [shortest + (longest - shortest) * number / max(1, count - 1) for number in range(count)]
    return itertools.cycle([spread[number * stride % count] for number in range(count)])
