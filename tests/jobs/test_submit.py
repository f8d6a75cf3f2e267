from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.synchronize import Barrier

import pytest
from sqlalchemy import func, select

from jobs import views
from jobs.errors import BadGraph, IdempotencyConflict
from jobs.model import NewStep
from jobs.progress import read, report
from jobs.queues import StepQueue, make_broker
from jobs.reconcile import reconcile
from jobs.submit import submit
from settings import Settings
from store import Store, api_keys, open_store
from store.tables import JobRow, StepRow
from tests.jobs.driving import PLAN, delivered, let_pass, new_job, row, taken
from tests.services import PROCESSES


def submit_together(settings: Settings, owner_id: int, together: Barrier) -> None:
    store, queue = open_store(settings), StepQueue(make_broker(settings))
    store.redis.ping()
    together.wait(60)
    submit(store, queue, new_job(owner_id), ("the-key", "hash"))


def count(store: Store, table: type) -> int:
    with store.reads.begin() as session:
        return session.scalars(select(func.count()).select_from(table)).one()


def test_a_submitted_job_is_queued_and_its_first_step_sent_once(store: Store, queue: StepQueue, owner_id: int) -> None:
    job, created = submit(store, queue, new_job(owner_id), request_id="r-1")
    assert created
    assert (job.status, job.title, job.owner_id, job.steps) == ("queued", "A talk", owner_id, {"ready": 1})
    assert job.created_at.tzinfo is not None
    assert job.started_at is job.finished_at is job.error is None
    step = row(store, job.id, "plan")
    assert delivered(queue) == [(step.id, step.fence)]


def test_a_message_holds_a_step_and_a_fence_and_nothing_else(store: Store, queue: StepQueue, owner_id: int) -> None:
    submit(store, queue, dataclasses.replace(new_job(owner_id), title="Secret title", priority="low"))
    (data,) = queue.broker.do_fetch("default-low", 10)
    assert b"Secret" not in data
    assert b'"args":[1,1],"kwargs":{}' in data.replace(b" ", b"")


def test_the_same_submit_again_returns_the_same_job(store: Store, queue: StepQueue, owner_id: int) -> None:
    first, _ = submit(store, queue, new_job(owner_id), ("key", "hash"))
    second, created = submit(store, queue, new_job(owner_id), ("key", "hash"))
    assert not created
    assert second == first
    assert len(delivered(queue)) == 1


def test_an_idempotency_key_with_another_body_is_refused(store: Store, queue: StepQueue, owner_id: int) -> None:
    submit(store, queue, new_job(owner_id), ("key", "hash"))
    with pytest.raises(IdempotencyConflict) as caught:
        submit(store, queue, new_job(owner_id), ("key", "other"))
    assert caught.value.code == "idempotency_key_reused"
    assert count(store, JobRow) == 1


def test_two_owners_may_use_the_same_idempotency_key(store: Store, queue: StepQueue, owner_id: int) -> None:
    other = api_keys.create(store, "other")[0].id
    first, _ = submit(store, queue, new_job(owner_id), ("key", "hash"))
    second, created = submit(store, queue, new_job(other), ("key", "other"))
    assert created
    assert second.id != first.id


def test_the_same_submit_from_many_threads_makes_one_job(store: Store, queue: StepQueue, owner_id: int) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: submit(store, queue, new_job(owner_id), ("key", "hash")), range(8)))
    assert len({job.id for job, _ in results}) == 1
    assert sum(created for _, created in results) == 1
    assert count(store, StepRow) == 1


def test_the_same_submit_from_several_processes_makes_one_job(store: Store, queue: StepQueue, owner_id: int) -> None:
    together = PROCESSES.Barrier(3)
    arguments = (store.settings, owner_id, together)
    processes = [PROCESSES.Process(target=submit_together, args=arguments) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(90)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert count(store, JobRow) == count(store, StepRow) == len(delivered(queue)) == 1


def test_a_job_taken_in_while_redis_is_away_is_sent_by_reconcile(store: Store, queue: StepQueue, owner_id: int) -> None:
    nowhere = dataclasses.replace(store.settings, redis_url="redis://127.0.0.1:1/0", broker_redis_url="redis://127.0.0.1:1/1")
    job, created = submit(open_store(nowhere), StepQueue(make_broker(nowhere)), new_job(owner_id))
    assert created
    assert delivered(queue) == []
    let_pass(store, 60)
    assert reconcile(store, queue).requeued == 1
    step = row(store, job.id, "plan")
    assert delivered(queue) == [(step.id, step.fence)]


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ((PLAN, PLAN), "named 'plan'"),
        ((NewStep("a", "k", "default", ("b",)),), "comes after 'b'"),
        ((NewStep("a", "k", "default", ("b",)), NewStep("b", "k", "default", ("a",))), "wait for each other"),
    ],
)
def test_steps_that_make_no_graph_are_refused_whole(
    store: Store, queue: StepQueue, owner_id: int, steps: tuple[NewStep, ...], why: str
) -> None:
    with pytest.raises(BadGraph, match=why):
        submit(store, queue, new_job(owner_id, *steps))
    assert count(store, JobRow) == count(store, StepRow) == 0


def test_a_title_with_characters_that_no_database_keeps_is_kept_without_them(
    store: Store, queue: StepQueue, owner_id: int
) -> None:
    job, _ = submit(store, queue, dataclasses.replace(new_job(owner_id), title="Chào\0 bạn \ud83d!"))
    assert job.title == "Chào bạn !"
    report(store, taken(store, job.id, "plan"), 0.5, "\0 \ud83d")
    assert read(store, job.id)["percent"] == 2.5


def test_a_job_without_steps_is_refused(store: Store, queue: StepQueue, owner_id: int) -> None:
    with pytest.raises(BadGraph, match="at least one step"):
        submit(store, queue, dataclasses.replace(new_job(owner_id), steps=()))


def test_a_job_is_seen_by_its_owner_and_by_an_admin_only(store: Store, queue: StepQueue, owner_id: int) -> None:
    job, _ = submit(store, queue, new_job(owner_id))
    assert views.get(store, job.id, owner_id) == views.get(store, job.id, None) == job
    assert views.get(store, job.id, owner_id + 1) is None
    assert views.get(store, "0" * 32, None) is None
