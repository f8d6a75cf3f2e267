from __future__ import annotations

import dataclasses
import os
import signal
from multiprocessing.queues import Queue as ProcessQueue

import pytest
import redis

from jobs import views
from jobs.advance import advance
from jobs.claims import claim, complete, fail, renew
from jobs.dead_letters import list_dead
from jobs.model import NewStep, Outcome
from jobs.queues import StepQueue, make_broker
from jobs.reconcile import Reconciled, reconcile
from settings import Settings
from store import Store, open_store
from tests.jobs.driving import SPOKEN, delivered, done, let_pass, row, submitted, taken
from tests.services import PROCESSES

NOTHING = Reconciled(0, 0, 0)


def claim_and_freeze(settings: Settings, step_id: int, fence: int, begun: ProcessQueue) -> None:
    begun.put(claim(open_store(settings), step_id, fence) is not None)
    signal.pause()


def reconcile_in_process(settings: Settings) -> None:
    reconcile(open_store(settings), StepQueue(make_broker(settings)))


def test_there_is_nothing_to_mend_in_ordinary_work(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = submitted(store, queue, owner_id, NewStep("a", "k", "default"), NewStep("b", "k", "speech")).id
    taken(store, job_id, "a")
    assert reconcile(store, queue) == NOTHING
    delivered(queue)
    assert reconcile(store, queue) == NOTHING, "a step that was sent just now may be on its way"


def test_everything_goes_on_after_redis_lost_all_its_data(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = submitted(store, queue, owner_id).id
    done(store, job_id, "plan", Outcome(None, {}, SPOKEN))
    advance(store, queue, job_id)
    store.redis.flushall()
    assert queue.waiting() == set()
    let_pass(store, 10)
    assert reconcile(store, queue) == Reconciled(0, 2, 0)
    assert reconcile(store, queue) == NOTHING
    for step_id, fence in delivered(queue):
        claimed = claim(store, step_id, fence)
        assert claimed is not None
        assert complete(store, claimed, Outcome(None))
    advance(store, queue, job_id)
    done(store, job_id, "join")
    job = views.get(store, job_id, None)
    assert job is not None
    assert job.status == "succeeded"


def test_a_step_of_a_killed_worker_is_sent_under_a_new_fence(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = submitted(store, queue, owner_id).id
    frozen = taken(store, job_id, "plan")
    delivered(queue)
    let_pass(store, store.settings.lease_seconds - 1)
    assert reconcile(store, queue).expired_leases == 0
    let_pass(store, 2)
    assert reconcile(store, queue) == Reconciled(1, 0, 0)
    step = row(store, job_id, "plan")
    assert delivered(queue) == [(step.id, step.fence)]
    assert not renew(store, frozen)
    assert not complete(store, frozen, Outcome("a" * 64))
    assert taken(store, job_id, "plan").attempt == 2


def test_kills_count_as_attempts_and_the_last_makes_a_dead_letter(store: Store, queue: StepQueue, owner_id: int) -> None:
    quick = dataclasses.replace(store.settings, lease_seconds=0.2)
    few = dataclasses.replace(store, settings=quick)
    job_id = submitted(store, queue, owner_id).id
    for attempt in (1, 2, 3):
        (message,) = delivered(queue)
        begun = PROCESSES.Queue()
        worker = PROCESSES.Process(target=claim_and_freeze, args=(quick, *message, begun))
        worker.start()
        assert begun.get(timeout=60)
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
        worker.join(30)
        let_pass(store, 1)
        assert reconcile(few, queue).expired_leases == 1
        assert row(store, job_id, "plan").attempt == attempt
    job = views.get(store, job_id, None)
    assert job is not None
    assert (job.status, job.steps) == ("failed", {"dead": 1})
    assert job.error is not None
    assert job.error["code"] == "worker_lost"
    assert [letter.code for letter in list_dead(store)] == ["worker_lost"]
    assert delivered(queue) == []


def test_a_lost_delayed_retry_is_sent_when_its_time_has_come(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = submitted(store, queue, owner_id).id
    fail(store, taken(store, job_id, "plan"), "busy", "Busy.", retryable=True, retry_after=100)
    advance(store, queue, job_id)
    store.redis.flushall()
    let_pass(store, 50)
    assert reconcile(store, queue) == NOTHING
    let_pass(store, 300)
    assert reconcile(store, queue) == Reconciled(0, 1, 0)
    step = row(store, job_id, "plan")
    assert delivered(queue) == [(step.id, step.fence)]


def test_what_a_worker_left_between_complete_and_advance_is_done(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = submitted(store, queue, owner_id).id
    delivered(queue)
    done(store, job_id, "plan", Outcome(None, {}, SPOKEN))
    reconcile(store, queue)
    assert len(delivered(queue)) == 2
    assert row(store, job_id, "join").status == "waiting"


def test_what_a_worker_left_between_fail_and_advance_is_done(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = submitted(store, queue, owner_id).id
    delivered(queue)
    fail(store, taken(store, job_id, "plan"), "busy", "Busy.", retryable=True)
    reconcile(store, queue)
    step = row(store, job_id, "plan")
    assert delivered(queue) == [(step.id, step.fence)]


def test_a_message_that_a_live_worker_fetched_is_not_sent_again(store: Store, queue: StepQueue, owner_id: int) -> None:
    submitted(store, queue, owner_id)
    worker = make_broker(store.settings)
    assert len(worker.do_fetch("default-high", 10)) == 1
    assert len(queue.waiting()) == 1
    let_pass(store, 10)
    assert reconcile(store, queue) == NOTHING


def test_a_message_that_a_live_worker_forgot_is_sent_again_once(store: Store, queue: StepQueue, owner_id: int) -> None:
    submitted(store, queue, owner_id)
    worker = make_broker(store.settings)
    worker.do_fetch("default-high", 10)
    let_pass(store, 100)
    assert reconcile(store, queue) == Reconciled(0, 1, 0)
    let_pass(store, 100)
    assert reconcile(store, queue) == NOTHING, "it lies in the queue now"


def test_a_message_that_a_dead_worker_fetched_is_sent_again(store: Store, queue: StepQueue, owner_id: int) -> None:
    submitted(store, queue, owner_id)
    worker = make_broker(store.settings)
    worker.do_fetch("default-high", 10)
    queue.broker.client.zadd(f"{queue.broker.namespace}:__heartbeats__", {worker.broker_id: 1})
    assert queue.waiting() == set()
    let_pass(store, 10)
    assert reconcile(store, queue) == Reconciled(0, 1, 0)


def test_two_processes_that_reconcile_at_once_send_a_lost_step_once(store: Store, queue: StepQueue, owner_id: int) -> None:
    submitted(store, queue, owner_id, *[NewStep(f"s{number}", "k", "speech") for number in range(10)])
    store.redis.flushall()
    let_pass(store, 10)
    processes = [PROCESSES.Process(target=reconcile_in_process, args=(store.settings,)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    sent = delivered(queue)
    assert len(sent) == len(set(sent)) == 10


def test_leases_are_mended_even_while_redis_is_away(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = submitted(store, queue, owner_id).id
    taken(store, job_id, "plan")
    other = submitted(store, queue, owner_id).id
    let_pass(store, 100)
    nowhere = dataclasses.replace(store.settings, broker_redis_url="redis://127.0.0.1:1/1")
    with pytest.raises(redis.ConnectionError):
        reconcile(store, StepQueue(make_broker(nowhere)))
    assert row(store, job_id, "plan").status == "ready"
    assert row(store, other, "plan").status == "ready"
