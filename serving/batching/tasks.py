"""A passage on its way through the scheduler, and those who wait for it."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Hashable, Iterable
from concurrent.futures import Future
from typing import Any, Protocol

from serving.batching.lanes import Priority
from serving.errors import ServingError, SpeechFailed

logger = logging.getLogger(__name__)


class Work(Protocol):
    """What an engine prepares. frames: what one step of it costs; cost: what all of them do (turns.py)."""

    @property
    def frames(self) -> int: ...
    @property
    def cost(self) -> float: ...


@dataclasses.dataclass(frozen=True)
class Spoken:
    """A finished passage: what the engine made of it, and the largest number of passages it shared a step with."""

    sound: Any
    batch: int


@dataclasses.dataclass(eq=False)
class Task:
    """A passage on its way. Times are seconds of the scheduler's clock.

    context: log fields of the one that asked first. tenant: in whose turn it waits. waiters: a future for each that asked,
    with its deadline (infinity for none). left: the last of them has gone. state: what the engine prepared, None before.
    """

    key: Hashable
    work: Work
    context: dict[str, str]
    priority: Priority = "high"
    tenant: str = ""
    asked: float = 0.0
    begun: float = 0.0
    waiters: dict[Future, float] = dataclasses.field(default_factory=dict)
    left: bool = False
    state: Any = None
    batch: int = 0

    @property
    def frames(self) -> int:
        return self.work.frames

    @property
    def cost(self) -> float:
        return self.work.cost

    def tell(self, count: int, now: float) -> None:
        """Log that it is spoken. count: how many times in this process's life."""
        about = {
            "key": self.key[0] if isinstance(self.key, tuple) else self.key,
            "count": count,
            "frames": self.frames,
            "batch": self.batch,
            "priority": self.priority,
            "waited": round(self.begun - self.asked, 3),
            "seconds": round(now - self.begun, 3),
        }
        logger.info("passage spoken", extra=about)

    def hand_over(self, outcome: Spoken | Exception, waiters: Iterable[Future]) -> None:
        """End the futures of those who still wait; only they themselves may cancel them meanwhile. What no caller can make
        anything of becomes SpeechFailed, and is logged."""
        if isinstance(outcome, Exception) and not isinstance(outcome, ServingError):
            logger.error("a passage failed", exc_info=outcome, extra={"frames": self.frames})
            failed = SpeechFailed("The model failed on this passage. Send it again; if it fails again, see serving's log.")
            failed.__cause__ = outcome
            outcome = failed
        for waiter in waiters:
            if not waiter.set_running_or_notify_cancel():
                continue
            if isinstance(outcome, Spoken):
                waiter.set_result(outcome)
            else:
                waiter.set_exception(outcome)
