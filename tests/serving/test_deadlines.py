"""Deadlines, being stuck, and going down in an orderly way."""

from __future__ import annotations

import gc
import math
import threading
import time
import weakref
from collections.abc import Callable, Iterator

import pytest

from serving.batching.batch import FINISH_FRAMES, STUCK_SECONDS
from serving.batching.scheduler import Scheduler
from serving.errors import Expired, Overloaded, SpeechFailed, Stopping

from .numbers import NumpyEngine, Sum


class Clock:
    """Stands still unless a test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine() -> NumpyEngine:
    return NumpyEngine()


@pytest.fixture
def by_hand(engine: NumpyEngine, clock: Clock) -> Scheduler:
    """A scheduler whose loop the test drives."""
    return Scheduler(engine, max_batch_frames=100, max_queued_frames=1000, remembered_frames=100, clock=clock)


@pytest.fixture
def running(engine: NumpyEngine, clock: Clock) -> Iterator[Scheduler]:
    made = Scheduler(engine, max_batch_frames=100, max_queued_frames=1000, remembered_frames=100, clock=clock)
    made.start()
    yield made
    engine.gate.set()
    made.stop()


def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.002)


def refuses(scheduler: Scheduler, key: int) -> bool:
    """Whether it has begun to refuse. Asks for a passage that is under way, which takes no place."""
    try:
        scheduler.submit(key, Sum(60, name=key)).cancel()
    except Stopping:
        return True
    return False


def test_a_request_is_answered_at_its_deadline_while_it_waits_and_while_it_is_spoken(
    engine: NumpyEngine, by_hand: Scheduler, clock: Clock
) -> None:
    spoken = by_hand.submit("spoken", Sum(100, steps=9, name=1), deadline=clock.now + 5)
    waiting = by_hand.submit("waiting", Sum(100, steps=9, name=2), deadline=clock.now + 5)
    patient = by_hand.submit("patient", Sum(100, name=3), deadline=clock.now + 6)
    by_hand.turn()
    clock.now += 4.9
    by_hand.turn()
    assert not spoken.done()
    assert not waiting.done()
    clock.now += 0.1
    by_hand.turn()
    for future in (spoken, waiting):
        with pytest.raises(Expired) as expired:
            future.result(0)
        assert (expired.value.code, expired.value.status) == ("deadline_exceeded", 504)
    assert [[work.name for work in batch] for batch in engine.batches] == [[1], [1], [3]], "its place is free at once"
    for _ in range(3):
        by_hand.turn()
    assert patient.result(0).sound == Sum(100).alone()
    assert by_hand.statistics()["expired"] == 2


def test_a_deadline_does_not_wait_for_the_end_of_a_step(engine: NumpyEngine) -> None:
    scheduler = Scheduler(engine, max_batch_frames=100, max_queued_frames=1000, remembered_frames=100)
    scheduler.start()
    engine.gate.clear()
    first = scheduler.submit("spoken", Sum(100))
    assert engine.inside.wait(10)
    spoken = scheduler.submit("spoken", Sum(100), deadline=time.monotonic() + 0.05)
    first.cancel()
    shared = scheduler.submit("shared", Sum(10), deadline=time.monotonic() + 0.06)
    waiting = scheduler.submit("waiting", Sum(10), deadline=time.monotonic() + 0.04)
    patient = scheduler.submit("shared", Sum(10), deadline=time.monotonic() + 600)
    try:
        for late in (spoken, shared, waiting):
            assert isinstance(late.exception(10), Expired)
        assert engine.batches == [], "the step still goes on"
        assert scheduler.statistics()["expired"] == 3
        assert scheduler.statistics()["waiting"] == 1, "somebody has time for it"
        engine.gate.set()
        assert patient.result(10).sound == Sum(10).alone()
    finally:
        engine.gate.set()
        scheduler.stop()


def test_what_was_stopped_is_freed_at_once(engine: NumpyEngine) -> None:
    """An engine holds gigabytes: the next model must not wait for them until garbage is collected."""
    scheduler = Scheduler(engine, max_batch_frames=100, max_queued_frames=1000, remembered_frames=100)
    scheduler.start()
    scheduler.submit("spoken", Sum(10), deadline=time.monotonic() + 600).result(10)
    scheduler.submit("endless", Sum(10), deadline=math.inf).result(10)
    threads = [thread for thread in threading.enumerate() if thread.name in ("scheduler", "deadlines")]
    freed = weakref.ref(scheduler)
    gc.disable()
    try:
        scheduler.stop()
        for thread in threads:
            thread.join(10)
        del scheduler, threads, thread
        assert freed() is None
    finally:
        gc.enable()


def test_each_of_those_who_share_a_passage_has_its_own_deadline(by_hand: Scheduler, clock: Clock) -> None:
    hurried = by_hand.submit("shared", Sum(10), deadline=clock.now + 1)
    patient = by_hand.submit("shared", Sum(10), deadline=clock.now + 9)
    by_hand.turn()
    clock.now += 1
    for _ in range(3):
        by_hand.turn()
    assert isinstance(hurried.exception(0), Expired)
    assert patient.result(0).sound == Sum(10).alone()


def test_a_request_whose_deadline_has_passed_already_takes_no_place(by_hand: Scheduler, clock: Clock) -> None:
    late = by_hand.submit("late", Sum(10), deadline=clock.now)
    assert isinstance(late.exception(0), Expired)
    assert by_hand.statistics()["waiting"] == 0


def test_what_is_remembered_is_given_however_late(by_hand: Scheduler, clock: Clock) -> None:
    by_hand.submit("known", Sum(10, steps=1))
    by_hand.turn()
    assert by_hand.submit("known", Sum(10, steps=1), deadline=clock.now - 1).result(0).sound == Sum(10, steps=1).alone()


def test_what_is_ready_in_the_turn_of_its_deadline_is_delivered(by_hand: Scheduler, clock: Clock, engine: NumpyEngine) -> None:
    future = by_hand.submit("just in time", Sum(10, steps=1), deadline=clock.now + 1)
    prepare = engine.prepare

    def slowly(work: Sum) -> object:
        clock.now += 2
        return prepare(work)

    engine.prepare = slowly  # type: ignore[method-assign, assignment]
    by_hand.turn()
    assert future.result(0).sound == Sum(10, steps=1).alone()


def test_an_operator_sees_how_full_the_batches_were_and_how_long_the_oldest_waits(by_hand: Scheduler, clock: Clock) -> None:
    for n in range(3):
        by_hand.submit(n, Sum(60, steps=2, name=n), tenant=str(n)), by_hand.submit(n, Sum(60, steps=2, name=n))
    by_hand.submit("late", Sum(10), deadline=clock.now + 1)
    by_hand.turn()
    clock.now += 3
    by_hand.turn()
    seen = by_hand.statistics()
    assert {name: seen[name] for name in ("steps", "stepped_passages", "stepped_frames", "batch_occupancy")} == {
        "steps": 2,
        "stepped_passages": 2,
        "stepped_frames": 120,
        "batch_occupancy": 0.6,
    }
    assert (seen["waiting"], seen["waiting_tenants"], seen["oldest_waiting_seconds"]) == (2, 2, 3.0)
    assert (seen["spoken"], seen["joined"], seen["expired"]) == (1, 3, 1)
    clock.now += STUCK_SECONDS
    assert by_hand.statistics()["call_seconds"] == 0, "between two turns no call is under way"


def test_a_loop_that_is_stuck_in_a_step_is_not_alive_until_it_goes_on(
    running: Scheduler, engine: NumpyEngine, clock: Clock
) -> None:
    clock.now += 10 * STUCK_SECONDS
    assert running.alive, "an idle one is not stuck"
    engine.gate.clear()
    future = running.submit("stuck", Sum(10, steps=1))
    assert engine.inside.wait(10)
    clock.now += STUCK_SECONDS - 1
    assert running.alive
    clock.now += 1
    assert not running.alive
    assert running.statistics()["call_seconds"] == STUCK_SECONDS
    engine.gate.set()
    future.result(10)
    running.submit("next", Sum(10, steps=1)).result(10)
    assert running.alive


def test_draining_speaks_what_was_accepted_and_refuses_what_comes(running: Scheduler, engine: NumpyEngine) -> None:
    engine.gate.clear()
    futures = [running.submit(n, Sum(60, name=n)) for n in range(4)]
    assert engine.inside.wait(10)
    drained: list[bool] = []
    draining = threading.Thread(target=lambda: drained.append(running.drain(20)))
    draining.start()
    until(lambda: refuses(running, 0))
    engine.gate.set()
    draining.join(20)
    assert drained == [True]
    assert [future.result(0).sound for future in futures] == [Sum(60).alone()] * 4
    assert not running.alive


def test_draining_for_too_long_gives_up_what_is_left(running: Scheduler) -> None:
    endless = running.submit("endless", Sum(100, steps=10**6))
    waiting = running.submit("waiting", Sum(100))
    assert not running.drain(0.05)
    for future in (endless, waiting):
        assert isinstance(future.exception(0), Stopping)
    assert running.statistics()["stopped"] == 2


def test_draining_an_idle_scheduler_ends_it_at_once(running: Scheduler) -> None:
    assert running.drain(20)
    assert not running.alive


def test_one_that_was_never_started_can_be_stopped(by_hand: Scheduler) -> None:
    waiting = by_hand.submit("waiting", Sum(10))
    assert not by_hand.drain(0)
    assert isinstance(waiting.exception(0), Stopping)


def test_new_budgets_hold_for_what_comes_and_what_runs_goes_on(engine: NumpyEngine, by_hand: Scheduler) -> None:
    futures = [by_hand.submit(n, Sum(50, steps=2, rate=n, name=n)) for n in range(5)]
    by_hand.turn()
    by_hand.limit(max_batch_frames=60, max_queued_frames=150, remembered_frames=50)
    with pytest.raises(Overloaded):
        by_hand.submit("more", Sum(1))
    for _ in range(7):
        by_hand.turn()
    assert [len(batch) for batch in engine.batches] == [2, 2, 1, 1, 1, 1, 1, 1]
    assert [future.result(0).sound for future in futures] == [Sum(50, steps=2, rate=n).alone() for n in range(5)]
    known = [by_hand.submit(n, Sum(50, steps=2)).done() for n in range(3, 5)]
    assert known == [False, True], "there is memory for one"


def test_passages_that_end_together_are_finished_together(by_hand: Scheduler, engine: NumpyEngine) -> None:
    futures = [by_hand.submit(n, Sum(20, steps=2, rate=n, name=n)) for n in range(5)]
    by_hand.turn()
    by_hand.turn()
    assert [[work.name for work in call] for call in engine.finished] == [[0, 1, 2, 3, 4]]
    assert [future.result(0).sound for future in futures] == [Sum(20, steps=2, rate=n).alone() for n in range(5)]


@pytest.mark.parametrize("bad", ["finish", "finish together"])
def test_the_one_that_cannot_be_finished_fails_alone(by_hand: Scheduler, bad: str) -> None:
    futures = [by_hand.submit(n, Sum(20, steps=1, bad=bad if n == 3 else "", name=n)) for n in range(5)]
    by_hand.turn()
    assert isinstance(futures[3].exception(0), SpeechFailed)
    good = [future.result(0) for n, future in enumerate(futures) if n != 3]
    assert all(spoken.sound == Sum(20, steps=1).alone() and spoken.batch == 5 for spoken in good)
    assert by_hand.statistics()["failed"] == 1


def test_the_frames_that_are_finished_in_one_call_are_bounded(engine: NumpyEngine) -> None:
    scheduler = Scheduler(engine, max_batch_frames=10**6, max_queued_frames=10**6, remembered_frames=0)
    futures = [scheduler.submit(n, Sum(FINISH_FRAMES // 2, steps=1, name=n)) for n in range(5)]
    scheduler.turn()
    assert [len(call) for call in engine.finished] == [2, 2, 1]
    assert all(future.done() for future in futures)


def test_a_long_passage_is_finished_beside_few_short_ones_since_they_are_padded_to_its_length(engine: NumpyEngine) -> None:
    scheduler = Scheduler(engine, max_batch_frames=10**6, max_queued_frames=10**6, remembered_frames=0)
    for name, frames in enumerate([FINISH_FRAMES // 3, *[FINISH_FRAMES // 100] * 20]):
        scheduler.submit(name, Sum(frames, steps=1, name=name))
    scheduler.turn()
    assert [[work.name for work in call] for call in engine.finished] == [[*range(1, 21)], [0]]


def test_a_batch_that_is_too_large_for_the_memory_is_spoken_all_the_same() -> None:
    engine = NumpyEngine(memory=30)
    scheduler = Scheduler(engine, max_batch_frames=100, max_queued_frames=1000, remembered_frames=0)
    futures = [scheduler.submit(n, Sum(10, steps=2, rate=n, name=n)) for n in range(8)]
    for _ in range(2):
        scheduler.turn()
    assert [future.result(0).sound for future in futures] == [Sum(10, steps=2, rate=n).alone() for n in range(8)]
    assert {len(batch) for batch in engine.batches} == {2}


def test_a_passage_that_is_pushed_out_while_its_deadline_passes_ends_once(by_hand: Scheduler, clock: Clock) -> None:
    first = by_hand.submit("first", Sum(100), tenant="film", deadline=clock.now + 1)
    patient = by_hand.submit("patient", Sum(700), tenant="film")
    newest = by_hand.submit("newest", Sum(200), tenant="film", deadline=clock.now + 1)
    # Asked for between the end of one late request and that of the next, as another thread may.
    first.add_done_callback(lambda _: by_hand.submit("newcomer", Sum(200), tenant="newcomer"))
    clock.now += 2
    by_hand.turn()
    assert [type(late.exception(0)) for late in (first, newest)] == [Expired, Expired]
    assert not patient.done()
    counts = by_hand.statistics()
    assert (counts["expired"], counts["refused"], counts["waiting_frames"] + counts["running_frames"]) == (2, 0, 900)
