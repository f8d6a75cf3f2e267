from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError

import pytest

from serving.batching.memory import Remembered, Throughput
from serving.batching.scheduler import Scheduler
from serving.errors import Expired, Overloaded, SpeechFailed, Stopping

from .numbers import NumpyEngine, Sum


def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.005)


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


def held(engine: NumpyEngine, scheduler: Scheduler, work: Sum):
    """Submit `work` and hold the engine inside its first step."""
    engine.gate.clear()
    engine.inside.clear()
    future = scheduler.submit("held", work)
    assert engine.inside.wait(10)
    return future


def test_a_passage_gets_the_same_result_alone_and_in_a_batch(engine: NumpyEngine, scheduler: Scheduler) -> None:
    works = [Sum(10, steps=3 + n, rate=0.5 * n) for n in range(5)]
    alone = [scheduler.submit(("alone", n), work).result(10).sound for n, work in enumerate(works)]
    first = held(engine, scheduler, Sum(10))
    together = [scheduler.submit(("together", n), work) for n, work in enumerate(works)]
    engine.gate.set()
    assert [future.result(10).sound for future in together] == alone
    assert max(future.result(10).batch for future in together) >= 5
    assert alone[2] == pytest.approx((1 + 1.0 / 5) ** 5)
    first.result(10)


def test_a_waiting_passage_joins_a_batch_that_is_running(engine: NumpyEngine, scheduler: Scheduler) -> None:
    long = held(engine, scheduler, Sum(10, steps=50))
    short = scheduler.submit("short", Sum(10, steps=2))
    engine.gate.set()
    assert short.result(10).batch == 2
    assert long.result(10).batch == 2
    assert len(engine.batches) == 50, "the short one cost no step of its own"


def test_the_frames_of_a_batch_stay_within_the_budget(engine: NumpyEngine, scheduler: Scheduler) -> None:
    first = held(engine, scheduler, Sum(40))
    others = [scheduler.submit(n, Sum(20)) for n in range(6)]
    engine.gate.set()
    for future in [first, *others]:
        future.result(10)
    for batch in engine.batches:
        assert sum(work.frames for work in batch) <= 100
    assert max(len(batch) for batch in engine.batches[:4]) == 4, "beside the long one there is room for three more"


def test_a_passage_longer_than_the_budget_is_spoken_alone(engine: NumpyEngine, scheduler: Scheduler) -> None:
    first = held(engine, scheduler, Sum(10))
    long = scheduler.submit("long", Sum(250))
    later = scheduler.submit("later", Sum(10))
    engine.gate.set()
    assert long.result(10).batch == 1
    first.result(10), later.result(10)


def test_nobody_overtakes_a_long_passage_at_the_head(engine: NumpyEngine, scheduler: Scheduler) -> None:
    first = held(engine, scheduler, Sum(60))
    futures = [scheduler.submit("long", Sum(90)), *(scheduler.submit(n, Sum(10)) for n in range(5))]
    engine.gate.set()
    for future in [first, *futures]:
        future.result(10)
    assert [work.frames for work in engine.prepared] == [60, 90, 10, 10, 10, 10, 10]


@pytest.mark.parametrize("phase", ["prepare", "step", "finish"])
def test_one_bad_passage_fails_alone(engine: NumpyEngine, scheduler: Scheduler, phase: str) -> None:
    first = held(engine, scheduler, Sum(10, steps=20))
    good = [scheduler.submit(n, Sum(10, rate=0.1 * n)) for n in range(4)]
    bad = scheduler.submit("bad", Sum(10, bad=phase))
    engine.gate.set()
    with pytest.raises(SpeechFailed):
        bad.result(10)
    assert [future.result(10).sound for future in good] == [pytest.approx((1 + 0.1 * n / 4) ** 4) for n in range(4)]
    assert first.result(10).sound == pytest.approx((1 + 1 / 20) ** 20)
    with pytest.raises(SpeechFailed):
        scheduler.submit("bad", Sum(10, bad=phase)).result(10)
    assert scheduler.alive


def test_the_same_key_is_joined_while_it_is_spoken_and_remembered_after(engine: NumpyEngine, scheduler: Scheduler) -> None:
    first = held(engine, scheduler, Sum(10))
    joined = scheduler.submit("held", Sum(10))
    engine.gate.set()
    assert joined.result(10) is first.result(10)
    assert scheduler.submit("held", Sum(10)).result(10) is first.result(10)
    assert len(engine.prepared) == 1


def test_a_result_is_forgotten_when_newer_ones_fill_the_memory(engine: NumpyEngine, scheduler: Scheduler) -> None:
    for key in ("old", "middle", "new"):
        scheduler.submit(key, Sum(45)).result(10)
    scheduler.submit("new", Sum(45)).result(10)
    scheduler.submit("middle", Sum(45)).result(10)
    assert len(engine.prepared) == 3
    scheduler.submit("old", Sum(45)).result(10)
    assert len(engine.prepared) == 4


