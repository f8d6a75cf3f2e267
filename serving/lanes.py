"""Who is spoken next: two lanes of waiting passages, high for short speech and low for films, each first come, first served.

The high lane goes first, and the low lane fills only a share of the budgets. So a high passage finds room at once in a
batch full of film, unless it is longer than the quarter that is kept free.

The low lane is not starved: once PASSED_OVER high passages went before its head, the head is next as soon as the low
lane's share has room for it, and no high one is admitted before it. Both hold after a finite time, since every running
passage ends after its steps and nobody of either lane may overtake the head any more.
"""

from __future__ import annotations

import collections
from collections.abc import Iterator, Sequence
from typing import Generic, Literal, Protocol, TypeVar

Priority = Literal["high", "low"]

#: What the low lane may fill of the batch and of the queue. A quarter is room for a sentence or two and is seldom missed
#: by a film: on a CPU fewer passages at a time cost little throughput, and a GPU's batch is still large.
LOW_SHARE = 3 / 4
#: High passages that may go before the head of the low lane. About a batch of them: a film keeps moving, if slowly.
PASSED_OVER = 8


class Waiting(Protocol):
    """A passage in a lane. passed_over: high ones that were admitted while it was the head of the low lane."""

    priority: Priority
    passed_over: int

    @property
    def frames(self) -> int: ...


Passage = TypeVar("Passage", bound=Waiting)


class Lanes(Generic[Passage]):
    """The passages that wait. Not thread-safe."""

    def __init__(self, max_batch_frames: int, max_queued_frames: int) -> None:
        """The budgets are of the batch and of the queue, in frames."""
        self._max_batch_frames = max_batch_frames
        self._max_queued_frames = max_queued_frames
        self._lanes: dict[Priority, collections.deque[Passage]] = {"high": collections.deque(), "low": collections.deque()}

    def __len__(self) -> int:
        return sum(map(len, self._lanes.values()))

    def __iter__(self) -> Iterator[Passage]:
        for lane in self._lanes.values():
            yield from lane

    def frames(self, *priorities: Priority) -> int:
        """Frames that wait in these lanes."""
        return sum(passage.frames for priority in priorities for passage in self._lanes[priority])

    def has_room(self, frames: int, priority: Priority) -> bool:
        """Whether one more may wait. An empty queue takes a passage of any length."""
        low, all_waiting = self.frames("low"), self.frames("high", "low")
        if priority == "low" and low and low + frames > self._max_queued_frames * LOW_SHARE:
            return False
        return not all_waiting or all_waiting + frames <= self._max_queued_frames

    def add(self, passage: Passage) -> None:
        self._lanes[passage.priority].append(passage)

    def remove(self, passage: Passage) -> None:
        self._lanes[passage.priority].remove(passage)

    def lift(self, passage: Passage) -> None:
        """Move a waiting passage to the end of the high lane; one that is there already stays where it is."""
        if passage.priority == "low":
            self.remove(passage)
            passage.priority = "high"
            self.add(passage)

    def clear(self) -> None:
        for lane in self._lanes.values():
            lane.clear()

    def take(self, running: Sequence[Passage]) -> Passage | None:
        """Take out the passage whose turn it is, if it fits beside what runs. A lone passage always fits."""
        passage = self._next(running)
        if passage is None or (running and self._cost_with(passage, running) > self._max_batch_frames):
            return None
        self.remove(passage)
        if passage.priority == "high" and self._lanes["low"]:
            self._lanes["low"][0].passed_over += 1
        return passage

    def _next(self, running: Sequence[Passage]) -> Passage | None:
        high, low = ((lane[0] if lane else None) for lane in self._lanes.values())
        its_turn = low is not None and (high is None or low.passed_over >= PASSED_OVER)
        return low if low is not None and its_turn and self._within_share(low, running) else high

    def _within_share(self, passage: Passage, running: Sequence[Passage]) -> bool:
        """The first low passage may be of any length, else a long one would never be spoken."""
        beside = [other for other in running if other.priority == "low"]
        return not beside or self._cost_with(passage, beside) <= self._max_batch_frames * LOW_SHARE

    def _cost_with(self, passage: Passage, running: Sequence[Passage]) -> int:
        return passage.frames + sum(other.frames for other in running)
