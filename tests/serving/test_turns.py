"""The turns of the tenants in one lane, and what the queue does when one of them fills it."""

from __future__ import annotations

import math
from concurrent.futures import Future

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.batching.lanes import Lanes
from serving.batching.scheduler import Scheduler
from serving.batching.tasks import Task
from serving.batching.turns import QUANTUM, Turns
from serving.errors import Overloaded

from .numbers import NumpyEngine, Sum


def task(tenant: str, frames: int, priority: str = "high", steps: int = 4) -> Task:
    """It costs its frames, unless it takes other than 4 steps."""
    return Task(object(), Sum(frames, steps), {}, priority, tenant)


def queued(*tasks: Task) -> Turns[Task]:
    turns: Turns[Task] = Turns()
    for one in tasks:
        turns.add(one)
    return turns


def drained(turns: Turns[Task]) -> list[Task]:
    """All that waits, in the order of its turns."""
    order = []
    while (head := turns.head()) is not None:
        turns.take(head)
        order.append(head)
    return order


def test_a_tenant_with_one_passage_waits_for_one_turn_of_a_tenant_with_five_hundred() -> None:
    film = [task("film", QUANTUM) for _ in range(500)]
    short = task("short", 300)
    order = drained(queued(*film, short))
    assert order.index(short) == 1
    assert [one for one in order if one is not short] == film, "first come, first served within a tenant"


def test_tenants_get_the_same_frames_whatever_the_length_of_their_passages() -> None:
    order = drained(queued(*(task("long", 4000) for _ in range(20)), *(task("short", 250) for _ in range(320))))
    half = order[: len(order) // 2]
    given_to = {tenant: sum(one.frames for one in half if one.tenant == tenant) for tenant in ("long", "short")}
    assert abs(given_to["long"] - given_to["short"]) <= QUANTUM + 4000


def test_a_tenant_that_asks_for_more_steps_gets_fewer_passages_and_no_more_of_the_machine() -> None:
    many, few = [[task(name, 250, steps=steps) for _ in range(160)] for name, steps in (("many", 16), ("few", 2))]
    order = drained(queued(*many, *few))
    begun = order[: order.index(few[-1])]
    costs = {tenant: sum(one.cost for one in begun if one.tenant == tenant) for tenant in ("many", "few")}
    assert abs(costs["many"] - costs["few"]) <= QUANTUM + 2 * many[0].cost
    assert len(begun) < 190, "159 of few steps and an eighth as many of many"


def test_tenants_that_come_one_after_another_do_not_keep_an_earlier_one_waiting() -> None:
    """Each newcomer has one short passage and is gone after it; the long one needs several turns."""
    long = task("long", 3 * QUANTUM)
    turns = queued(long)
    before = 0
    while True:
        turns.add(task(f"newcomer {before}", 10))
        head = turns.head()
        assert head is not None
        turns.take(head)
        if head is long:
            break
        before += 1
        assert before <= 3


def test_a_tenant_that_comes_back_to_an_empty_lane_goes_before_one_that_comes_later() -> None:
    turns = queued(task("film", 10))
    drained(turns)
    first, second = task("film", 10), task("speech", 10)
    turns.add(first)
    turns.add(second)
    assert drained(turns) == [first, second]


def test_whose_turn_it_is_keeps_it_whoever_comes() -> None:
    turns = queued(task("first", 5000))
    head = turns.head()
    for n in range(10):
        turns.add(task(f"later {n}", 1))
    assert turns.head() is head


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 5000), st.integers(1, 16)), min_size=1, max_size=60),
    st.integers(1, 3000),
)
def test_no_tenant_gets_much_more_than_another_that_waits_too(wanted: list[tuple[str, int, int]], quantum: int) -> None:
    turns: Turns[Task] = Turns(quantum)
    for tenant, frames, steps in wanted:
        turns.add(task(tenant, frames, steps=steps))
    dearest = max(one.cost for one in turns)
    counted: dict[str, float] = dict.fromkeys(turns.held(), 0)
    first = {tenant: next(one for one in turns if one.tenant == tenant) for tenant in counted}
    while (head := turns.head()) is not None:
        waiting = turns.held()
        if head is first[head.tenant]:
            rounds = math.ceil(head.cost / quantum)
            assert all(counted[other] < rounds * quantum + dearest for other in counted if other != head.tenant)
        turns.take(head)
        counted[head.tenant] += head.cost
        still = [counted[tenant] for tenant in waiting]
        assert max(still) - min(still) <= quantum + 2 * dearest
        for tenant in set(counted) - set(turns.held()):
            del counted[tenant]
    assert len(turns) == turns.frames == 0
    assert not counted