def test_a_passage_is_dropped_when_its_last_waiter_leaves(engine: NumpyEngine, scheduler: Scheduler) -> None:
    first = held(engine, scheduler, Sum(10, steps=1000))
    second = scheduler.submit("held", Sum(10, steps=1000))
    assert first.cancel()
    assert scheduler.statistics()["running"] == 1
    assert second.cancel()
    engine.gate.set()
    until(lambda: scheduler.statistics()["running"] == 0)
    assert len(engine.batches) < 1000
    with pytest.raises(CancelledError):
        second.result(0)


def test_a_waiter_that_stays_gets_the_passage_that_others_left(engine: NumpyEngine, scheduler: Scheduler) -> None:
    first = held(engine, scheduler, Sum(10))
    second = scheduler.submit("held", Sum(10))
    first.cancel()
    engine.gate.set()
    assert second.result(10).sound == pytest.approx((1 + 1 / 4) ** 4)


def test_a_dropped_passage_is_spoken_anew_when_it_is_asked_for_again(engine: NumpyEngine, scheduler: Scheduler) -> None:
    held(engine, scheduler, Sum(10)).cancel()
    again = scheduler.submit("held", Sum(10))
    engine.gate.set()
    assert again.result(10).sound == pytest.approx((1 + 1 / 4) ** 4)
    assert len(engine.prepared) == 2


def test_a_request_fails_at_its_deadline_and_leaves_the_passage_to_those_with_more_time(
    engine: NumpyEngine, scheduler: Scheduler
) -> None:
    first = held(engine, scheduler, Sum(100))
    late = scheduler.submit("wanted", Sum(10), deadline=time.monotonic() + 0.01)
    patient = scheduler.submit("wanted", Sum(10), deadline=time.monotonic() + 60)
    alone = scheduler.submit("alone", Sum(10), deadline=time.monotonic() + 0.01)
    time.sleep(0.02)
    engine.gate.set()
    for future in (late, alone):
        with pytest.raises(Expired) as expired:
            future.result(10)
        assert (expired.value.code, expired.value.status) == ("deadline_exceeded", 504)
    first.result(10), patient.result(10)
    assert len(engine.prepared) == 2


def test_leaving_the_queue_makes_room_in_it(engine: NumpyEngine, scheduler: Scheduler) -> None:
    first = held(engine, scheduler, Sum(100))
    waiting = [scheduler.submit(n, Sum(100)) for n in range(3)]
    with pytest.raises(Overloaded):
        scheduler.submit("more", Sum(100))
    waiting[1].cancel()
    more = scheduler.submit("more", Sum(100))
    engine.gate.set()
    for future in (first, waiting[0], waiting[2], more):
        future.result(10)
    assert len(engine.prepared) == 4


def test_a_full_queue_is_refused_with_a_bounded_time_to_wait(engine: NumpyEngine, scheduler: Scheduler) -> None:
    scheduler.submit("measured", Sum(50)).result(10)
    first = held(engine, scheduler, Sum(100))
    waiting = [scheduler.submit(n, Sum(150)) for n in range(2)]
    with pytest.raises(Overloaded) as refused:
        scheduler.submit("more", Sum(1))
    assert 1 <= refused.value.retry_after <= 60
    assert refused.value.status == 429
    engine.gate.set()
    for future in [first, *waiting]:
        future.result(10)
    scheduler.submit("more", Sum(1)).result(10)


def test_stopping_fails_what_waits_and_runs_and_refuses_what_comes(engine: NumpyEngine, scheduler: Scheduler) -> None:
    running = held(engine, scheduler, Sum(100, steps=100_000))
    waiting = scheduler.submit("waiting", Sum(100))
    engine.gate.set()
    scheduler.stop()
    assert not scheduler.alive
    for future in (running, waiting):
        with pytest.raises(Stopping):
            future.result(0)
    with pytest.raises(Stopping):
        scheduler.submit("late", Sum(1))


def test_each_spoken_passage_logs_one_line_with_its_count(scheduler: Scheduler, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="serving.batching.tasks"):
        for key in ("a", "b", "a", "c", "d", "a"):
            scheduler.submit(key, Sum(40)).result(10)
    lines = [(record.key, record.count) for record in caplog.records if record.message == "passage spoken"]
    assert lines == [("a", 1), ("b", 1), ("c", 1), ("d", 1), ("a", 2)]


def test_the_scheduler_needs_neither_ray_nor_torch() -> None:
    code = "import sys, json, serving.batching.scheduler; print(json.dumps([m for m in ('ray', 'torch') if m in sys.modules]))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert json.loads(printed) == []


def test_throughput_weighs_the_latest_work_most() -> None:
    throughput = Throughput()
    assert throughput.seconds_for(1000) == 60, "nothing is known yet"
    throughput.add(1000, 10.0)
    assert throughput.rate == pytest.approx(100)
    assert throughput.seconds_for(1000) == 10
    for _ in range(20):
        throughput.add(5000, 10.0)
    assert 400 < throughput.rate < 510
    assert throughput.seconds_for(1) == 1


def test_a_result_larger_than_the_memory_is_not_kept() -> None:
    remembered: Remembered[str] = Remembered(10)
    remembered.add("small", "x", 5)
    for count in (1, 2):
        remembered.add("large", "y", 11)
        assert remembered.get("large") is None
        assert remembered.count("large") == count, "it is counted all the same"
