"""The two lanes of the scheduler. Its budgets here are 100 frames running (75 of them for films) and 300 waiting."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from serving.batching.lanes import PASSED_OVER, Lanes
from serving.batching.scheduler import Scheduler
from serving.batching.tasks import Task
from serving.errors import Overloaded

from .numbers import NumpyEngine, Sum


@pytest.fixture
def engine() -> NumpyEngine:
    return NumpyEngine()


@pytest.fixture
def scheduler(engine: NumpyEngine) -> Iterator[Scheduler]:
    made = Scheduler(engine, max_batch_frames=100, max_queued_frames=300, remembered_frames=100)
    made.start()
    yield made
    engine.gate.set()
    made.stop()


@pytest.fixture
def lanes() -> Lanes[Task]:
    return Lanes(max_batch_frames=100, max_queued_frames=300)


def hold(engine: NumpyEngine, scheduler: Scheduler, work: Sum) -> Future:
    """Submit low `work` and hold the engine inside its first step."""
    engine.gate.clear()
    engine.inside.clear()
    future = scheduler.submit("held", work, "low")
    assert engine.inside.wait(10)
    return future


def pass_over(lanes: Lanes[Task]) -> None:
    """Let as many high passages go before the head of the low lane as may."""
    for n in range(PASSED_OVER):
        before = Task(("before", n), Sum(1), {}, "high")
        lanes.add(before)
        assert lanes.take([]) is before


def speak_all(engine: NumpyEngine, futures: list[Future]) -> list[float]:
    """Let the engine go. Returns the rates of what it spoke, in the order of admission: they serve as names."""
    engine.gate.set()
    for future in futures:
        future.result(10)
    return [work.rate for work in engine.prepared]


def test_high_passages_are_admitted_before_low_ones_that_came_earlier(engine: NumpyEngine, scheduler: Scheduler) -> None:
    futures = [hold(engine, scheduler, Sum(100, rate=0))]
    futures += [scheduler.submit(("low", n), Sum(50, rate=n), "low") for n in (1, 2)]
    futures += [scheduler.submit(("high", n), Sum(50, rate=n)) for n in (11, 12)]
    assert speak_all(engine, futures) == [0, 11, 12, 1, 2]


def test_a_high_passage_finds_room_at_once_in_a_batch_full_of_low_ones(lanes: Lanes[Task]) -> None:
    for n in range(20):
        lanes.add(Task(n, Sum(10), {}, "low"))
    running: list[Task] = []
    while (task := lanes.take(running)) is not None:
        running.append(task)
    assert len(running) == 7, "three quarters are full"
    high = [Task(("high", n), Sum(10), {}, "high") for n in range(4)]
    for task in high:
        lanes.add(task)
    for task in high[:3]:
        assert lanes.take(running) is task
        running.append(task)
    assert lanes.take(running) is None, "all is full"


def test_no_batch_holds_more_low_passages_than_their_share(engine: NumpyEngine, scheduler: Scheduler) -> None:
    futures = [hold(engine, scheduler, Sum(10))]
    futures += [scheduler.submit(("low", n), Sum(10, rate=1), "low") for n in range(20)]
    futures += [scheduler.submit(("high", n), Sum(10, rate=2), "high") for n in range(5)]
    speak_all(engine, futures)
    assert max(sum(work.rate == 1 for work in batch) for batch in engine.batches) == 7
    assert max(len(batch) for batch in engine.batches) == 10


@pytest.mark.parametrize("frames", [80, 100, 250])
def test_a_low_passage_larger_than_the_share_is_spoken_when_nothing_runs(
    engine: NumpyEngine, scheduler: Scheduler, frames: int
) -> None:
    assert scheduler.submit("large", Sum(frames), "low").result(10).batch == 1
    held = hold(engine, scheduler, Sum(10))
    large = scheduler.submit("large again", Sum(frames), "low")
    speak_all(engine, [held, large])
    assert large.result(0).batch == 1


def test_high_passages_that_do_not_end_let_the_low_head_pass_after_a_few(lanes: Lanes[Task]) -> None:
    """Each round one passage ends and another high one comes, so that some always wait."""
    numbers = itertools.count()
    lows = [Task(("low", n), Sum(20), {}, "low") for n in range(3)]
    for low in lows:
        lanes.add(low)
    running: list[Task] = []
    taken: list[Task] = []
    for _ in range(100):
        while lanes.frames("high") < 200:
            lanes.add(Task(next(numbers), Sum(20), {}, "high"))
        while (task := lanes.take(running)) is not None:
            running.append(task)
            taken.append(task)
        running.pop(0)
    places = [taken.index(low) for low in lows]
    assert places == [PASSED_OVER + n * (PASSED_OVER + 1) for n in range(3)]


def test_a_long_low_head_whose_turn_it_is_stops_the_high_lane_until_it_fits(lanes: Lanes[Task]) -> None:
    low = Task("low", Sum(95), {}, "low")
    high = Task("high", Sum(10), {}, "high")
    lanes.add(low)
    pass_over(lanes)
    lanes.add(high)
    running = [Task("before", Sum(10), {}, "high")]
    assert lanes.take(running) is None
    assert lanes.take([]) is low
    assert lanes.take([low]) is None, "the batch is full"
    assert lanes.take([]) is high


def test_a_full_share_does_not_make_high_passages_wait_for_the_low_head(lanes: Lanes[Task]) -> None:
    running = [Task(n, Sum(25), {}, "low") for n in range(3)]
    lanes.add(Task("low", Sum(25), {}, "low"))
    pass_over(lanes)
    high = Task("high", Sum(25), {}, "high")
    lanes.add(high)
    assert lanes.take(running) is high
    assert lanes.take([*running, high]) is None


def test_who_joins_a_waiting_low_passage_from_the_high_lane_lifts_it(engine: NumpyEngine, scheduler: Scheduler) -> None:
    futures = [hold(engine, scheduler, Sum(100, rate=0))]
    futures += [scheduler.submit(("low", n), Sum(100, rate=n), "low") for n in (1, 2)]
    futures.append(scheduler.submit(("low", 2), Sum(100, rate=2), "high"))
    futures.append(scheduler.submit(("low", 2), Sum(100, rate=2), "low"))
    assert scheduler.statistics()["waiting_frames_low"] == 100
    assert speak_all(engine, futures) == [0, 2, 1]
    assert futures[2].result(0) is futures[3].result(0) is futures[4].result(0)


def test_joining_a_low_passage_that_runs_changes_nothing(engine: NumpyEngine, scheduler: Scheduler) -> None:
    held = hold(engine, scheduler, Sum(10))
    joined = scheduler.submit("held", Sum(10), "high")
    speak_all(engine, [held])
    assert joined.result(10) is held.result(0)


def test_a_lifted_passage_that_all_leave_is_gone_from_the_queue(engine: NumpyEngine, scheduler: Scheduler) -> None:
    held = hold(engine, scheduler, Sum(10, rate=0))
    low = scheduler.submit("left", Sum(10, rate=1), "low")
    high = scheduler.submit("left", Sum(10, rate=1), "high")
    assert low.cancel()
    assert high.cancel()
    assert scheduler.statistics()["waiting"] == 0
    assert speak_all(engine, [held]) == [0]


def test_a_film_that_fills_its_share_of_the_queue_leaves_room_for_speech(engine: NumpyEngine, scheduler: Scheduler) -> None:
    futures = [hold(engine, scheduler, Sum(100))]
    futures += [scheduler.submit(("low", n), Sum(75), "low") for n in range(3)]
    with pytest.raises(Overloaded):
        scheduler.submit("more film", Sum(1), "low")
    futures.append(scheduler.submit("speech", Sum(75)))
    with pytest.raises(Overloaded):
        scheduler.submit("more speech", Sum(1))
    speak_all(engine, futures)
    scheduler.submit("more film", Sum(1), "low").result(10)
