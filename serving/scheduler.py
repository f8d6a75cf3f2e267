"""Continuous batching of passages: the heart of serving. It knows neither Ray nor torch.

One thread owns the engine and runs the loop: admit what waits, take one step for all that run, hand over what is done.
Because every running passage has its own time, a waiting one is admitted between any two steps, by a budget of frames.
There is a lane for short speech and one for films (serving/lanes.py says who is next). In each, first come is first
served: a long passage at the head waits until it fits and nobody of its lane overtakes it.

Every passage has a key, its content address. A key that is being spoken is joined, one that was spoken lately is
remembered, and a passage whose last waiter left is dropped at the next step. Who joins a waiting passage of the low lane
from the high one lifts it there.
"""

from __future__ import annotations

import dataclasses
import logging
import math
import threading
import time
from collections.abc import Hashable, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

import logs
from serving.errors import Expired, Overloaded, SpeechFailed, Stopping
from serving.lanes import Lanes, Priority
from serving.memory import Remembered, Throughput

logger = logging.getLogger(__name__)


class Work(Protocol):
    """What an engine prepares. frames: what one step of it costs."""

    @property
    def frames(self) -> int: ...


class Engine(Protocol):
    """What speaks. All methods are called from the scheduler's one thread.

    `step` moves every state one step on, or raises and moves none. `finish` gives a sound for each state, or the exception
    with which that one failed. A result must not depend on the other states.
    """

    def prepare(self, work: Any) -> Any: ...
    def step(self, states: Sequence[Any]) -> None: ...
    def done(self, state: Any) -> bool: ...
    def finish(self, states: Sequence[Any]) -> Sequence[Any]: ...


@dataclasses.dataclass(frozen=True)
class Spoken:
    """A finished passage: what the engine made of it, and the largest number of passages it shared a step with."""

    sound: Any
    batch: int


@dataclasses.dataclass(eq=False)
class Task:
    """A passage on its way. waiters: one future for each that asked, and its deadline. context: log fields of the first."""

    key: Hashable
    work: Work
    context: dict[str, str]
    priority: Priority = "high"
    passed_over: int = 0
    waiters: dict[Future, float] = dataclasses.field(default_factory=dict)
    state: Any = None
    batch: int = 0
    asked: float = dataclasses.field(default_factory=time.monotonic)
    begun: float = 0.0
    cancelled: bool = False

    @property
    def frames(self) -> int:
        return self.work.frames