@pytest.fixture
def scheduler() -> Scheduler:
    """Its loop is never started: what is submitted waits."""
    return Scheduler(NumpyEngine(), max_batch_frames=1000, max_queued_frames=10_000, remembered_frames=0)


def fill(scheduler: Scheduler, tenant: str, count: int, priority: str = "high") -> list[Future]:
    return [scheduler.submit((tenant, n), Sum(1000, name=n), priority, tenant=tenant) for n in range(count)]


def test_a_tenant_alone_may_fill_the_queue_and_no_more(scheduler: Scheduler) -> None:
    fill(scheduler, "film", 10)
    with pytest.raises(Overloaded):
        scheduler.submit("more", Sum(1), tenant="film")
    assert scheduler.statistics()["waiting_frames"] == 10_000


def test_a_newcomer_finds_room_in_a_full_queue_by_pushing_out_the_newest_of_who_holds_most(scheduler: Scheduler) -> None:
    futures = fill(scheduler, "film", 8) + fill(scheduler, "other", 2)
    scheduler.submit("newcomer", Sum(1500), tenant="newcomer")
    refused = [future.done() for future in futures]
    assert refused == [False] * 6 + [True] * 2 + [False] * 2, "the newest two of the film"
    with pytest.raises(Overloaded) as error:
        futures[7].result(0)
    assert 1 <= error.value.retry_after <= 60
    statistics = scheduler.statistics()
    assert (statistics["refused"], statistics["waiting_tenants"], statistics["waiting_frames"]) == (2, 3, 9500)


def test_nobody_is_left_with_less_than_the_newcomer_has(scheduler: Scheduler) -> None:
    long = scheduler.submit("long", Sum(6000), tenant="film")
    fill(scheduler, "other", 4)
    with pytest.raises(Overloaded):
        scheduler.submit("newcomer", Sum(100), tenant="newcomer")
    assert not long.done(), "it is all that the one who holds most has"


def test_newcomers_end_with_equal_shares_and_then_push_nobody_out(scheduler: Scheduler) -> None:
    fill(scheduler, "film", 10)
    for n in range(5):
        scheduler.submit(("second", n), Sum(1000), tenant="second")
    with pytest.raises(Overloaded):
        scheduler.submit("a sixth", Sum(1000), tenant="second")
    with pytest.raises(Overloaded):
        scheduler.submit("the film again", Sum(1000), tenant="film")


def test_a_passage_that_was_pushed_out_may_be_sent_again_and_is_spoken(scheduler: Scheduler) -> None:
    futures = fill(scheduler, "film", 10)
    newcomer = scheduler.submit("newcomer", Sum(1000, rate=2), tenant="newcomer")
    assert futures[9].exception(0) is not None
    for _ in range(8):
        scheduler.turn()
    again = scheduler.submit(("film", 9), Sum(1000, name=9), tenant="film")
    for _ in range(44):
        scheduler.turn()
    assert newcomer.result(0).sound == Sum(1000, rate=2).alone()
    assert again.result(0).sound == Sum(1000).alone()
    assert scheduler.statistics()["waiting"] == scheduler.statistics()["running"] == 0


def test_speech_is_never_pushed_out_for_a_film_nor_a_film_for_speech(scheduler: Scheduler) -> None:
    speech = fill(scheduler, "speech", 3)
    film = fill(scheduler, "film", 7, "low")
    with pytest.raises(Overloaded):
        scheduler.submit("more speech", Sum(1), tenant="speech")
    with pytest.raises(Overloaded):
        scheduler.submit("another film", Sum(7001), "low", tenant="another")
    assert not any(future.done() for future in speech + film)
    scheduler.submit("newcomer's speech", Sum(1000), tenant="newcomer")
    assert [future.done() for future in speech + film] == [False, False, True] + 7 * [False]


def test_a_tenant_that_joins_a_passage_deep_in_anothers_queue_does_not_wait_for_all_of_it() -> None:
    engine = NumpyEngine()
    scheduler = Scheduler(engine, max_batch_frames=1000, max_queued_frames=100_000, remembered_frames=0)
    fill(scheduler, "film", 50)
    joined = scheduler.submit(("film", 49), Sum(1000, name=49), tenant="newcomer")
    for _ in range(8):
        scheduler.turn()
    assert [work.name for work in engine.prepared] == [0, 49]
    assert joined.result(0).sound == Sum(1000).alone()


def test_joining_ones_own_passage_does_not_move_it() -> None:
    lanes: Lanes[Task] = Lanes(1000, 10_000)
    tasks = [task("film", 500) for _ in range(3)]
    for one in tasks:
        lanes.add(one)
    lanes.join(tasks[1], "high", "film")
    lanes.join(tasks[1], "low", "another")
    lanes.join(tasks[0], "high", "another")
    assert [lanes.take([]) for _ in tasks] == tasks
