from __future__ import annotations

import dataclasses

from jobs import views
from jobs.advance import advance
from jobs.cancel import cancel, is_cancelled
from jobs.claims import claim, complete, fail, renew
from jobs.model import Outcome, ResultFile
from jobs.progress import read, report
from jobs.queues import StepQueue
from jobs.reconcile import Reconciled, reconcile
from store import Store, keys, open_store
from tests.jobs.driving import SPOKEN, delivered, done, let_pass, row, submitted, take, taken

FILE = ResultFile("speech.wav", "a" * 64, "speech.wav", "audio/wav", 1)


def test_nothing_is_written_after_a_cancel(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = submitted(store, queue, owner_id).id
    claimed = taken(store, job_id, "plan")
    cancelled = cancel(store, job_id)
    assert cancelled is not None
    assert (cancelled.status, cancelled.steps) == ("cancelled", {"cancelled": 1})
    assert cancelled.finished_at is not None
    assert is_cancelled(store, job_id)
    assert row(store, job_id, "plan").fence > claimed.fence
    assert not renew(store, claimed)
    assert not complete(store, claimed, Outcome("a" * 64, new_steps=SPOKEN, files=(FILE,)))
    fail(store, claimed, "late", "Too late.", retryable=True)
    report(store, claimed, 0.9, "late")
    advance(store, queue, job_id)
    let_pass(store, 3600)
    assert reconcile(store, queue) == Reconciled(0, 0, 0)
    assert views.get(store, job_id, None) == cancelled
    assert read(store, job_id)["status"] == "cancelled"


def test_the_queued_messages_of_a_cancelled_job_do_nothing(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = submitted(store, queue, owner_id).id
    cancel(store, job_id)
    assert [claim(store, step_id, fence) for step_id, fence in delivered(queue)] == [None]
    assert take(store, job_id, "plan") is None


def test_what_was_finished_before_a_cancel_stays(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = submitted(store, queue, owner_id).id
    done(store, job_id, "plan", Outcome("a" * 64, new_steps=SPOKEN, files=(FILE,)))
    cancelled = cancel(store, job_id)
    assert cancelled is not None
    assert (cancelled.files, cancelled.steps) == ((FILE,), {"done": 1, "cancelled": 3})
    assert row(store, job_id, "plan").address == "a" * 64


def test_a_job_that_ended_is_not_cancelled_any_more(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = submitted(store, queue, owner_id).id
    done(store, job_id, "plan")
    before = views.get(store, job_id, None)
    assert before is not None
    assert before.status == "succeeded"
    assert cancel(store, job_id) == before
    assert not is_cancelled(store, job_id)


def test_a_cancel_may_come_twice_and_a_job_that_is_not_there_has_none(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = submitted(store, queue, owner_id).id
    assert cancel(store, job_id) == cancel(store, job_id)
    assert cancel(store, "0" * 32) is None
    assert is_cancelled(store, "0" * 32), "a deleted job needs no more work"


def test_a_cancel_is_seen_at_once_by_who_asked_just_before(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = submitted(store, queue, owner_id).id
    assert not is_cancelled(store, job_id)
    assert store.redis.get(keys.ended(job_id)) == "0"
    cancel(store, job_id)
    assert is_cancelled(store, job_id)


def test_a_cancel_is_seen_after_redis_lost_its_data_and_while_it_is_away(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = submitted(store, queue, owner_id).id
    alive = submitted(store, queue, owner_id).id
    cancel(store, job_id)
    store.redis.flushall()
    assert is_cancelled(store, job_id)
    away = open_store(dataclasses.replace(store.settings, redis_url="redis://127.0.0.1:1/0"))
    assert is_cancelled(away, job_id)
    assert not is_cancelled(away, alive)
    other = cancel(away, alive)
    assert other is not None
    assert other.status == "cancelled"


def test_work_beside_a_failed_step_is_told_to_stop(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = submitted(store, queue, owner_id).id
    fail(store, taken(store, job_id, "plan"), "bad_document", "No text.", retryable=False)
    assert is_cancelled(store, job_id)