class Scheduler:
    """Speaks passages with one engine. `submit` may be called from any thread."""

    def __init__(self, engine: Engine, max_batch_frames: int, max_queued_frames: int, remembered_frames: int) -> None:
        """Budgets are frames: of a running batch, of what may wait, and of what is remembered."""
        self._engine = engine
        self._changed = threading.Condition()
        self._waiting: Lanes[Task] = Lanes(max_batch_frames, max_queued_frames)
        self._running: list[Task] = []
        self._tasks: dict[Hashable, Task] = {}
        self._remembered: Remembered[Spoken] = Remembered(remembered_frames)
        self._throughput = Throughput()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def submit(
        self, key: Hashable, work: Work, priority: Priority = "high", *, tenant: str = "", deadline: float | None = None
    ) -> Future[Spoken]:
        """Ask for a passage; cancelling the future leaves it. Raises Overloaded, Stopping at once.

        tenant: who asks. deadline: a value of time.monotonic(); past it the future raises Expired and leaves the passage.
        """
        waiter: Future[Spoken] = Future()
        with self._changed:
            if self._stopping or not self._thread.is_alive():
                raise Stopping("Serving is going down. Send the passage again shortly.")
            known = self._remembered.get(key)
            if known is not None:
                waiter.set_result(known)
                return waiter
            task = self._tasks.get(key)
            if task is None:
                task = self._queue(key, work, priority)
            elif priority == "high" and task in self._waiting:
                self._waiting.lift(task)
            task.waiters[waiter] = math.inf if deadline is None else deadline
        waiter.add_done_callback(lambda left: self._leave(task, left))
        return waiter

    def _queue(self, key: Hashable, work: Work, priority: Priority) -> Task:
        if not self._waiting.has_room(work.frames, priority):
            before = self._waiting.frames("high") if priority == "high" else self._waiting.frames("high", "low")
            raise Overloaded(self._throughput.seconds_for(before + sum(task.frames for task in self._running)))
        task = self._tasks[key] = Task(key, work, logs.context(), priority)
        self._waiting.add(task)
        self._changed.notify_all()
        return task

    def _leave(self, task: Task, waiter: Future) -> None:
        """Called when a waiter's future ends. Only one that was cancelled counts as leaving."""
        if waiter.cancelled():
            self._abandon(task, waiter)

    def _abandon(self, task: Task, waiter: Future) -> None:
        with self._changed:
            task.waiters.pop(waiter, None)
            if task.waiters or self._tasks.get(task.key) is not task:
                return
            task.cancelled = True
            del self._tasks[task.key]
            if task in self._waiting:
                self._waiting.remove(task)
        with logs.bound(**task.context):
            logger.info("passage dropped", extra={"frames": task.frames})

    def statistics(self) -> dict[str, float]:
        """What waits and runs now, in passages and frames, and frames spoken a second of work."""
        with self._changed:
            return {
                "waiting": len(self._waiting),
                "waiting_frames": self._waiting.frames("high", "low"),
                "waiting_frames_low": self._waiting.frames("low"),
                "running": len(self._running),
                "running_frames": sum(task.frames for task in self._running),
                "frames_per_second": round(self._throughput.rate, 1),
            }

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self, timeout: float = 10.0) -> None:
        """Refuse what comes, fail what waits and runs with Stopping after the step under way, and end the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(timeout)

    # The loop, all in the scheduler's own thread

    def _run(self) -> None:
        try:
            while self._admit():
                began = time.monotonic()
                self._expire(began)
                self._drop_cancelled()
                self._step(list(self._running))
                finished = self._finish()
                self._throughput.add(finished, time.monotonic() - began)
        except Exception:
            logger.exception("the scheduler broke; health checks fail from now on")
            raise
        finally:
            self._fail_all()

    def _admit(self) -> bool:
        """Wait for work, then take from the lanes in turn what fits beside what runs. False when it is time to end."""
        admitted = []
        with self._changed:
            while not (self._stopping or self._waiting or self._running):
                self._changed.wait()
            while not self._stopping and (task := self._waiting.take(self._running)) is not None:
                self._running.append(task)
                admitted.append(task)
        for task in admitted:
            task.begun = time.monotonic()
            try:
                task.state = self._engine.prepare(task.work)
            except Exception as error:
                self._fail(task, error)
        return not self._stopping

    def _expire(self, now: float) -> None:
        """Fail the futures whose deadline has come."""
        with self._changed:
            late = [
                (task, waiter) for task in self._tasks.values() for waiter, deadline in task.waiters.items() if deadline <= now
            ]
        for task, waiter in late:
            if waiter.set_running_or_notify_cancel():
                self._abandon(task, waiter)
                waiter.set_exception(Expired())

    def _drop_cancelled(self) -> None:
        with self._changed:
            self._running = [task for task in self._running if not task.cancelled]

    def _step(self, tasks: list[Task]) -> None:
        """One step for all. If it fails, halve the batch: the bad one fails alone, and too large a batch still gets done."""
        if not tasks:
            return
        try:
            self._engine.step([task.state for task in tasks])
        except Exception as error:
            if len(tasks) == 1:
                self._fail(tasks[0], error)
                return
            middle = len(tasks) // 2
            self._step(tasks[:middle])
            self._step(tasks[middle:])
            return
        for task in tasks:
            task.batch = max(task.batch, len(tasks))

    def _finish(self) -> int:
        """Hand over what is done. Returns its frames."""
        frames = 0
        for task in [task for task in self._running if self._engine.done(task.state)]:
            try:
                [sound] = self._engine.finish([task.state])
            except Exception as error:
                self._fail(task, error)
                continue
            if isinstance(sound, Exception):
                self._fail(task, sound)
                continue
            frames += task.frames
            self._deliver(task, Spoken(sound, task.batch))
        return frames

    def _deliver(self, task: Task, spoken: Spoken) -> None:
        with self._changed:
            self._running.remove(task)
            if not task.cancelled:
                del self._tasks[task.key]
            count = self._remembered.add(task.key, spoken, task.frames)
            waiters = list(task.waiters)
        with logs.bound(**task.context):
            logger.info(
                "passage spoken",
                extra={
                    "key": task.key[0] if isinstance(task.key, tuple) else task.key,
                    "count": count,
                    "frames": task.frames,
                    "batch": task.batch,
                    "priority": task.priority,
                    "waited": round(task.begun - task.asked, 3),
                    "seconds": round(time.monotonic() - task.begun, 3),
                },
            )
        for waiter in waiters:
            if waiter.set_running_or_notify_cancel():
                waiter.set_result(spoken)

    def _fail(self, task: Task, error: Exception) -> None:
        with self._changed:
            if task in self._running:
                self._running.remove(task)
            if self._tasks.get(task.key) is task:
                del self._tasks[task.key]
            waiters = list(task.waiters)
        if not isinstance(error, SpeechFailed | Stopping):
            with logs.bound(**task.context):
                logger.error("a passage failed", exc_info=error, extra={"frames": task.frames})
            wrapped = SpeechFailed("The model failed on this passage. Send it again; if it fails again, see serving's log.")
            wrapped.__cause__ = error
            error = wrapped
        for waiter in waiters:
            if waiter.set_running_or_notify_cancel():
                waiter.set_exception(error)

    def _fail_all(self) -> None:
        with self._changed:
            self._stopping = True
            left = [*self._running, *self._waiting]
            self._waiting.clear()
        for task in left:
            self._fail(task, Stopping("Serving went down before the passage was spoken. Send it again."))
