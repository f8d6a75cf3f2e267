"""Whose turn it is among the tenants of a lane: deficit round robin (Shreedhar and Varghese, 1995), counted in what passages
cost, which is their frames where they take 32 guided steps, half of it in 16 steps, and so on.

Tenants that have something waiting stand in a ring, a new one at its end. At its turn a tenant is credited QUANTUM, and its
passages are admitted, first come first served, as long as its credit pays for them. The rest of the credit is kept for its
next turn, and is gone when nothing of it waits any more. So between two tenants that both have something waiting the costs
admitted never differ by more than QUANTUM and twice the dearest passage, however much either of them sends; and a passage
of cost c, once it is its tenant's first, is admitted after at most ceil(c / QUANTUM) turns of each other.

The passage whose turn it is stays that until it is taken or removed: whoever comes is behind it.
"""

from __future__ import annotations

import collections
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

#: What a tenant is credited at each turn: one passage of about 5 s with its reference in 32 guided steps. Less would change
#: nothing, since no passage is admitted in part; more would let each tenant ahead of a newcomer go with several passages.
QUANTUM = 1024


class Waiting(Protocol):
    """A passage of a tenant. frames: the room it takes in the queue; cost: what it takes of its tenant's turns."""

    tenant: str

    @property
    def frames(self) -> int: ...
    @property
    def cost(self) -> float: ...


Passage = TypeVar("Passage", bound=Waiting)


class Turns(Generic[Passage]):
    """The passages that wait in one lane. Not thread-safe."""

    def __init__(self, quantum: int = QUANTUM) -> None:
        """quantum: what a tenant is credited at each turn, at least 1."""
        self._quantum = quantum
        self._ring: collections.OrderedDict[str, collections.deque[Passage]] = collections.OrderedDict()
        self._credit: dict[str, float] = {}
        self._held: dict[str, int] = {}
        self._current: str | None = None

    def __len__(self) -> int:
        return sum(map(len, self._ring.values()))

    def __iter__(self) -> Iterator[Passage]:
        for queue in self._ring.values():
            yield from queue

    def __contains__(self, passage: Passage) -> bool:
        return passage in self._ring.get(passage.tenant, ())

    @property
    def frames(self) -> int:
        return sum(self._held.values())

    def held(self) -> dict[str, int]:
        """Frames that wait, by tenant."""
        return dict(self._held)

    def before(self, passage: Passage) -> int:
        """Frames of its own tenant that wait before this passage."""
        frames = 0
        for other in self._ring[passage.tenant]:
            if other is passage:
                break
            frames += other.frames
        return frames

    def newest(self, tenant: str) -> Iterator[Passage]:
        """The tenant's passages, the one that came last first."""
        return reversed(self._ring[tenant])

    def add(self, passage: Passage) -> None:
        self._ring.setdefault(passage.tenant, collections.deque()).append(passage)
        self._held[passage.tenant] = self._held.get(passage.tenant, 0) + passage.frames
        self._credit.setdefault(passage.tenant, 0)

    def remove(self, passage: Passage) -> None:
        """Take it out of the queue, at no cost to its tenant."""
        tenant = passage.tenant
        self._ring[tenant].remove(passage)
        self._held[tenant] -= passage.frames
        if not self._ring[tenant]:
            del self._ring[tenant], self._held[tenant], self._credit[tenant]
            if self._current == tenant:
                self._current = None

    def head(self) -> Passage | None:
        """The passage whose turn it is; turns end until one can pay. None where nothing waits."""
        while self._ring:
            tenant, queue = next(iter(self._ring.items()))
            if tenant != self._current:
                self._current = tenant
                self._credit[tenant] += self._quantum
            if queue[0].cost <= self._credit[tenant]:
                return queue[0]
            self._ring.move_to_end(tenant)
            self._current = None
        return None

    def take(self, passage: Passage) -> None:
        """Take out the head, which its tenant pays."""
        self._credit[passage.tenant] -= passage.cost
        self.remove(passage)

    def clear(self) -> None:
        for everything in (self._ring, self._credit, self._held):
            everything.clear()
        self._current = None
