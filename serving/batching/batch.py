"""The passages that are being spoken, and the engine that speaks them. What fails, fails alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from serving.batching.tasks import Spoken, Task

#: Frames that are turned into sound in one call, padding included: 3 minutes of it. More would keep those who are done
#: waiting for each other.
FINISH_FRAMES = 16_384
#: Seconds after which a call of the engine counts as stuck. The longest honest ones are a GPU's first step of a new shape,
#: which may compile for a minute, and a large model's step with a full batch on two cores of a CPU, of the same order.
STUCK_SECONDS = 300.0

Ended = tuple[Task, Spoken | Exception]
Call = Callable[[Sequence[Task]], list[Ended]]


class Engine(Protocol):
    """What speaks. All methods are called from the scheduler's one thread.

    `step` moves every state one step on, or raises and moves none. `finish` gives a sound for each state, or the exception
    with which that one failed. A result must not depend on the other states.
    """

    def prepare(self, work: Any) -> Any: ...
    def step(self, states: Sequence[Any]) -> None: ...
    def done(self, state: Any) -> bool: ...
    def finish(self, states: Sequence[Any]) -> Sequence[Any]: ...


class Batch:
    """What runs. The scheduler's thread owns it; others may read `tasks`, `call_seconds` and `statistics`."""

    def __init__(self, engine: Engine, max_frames: int, clock: Callable[[], float]) -> None:
        """max_frames: the budget, which the lanes hold to; here it is what the occupancy is measured by."""
        #: Replaced, never changed, so that another thread may look at it.
        self.tasks: tuple[Task, ...] = ()
        self._engine = engine
        self.max_frames = max_frames
        self._clock = clock
        self._called: float | None = None
        self._steps = self._stepped_passages = self._stepped_frames = self._budgeted_frames = 0

    def join(self, task: Task) -> None:
        self.tasks = (*self.tasks, task)

    def drop_left(self) -> None:
        """Let go of the passages that nobody waits for any more."""
        self.tasks = tuple(task for task in self.tasks if not task.left)

    def clear(self) -> None:
        self.tasks = ()

    def call_seconds(self) -> float:
        """For how long the engine's call under way, and the handing over after it, has been running. 0 while there is none."""
        called = self._called
        return self._clock() - called if called is not None else 0.0

    def statistics(self) -> dict[str, float]:
        """What runs now, and what all steps so far held together."""
        budgeted = self._budgeted_frames
        return {
            "running": len(self.tasks),
            "running_frames": sum(task.frames for task in self.tasks),
            "batch_frames": self.max_frames,
            "steps": self._steps,
            "stepped_passages": self._stepped_passages,
            "stepped_frames": self._stepped_frames,
            "batch_occupancy": round(self._stepped_frames / budgeted, 3) if budgeted else 0.0,
            "call_seconds": round(self.call_seconds(), 3),
        }

    def advance(self) -> Iterator[Ended]:
        """Prepare who is new, take one step for all, finish who is done. Yields each passage that has ended, without it
        in `tasks` any more."""
        try:
            for task, outcome in self._phases():
                self.tasks = tuple(other for other in self.tasks if other is not task)
                yield task, outcome
        finally:
            self._called = None

    def _phases(self) -> Iterator[Ended]:
        for task in [task for task in self.tasks if task.state is None]:
            yield from self._alone(self._prepare, [task])
        if self.tasks:
            yield from self._alone(self._step, self.tasks)
        done = [task for task in self.tasks if self._engine.done(task.state)]
        for group in _bounded(done):
            yield from self._alone(self._finish, group)

    def _prepare(self, tasks: Sequence[Task]) -> list[Ended]:
        for task in tasks:
            task.state = self._engine.prepare(task.work)
        return []

    def _step(self, tasks: Sequence[Task]) -> list[Ended]:
        self._engine.step([task.state for task in tasks])
        self._steps += 1
        self._budgeted_frames += self.max_frames
        self._stepped_passages += len(tasks)
        self._stepped_frames += sum(task.frames for task in tasks)
        for task in tasks:
            task.batch = max(task.batch, len(tasks))
        return []

    def _finish(self, tasks: Sequence[Task]) -> list[Ended]:
        sounds = self._engine.finish([task.state for task in tasks])
        return [
            (task, sound if isinstance(sound, Exception) else Spoken(sound, task.batch))
            for task, sound in zip(tasks, sounds, strict=True)
        ]

    def _alone(self, call: Call, tasks: Sequence[Task]) -> Iterator[Ended]:
        """Call it for all. If it fails, for each half: the bad one fails alone, and too large a batch still gets done."""
        outcome = self._attempt(call, tasks)
        if not isinstance(outcome, Exception):
            yield from outcome
            return
        if len(tasks) == 1:
            yield tasks[0], outcome
            return
        del outcome  # its traceback holds what the engine worked on, which on a full GPU is the memory that is missing
        middle = len(tasks) // 2
        yield from self._alone(call, tasks[:middle])
        yield from self._alone(call, tasks[middle:])

    def _attempt(self, call: Call, tasks: Sequence[Task]) -> list[Ended] | Exception:
        self._called = self._clock()
        try:
            return call(tasks)
        except Exception as error:
            return error


def _bounded(tasks: Sequence[Task]) -> Iterator[list[Task]]:
    """The tasks, the shortest first, in groups of at most FINISH_FRAMES or of one. A vocoder pads all to the longest, so each
    counts as much as that one: a minute of speech must not make many short words as long as itself."""
    group: list[Task] = []
    for task in sorted(tasks, key=lambda task: task.frames):
        if group and task.frames * (len(group) + 1) > FINISH_FRAMES:
            yield group
            group = []
        group.append(task)
    if group:
        yield group
