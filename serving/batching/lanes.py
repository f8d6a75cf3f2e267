"""Who is spoken next: two lanes of waiting passages, high for short speech and low for films.

In each lane tenants take turns (turns.py); within a tenant first come is first served. The passage whose turn it
is waits until it fits, and nobody of its lane goes before it meanwhile.

The high lane goes first, and the low lane fills only a share of the budgets. So a high passage finds room at once in a
batch full of film, unless it is longer than the quarter that is kept free.

The low lane is not starved: once PASSED_OVER high passages went before it, its head is next as soon as the low lane's share
has room for it, and no high one is admitted before it. Both hold after a finite time, since every running passage ends
after its steps and nobody of either lane may overtake the head any more.

The queue is bounded in frames. A tenant alone may fill it. Another that comes then finds room all the same: the newest of
whoever holds most in its lane are pushed out, as long as that one is left with no less than the newcomer has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, Literal, Protocol, TypeVar

from serving.batching import turns
from serving.batching.turns import Turns

Priority = Literal["high", "low"]

#: What the low lane may fill of the batch and of the queue. A quarter is room for a sentence or two and is seldom missed
#: by a film: on a CPU fewer passages at a time cost little throughput, and a GPU's batch is still large.
LOW_SHARE = 3 / 4
#: High passages that may go before the head of the low lane. About a batch of them: a film keeps moving, if slowly.
PASSED_OVER = 8


class Waiting(turns.Waiting, Protocol):
    """A passage in a lane."""

    priority: Priority


Passage = TypeVar("Passage", bound=Waiting)


class Lanes(Generic[Passage]):
    """The passages that wait. Not thread-safe."""

    def __init__(self, max_batch_frames: int, max_queued_frames: int) -> None:
        """The budgets are of the batch and of the queue, in frames."""
        self.limit(max_batch_frames, max_queued_frames)
        self._lanes: dict[Priority, Turns[Passage]] = {"high": Turns(), "low": Turns()}
        self._passed_over = 0

    def limit(self, max_batch_frames: int, max_queued_frames: int) -> None:
        """Change the budgets. Who waits already stays."""
        self._max_batch_frames = max_batch_frames
        self._max_queued_frames = max_queued_frames

    def __len__(self) -> int:
        return sum(map(len, self._lanes.values()))

    def __iter__(self) -> Iterator[Passage]:
        for lane in self._lanes.values():
            yield from lane

    def __contains__(self, passage: Passage) -> bool:
        return passage in self._lanes[passage.priority]

    def frames(self, *priorities: Priority) -> int:
        """Frames that wait in these lanes."""
        return sum(self._lanes[priority].frames for priority in priorities)

    def statistics(self) -> dict[str, float]:
        """What waits now: passages, frames, those of the low lane, and tenants."""
        return {
            "waiting": len(self),
            "waiting_frames": self.frames("high", "low"),
            "waiting_frames_low": self.frames("low"),
            "waiting_tenants": len({tenant for lane in self._lanes.values() for tenant in lane.held()}),
        }

    def leaving(self, frames: int, priority: Priority, tenant: str) -> list[Passage] | None:
        """Who has to leave so that one more may wait: nobody, mostly. None where the one more has to be refused."""
        missing = self._missing(frames, priority)
        lane = self._lanes[priority]
        held = lane.held()
        mine = held.pop(tenant, 0) + frames
        newest = {other: lane.newest(other) for other in held}
        leaving: list[Passage] = []
        while missing > 0:
            largest = max(held, key=held.__getitem__, default=None)
            if largest is None or held[largest] <= mine:
                return None
            passage = next(newest[largest])
            held[largest] -= passage.frames
            if held[largest] < mine:
                return None
            missing -= passage.frames
            leaving.append(passage)
        return leaving

    def _missing(self, frames: int, priority: Priority) -> float:
        """Frames there is too little room for one more. An empty queue takes a passage of any length."""
        low, together = self.frames("low"), self.frames("high", "low")
        missing = together + frames - self._max_queued_frames if together else 0.0
        if priority == "low" and low:
            missing = max(missing, low + frames - self._max_queued_frames * LOW_SHARE)
        return missing

    def add(self, passage: Passage) -> None:
        self._lanes[passage.priority].add(passage)

    def remove(self, passage: Passage) -> None:
        self._lanes[passage.priority].remove(passage)

    def join(self, passage: Passage, priority: Priority, tenant: str) -> None:
        """Another asks for a waiting passage: it moves to where it is spoken sooner, which never is the low lane.

        From the high lane it lifts a low one. Within a lane the passage moves to its own queue if less waits there.
        """
        lifted = priority == "high" and passage.priority == "low"
        lane = self._lanes[passage.priority]
        sooner = priority == passage.priority and lane.held().get(tenant, 0) < lane.before(passage)
        if lifted or sooner:
            self.remove(passage)
            passage.priority, passage.tenant = priority, tenant
            self.add(passage)

    def clear(self) -> None:
        for lane in self._lanes.values():
            lane.clear()

    def take(self, running: Sequence[Passage]) -> Passage | None:
        """Take out the passage whose turn it is, if it fits beside what runs. A lone passage always fits."""
        passage = self._next(running)
        if passage is None or (running and _frames_with(passage, running) > self._max_batch_frames):
            return None
        self._lanes[passage.priority].take(passage)
        goes_before_low = passage.priority == "high" and len(self._lanes["low"])
        self._passed_over = self._passed_over + 1 if goes_before_low else 0
        return passage

    def _next(self, running: Sequence[Passage]) -> Passage | None:
        high, low = (lane.head() for lane in self._lanes.values())
        its_turn = low is not None and (high is None or self._passed_over >= PASSED_OVER)
        return low if low is not None and its_turn and self._within_share(low, running) else high

    def _within_share(self, passage: Passage, running: Sequence[Passage]) -> bool:
        """The first low passage may be of any length, else a long one would never be spoken."""
        beside = [other for other in running if other.priority == "low"]
        return not beside or _frames_with(passage, beside) <= self._max_batch_frames * LOW_SHARE


def _frames_with(passage: Waiting, running: Sequence[Waiting]) -> int:
    return passage.frames + sum(other.frames for other in running)
