"""Continuous batching of passages: the heart of serving. It knows neither Ray nor torch.

One thread owns the engine and takes turn after turn: let go of what nobody waits for any more, admit what waits, take one
step for all that run, hand over what is done. Because every running passage has its own time, a waiting one is admitted
between any two steps, by a budget of frames. lanes.py says who is next, batch.py what is done with them.

Every passage has a key, its content address. A key that is being spoken is joined, one that was spoken lately is
remembered, and a passage whose last waiter left, or whose last waiter's deadline passed, is dropped before the next step.
Who waits is told so at the deadline, however long the step under way takes.
"""

from __future__ import annotations

import dataclasses
import logging
import math
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future

import logs
from serving.batching.alarm import Alarm
from serving.batching.batch import STUCK_SECONDS, Batch, Engine
from serving.batching.lanes import Lanes, Priority
from serving.batching.memory import Counts, Remembered, Throughput
from serving.batching.tasks import Spoken, Task, Work
from serving.errors import Expired, Overloaded, Stopping

logger = logging.getLogger(__name__)


class Scheduler:
    """Speaks passages with one engine. All but `turn` may be called from any thread."""

    def __init__(
        self,
        engine: Engine,
        max_batch_frames: int,
        max_queued_frames: int,
        remembered_frames: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Budgets are frames: of a running batch, of what may wait, and of what is remembered. clock: that of deadlines."""
        self._changed = threading.Condition()
        self._clock = clock
        self._waiting: Lanes[Task] = Lanes(max_batch_frames, max_queued_frames)
        self._batch = Batch(engine, max_batch_frames, clock)
        self._tasks: dict[Hashable, Task] = {}
        self._remembered: Remembered[Spoken] = Remembered(remembered_frames)
        self._throughput = Throughput()
        self._counts = Counts()
        self._closed = False
        self._stopping = False
        self._alarm = Alarm(clock)
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)

    def start(self) -> None:
        """Begin to speak. What was submitted before has waited until now."""
        self._alarm.start(self._expire)
        self._thread.start()

    def submit(
        self, key: Hashable, work: Work, priority: Priority = "high", *, tenant: str = "", deadline: float | None = None
    ) -> Future[Spoken]:
        """Ask for a passage; cancelling the future leaves it. Raises Overloaded, Stopping at once.

        tenant: who asks; the tenants of a lane take turns. deadline: a value of time.monotonic(). Past it the future raises
        Expired, and a passage that has no other waiter is dropped before the next step; one that is handed over just then
        is still delivered. The future raises Overloaded if the passage is pushed out of the full queue by another tenant's.
        """
        waiter: Future[Spoken] = Future()
        with self._changed:
            if self._closed:
                raise Stopping("Serving is going down. Send the passage again shortly.")
            known = self._remembered.get(key)
            if known is not None:
                self._counts.remembered += 1
                waiter.set_result(known)
                return waiter
            if deadline is not None and deadline <= self._clock():
                self._counts.expired += 1
                waiter.set_exception(Expired())
                return waiter
            pushed_out: list[Task] = []
            task = self._tasks.get(key)
            if task is None:
                pushed_out = self._make_room(work.frames, priority, tenant)
                task = self._queue(key, work, priority, tenant)
            else:
                self._counts.joined += 1
                if task in self._waiting:
                    self._waiting.join(task, priority, tenant)
            task.waiters[waiter] = math.inf if deadline is None else deadline
        if deadline is not None:
            self._alarm.set(deadline)
        waiter.add_done_callback(lambda ended: self._cancelled(task, ended))
        for other in pushed_out:
            self._end(other, self._overloaded(other.priority))
        return waiter

    def _make_room(self, frames: int, priority: Priority, tenant: str) -> list[Task]:
        """Take from the queue who has to leave for one more. Raises Overloaded."""
        leaving = self._waiting.leaving(frames, priority, tenant)
        if leaving is None:
            self._counts.refused += 1
            raise self._overloaded(priority)
        for task in leaving:
            self._counts.refused += len(task.waiters)
            self._waiting.remove(task)
            del self._tasks[task.key]
        return leaving

    def _overloaded(self, priority: Priority) -> Overloaded:
        with self._changed:
            before = self._waiting.frames("high") if priority == "high" else self._waiting.frames("high", "low")
            return Overloaded(self._throughput.seconds_for(before + sum(task.frames for task in self._batch.tasks)))

    def _queue(self, key: Hashable, work: Work, priority: Priority, tenant: str) -> Task:
        task = self._tasks[key] = Task(key, work, logs.context(), priority, tenant, asked=self._clock())
        self._waiting.add(task)
        self._changed.notify_all()
        return task

    def _cancelled(self, task: Task, waiter: Future) -> None:
        """Called when a waiter's future ends, whichever way."""
        if waiter.cancelled():
            self._leave(task, waiter, "cancelled")

    def _leave(self, task: Task, waiter: Future, why: str) -> None:
        """Take a waiter from a passage, and if it was the last, the passage from the queue or, before the next step, from
        the batch. why: "cancelled" or "expired"."""
        with self._changed:
            setattr(self._counts, why, getattr(self._counts, why) + 1)
            task.waiters.pop(waiter, None)
            if task.waiters or self._tasks.get(task.key) is not task:
                return
            task.left = True
            del self._tasks[task.key]
            if task in self._waiting:
                self._waiting.remove(task)
        with logs.bound(**task.context):
            logger.info("passage dropped", extra={"frames": task.frames, "why": why})

    def statistics(self) -> dict[str, float]:
        """What waits and runs now, what the batches held, and what has happened since the start; see docs/batching.md."""
        with self._changed:
            oldest = min((task.asked for task in self._waiting), default=math.inf)
            return {
                **self._waiting.statistics(),
                "oldest_waiting_seconds": round(max(0.0, self._clock() - oldest), 3),
                **self._batch.statistics(),
                "frames_per_second": round(self._throughput.rate, 1),
                **dataclasses.asdict(self._counts),
            }

    @property
    def alive(self) -> bool:
        """Whether the loop's thread runs and is not stuck in a call of the engine."""
        return self._thread.is_alive() and self._batch.call_seconds() < STUCK_SECONDS

    def limit(self, max_batch_frames: int, max_queued_frames: int, remembered_frames: int) -> None:
        """Change the budgets. What runs and waits already stays; what is remembered beyond the new bound is forgotten."""
        with self._changed:
            self._waiting.limit(max_batch_frames, max_queued_frames)
            self._batch.max_frames = max_batch_frames
            self._remembered.limit(remembered_frames)

    def drain(self, timeout: float) -> bool:
        """Refuse what comes, speak what was accepted for at most `timeout` seconds, then stop. Whether all got spoken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout)
        self.stop()
        return not (self._counts.stopped or self._tasks)

    def stop(self, timeout: float = 10.0) -> None:
        """Refuse what comes, fail what waits and runs with Stopping after the step under way, and end the thread."""
        with self._changed:
            self._closed = self._stopping = True
            self._changed.notify_all()
        if self._thread.ident is None:
            self._fail_all()
        else:
            self._thread.join(timeout)

    # The loop, in the scheduler's own thread; `_expire`, `_end` and `_fail_all` are called in others too

    def _run(self) -> None:
        try:
            while self._wait():
                self.turn()
        except Exception:
            logger.exception("the scheduler broke; health checks fail from now on")
            raise
        finally:
            self._alarm.stop()
            self._fail_all()

    def _wait(self) -> bool:
        """Wait for work. False when it is time to end."""
        with self._changed:
            while not (self._closed or self._waiting or self._batch.tasks):
                self._changed.wait()
            return not self._stopping and bool(self._waiting or self._batch.tasks)

    def turn(self) -> None:
        """One turn of the loop. Only for the scheduler's thread, or instead of it where nobody called `start`."""
        began = self._clock()
        self._expire()
        self._admit()
        frames = 0
        for task, outcome in self._batch.advance():
            self._end(task, outcome)
            frames += task.frames if isinstance(outcome, Spoken) else 0
        self._throughput.add(frames, self._clock() - began)

    def _expire(self) -> None:
        """Fail the futures whose deadline has come. They are taken from their passages first: what ends a passage meanwhile,
        in another thread, must not end them too. Called at each deadline and, lest a late one take a step, in each turn."""
        with self._changed:
            now = self._clock()
            waiters = [(task, *waiter) for task in self._tasks.values() for waiter in task.waiters.items()]
            late = [(task, waiter) for task, waiter, deadline in waiters if deadline <= now]
            for task, waiter in late:
                del task.waiters[waiter]
        for task, waiter in late:
            if waiter.set_running_or_notify_cancel():
                self._leave(task, waiter, "expired")
                waiter.set_exception(Expired())

    def _admit(self) -> None:
        """Take from the lanes what fits beside what runs."""
        with self._changed:
            self._batch.drop_left()
            while (task := self._waiting.take(self._batch.tasks)) is not None:
                task.begun = self._clock()
                self._batch.join(task)

    def _end(self, task: Task, outcome: Spoken | Exception) -> None:
        """Hand a passage over, or its failure, to those who wait for it. Nobody joins it any more."""
        with self._changed:
            if self._tasks.get(task.key) is task:
                del self._tasks[task.key]
            if isinstance(outcome, Spoken):
                self._counts.spoken += 1
                self._remembered.add(task.key, outcome, task.frames)
            elif not isinstance(outcome, Overloaded | Stopping):
                self._counts.failed += 1
            count = self._remembered.count(task.key)
            waiters, task.waiters = task.waiters, {}
        with logs.bound(**task.context):
            if isinstance(outcome, Spoken):
                task.tell(count, self._clock())
            task.hand_over(outcome, waiters)

    def _fail_all(self) -> None:
        with self._changed:
            self._closed = True
            left = [task for task in (*self._batch.tasks, *self._waiting) if task.waiters]
            self._counts.stopped += len(left)
            self._waiting.clear()
            self._batch.clear()
        for task in left:
            self._end(task, Stopping("Serving went down before the passage was spoken. Send it again."))
