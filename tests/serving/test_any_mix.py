"""Whatever is asked for in whatever order, every request gets what it gets alone, and the loop keeps its bounds.

The scheduler's loop is driven turn by turn and its clock is a number, so a failing mix is found again and made smaller.
"""

from __future__ import annotations

import dataclasses
import logging
import math
from concurrent.futures import CancelledError, Future

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from serving.batching.lanes import LOW_SHARE
from serving.batching.scheduler import Scheduler
from serving.batching.turns import QUANTUM
from serving.errors import Expired, Overloaded, SpeechFailed, Stopping

from .numbers import NumpyEngine, Sum

BAD = ["prepare", "step", "finish", "finish together"]


def frames(most: int) -> st.SearchStrategy[int]:
    """Up to `most` parts of a turn: passages of less than one and of more, and budgets for few of them and for many."""
    return st.integers(1, most).map(lambda parts: parts * QUANTUM // 16)


works = st.builds(
    Sum,
    frames=frames(40),
    steps=st.integers(1, 6),
    rate=st.floats(-2, 2),
    bad=st.one_of(st.just(""), st.just(""), st.just(""), st.sampled_from(BAD)),
)


@dataclasses.dataclass
class Request:
    work: Sum
    deadline: float
    future: Future
    cancelled: bool = False


class AnyMix(RuleBasedStateMachine):
    """Callers of three tenants that ask, join, leave, run out of time and are refused, between the turns of the loop."""

    @initialize(
        works=st.lists(works, min_size=3, max_size=12),
        batch=frames(100),
        queue=frames(200),
        remembered=frames(60),
        memory=st.one_of(st.just(math.inf), frames(60)),
    )
    def begin(self, works: list[Sum], batch: int, queue: int, remembered: int, memory: float) -> None:
        self.now = 0.0
        self.works = [dataclasses.replace(work, name=name) for name, work in enumerate(works)]
        self.batch, self.queue = batch, queue
        self.engine = NumpyEngine(memory)
        self.scheduler = Scheduler(self.engine, batch, queue, remembered, clock=lambda: self.now)
        self.requests: list[Request] = []
        self.refused_at_the_door = 0

    def waiting_for(self, work: Sum) -> list[Request]:
        return [request for request in self.requests if request.work == work and not request.future.done()]

    @rule(
        data=st.data(),
        tenant=st.sampled_from(["", "film", "speech"]),
        priority=st.sampled_from(["high", "low"]),
        seconds=st.one_of(st.just(math.inf), st.integers(0, 12)),
    )
    def ask(self, data: st.DataObject, tenant: str, priority: str, seconds: float) -> None:
        work = data.draw(st.sampled_from(self.works))
        deadline = self.now + seconds
        given = None if seconds == math.inf else deadline
        try:
            future = self.scheduler.submit(work.name, work, priority, tenant=tenant, deadline=given)
        except Overloaded:
            assert not self.waiting_for(work), "a passage under way is joined, however full the queue is"
            self.refused_at_the_door += 1
        else:
            self.requests.append(Request(work, deadline, future))

    @precondition(lambda self: self.requests)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        request = data.draw(st.sampled_from(self.requests))
        request.cancelled = request.future.cancel() or request.cancelled

    @rule(seconds=st.integers(1, 10))
    def pass_time(self, seconds: int) -> None:
        self.now += seconds

    @rule()
    def turn(self) -> None:
        wanted = {request.work for request in self.requests if not request.future.done() and request.deadline > self.now}
        late = [request for request in self.requests if request.deadline <= self.now]
        before = len(self.engine.batches)
        self.scheduler.turn()
        stepped = [work for batch in self.engine.batches[before:] for work in batch]
        assert len(stepped) == len({work.name for work in stepped}), "one step each"
        assert wanted.issuperset(stepped), "who was left or is late takes no further step"
        assert all(request.future.done() for request in late)
        if wanted:
            assert stepped or any(work.bad for work in wanted), "where something waits, something moves"

    @rule(turns=st.integers(2, 8))
    def turn_often(self, turns: int) -> None:
        for _ in range(turns):
            self.turn()

    @invariant()
    def budgets_are_kept(self) -> None:
        for batch in self.engine.batches:
            assert len(batch) == 1 or sum(work.frames for work in batch) <= min(self.batch, self.engine.memory)
        statistics = self.scheduler.statistics()
        if statistics["running"] > 1:
            assert statistics["running_frames"] <= self.batch
        if statistics["waiting"] > 1:
            assert statistics["waiting_frames"] <= self.queue
        assert statistics["waiting_frames_low"] <= max(self.queue * LOW_SHARE, max(work.frames for work in self.works))

    @invariant()
    def every_request_ends_as_it_should(self) -> None:
        for request in self.requests:
            if not request.future.done():
                continue
            try:
                spoken = request.future.result(0)
            except CancelledError:
                assert request.cancelled
            except SpeechFailed:
                assert request.work.bad
            except Expired:
                assert request.deadline <= self.now
            except Overloaded:
                assert self.scheduler.statistics()["refused"], "it was pushed out"
            else:
                assert not request.work.bad
                assert spoken.sound == request.work.alone()

    @invariant()
    def every_request_is_counted_once(self) -> None:
        ended = [request.future for request in self.requests if request.future.done()]
        cancelled = sum(future.cancelled() for future in ended)
        errors = [future.exception(0) for future in ended if not future.cancelled()]
        statistics = self.scheduler.statistics()
        assert statistics["cancelled"] == cancelled
        assert statistics["expired"] == sum(isinstance(error, Expired) for error in errors)
        assert statistics["refused"] == self.refused_at_the_door + sum(isinstance(error, Overloaded) for error in errors)
        assert statistics["steps"] == len(self.engine.batches)
        assert statistics["stepped_frames"] == sum(work.frames for batch in self.engine.batches for work in batch)

    def teardown(self) -> None:
        if not hasattr(self, "scheduler"):
            return
        left = {request.work for request in self.requests if not request.future.done()}
        for _ in range(1 + sum(work.steps + 1 for work in left)):
            self.turn()
        statistics = self.scheduler.statistics()
        assert statistics["waiting"] == statistics["running"] == 0
        assert all(request.future.done() for request in self.requests), "nobody waits for ever"
        self.every_request_ends_as_it_should()
        assert statistics["stopped"] == 0
        assert self.scheduler.drain(0)


class AnyEnd(AnyMix):
    """The same, ended in the midst of it."""

    def teardown(self) -> None:
        if not hasattr(self, "scheduler"):
            return
        left = [request for request in self.requests if not request.future.done()]
        assert self.scheduler.drain(0) == (not left)
        assert all(isinstance(request.future.exception(0), Stopping) for request in left)
        assert self.scheduler.statistics()["waiting"] == 0


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "serving.batching.tasks")


def run(machine: type[AnyMix], examples: int) -> None:
    effort = settings(
        max_examples=examples,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=effort)


def test_any_mix_of_requests_gets_what_each_gets_alone_within_the_bounds() -> None:
    run(AnyMix, 150)


def test_any_mix_of_requests_ends_when_the_scheduler_does() -> None:
    run(AnyEnd, 40)
