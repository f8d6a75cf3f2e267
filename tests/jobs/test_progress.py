from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from jobs.advance import advance
from jobs.claims import complete, fail
from jobs.dead_letters import list_dead, replay
from jobs.model import NewStep, Outcome
from jobs.progress import read, report
from jobs.queues import StepQueue
from store import Store, keys, open_store
from store.tables import JobRow
from tests.jobs.driving import SPOKEN, done, submitted, taken, with_attempts


def planned(store: Store, queue: StepQueue, owner_id: int) -> str:
    """A job whose plan is done: two passages of weight 3 each, and a join of weight 1, are to come."""
    job_id = submitted(store, queue, owner_id).id
    done(store, job_id, "plan", Outcome(None, {}, SPOKEN))
    advance(store, queue, job_id)
    return job_id


def began_earlier(store: Store, job_id: str, seconds: float) -> None:
    with store.sessions.begin() as session:
        job = session.scalars(select(JobRow).where(JobRow.id == job_id)).one()
        assert job.started_at is not None
        job.started_at -= timedelta(seconds=seconds)


def test_a_new_job_has_done_nothing_yet(store: Store, queue: StepQueue, owner_id: int) -> None:
    document = read(store, submitted(store, queue, owner_id).id)
    updated_at = datetime.fromisoformat(document.pop("updated_at"))
    assert updated_at.tzinfo is not None
    assert document == {"status": "queued", "stage": "", "done": 0, "total": 1, "percent": 0.0, "eta": None, "message": ""}


def test_the_percent_weighs_the_steps_and_what_is_done_of_each(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = planned(store, queue, owner_id)
    assert read(store, job_id)["percent"] == 5.0
    report(store, taken(store, job_id, "speak:0"), 0.5, "Passage 1 of 2")
    document = read(store, job_id)
    assert document["percent"] == pytest.approx(5 + 95 * 1.5 / 7, abs=0.05)
    assert (document["stage"], document["message"]) == ("speak", "Passage 1 of 2")
    assert (document["done"], document["total"], document["status"]) == (1, 4, "running")
    done(store, job_id, "speak:1")
    assert read(store, job_id)["percent"] == pytest.approx(5 + 95 * 4.5 / 7, abs=0.05)


def test_a_job_that_succeeded_is_at_hundred_percent_and_one_that_works_is_not(
    store: Store, queue: StepQueue, owner_id: int
) -> None:
    job_id = submitted(store, queue, owner_id, NewStep("a", "k", "default"), NewStep("b", "k", "default")).id
    done(store, job_id, "a")
    last = taken(store, job_id, "b")
    report(store, last, 1.0, "Nearly")
    assert read(store, job_id)["percent"] == 99.9
    assert complete(store, last, Outcome(None))
    document = read(store, job_id)
    assert (document["status"], document["percent"], document["eta"], document["done"]) == ("succeeded", 100.0, 0.0, 2)


def test_the_percent_never_falls(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = planned(store, queue, owner_id)
    claimed = taken(store, job_id, "speak:0")
    report(store, claimed, 0.8, "far")
    far = read(store, job_id)["percent"]
    report(store, claimed, 0.3, "back")
    assert read(store, job_id)["percent"] == far
    fail(store, claimed, "timeout", "No answer.", retryable=True)
    advance(store, queue, job_id)
    report(store, taken(store, job_id, "speak:0"), 0.1, "again")
    assert read(store, job_id)["percent"] == far


def test_a_report_with_an_old_fence_changes_nothing(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = planned(store, queue, owner_id)
    frozen = taken(store, job_id, "speak:0")
    fail(store, frozen, "timeout", "No answer.", retryable=True)
    advance(store, queue, job_id)
    before = read(store, job_id)
    report(store, frozen, 0.9, "late")
    assert read(store, job_id) == before


def test_reports_from_many_threads_are_all_counted(store: Store, queue: StepQueue, owner_id: int) -> None:
    steps = [NewStep(f"s{number}", "k", "speech") for number in range(9)]
    job_id = submitted(store, queue, owner_id, *steps).id
    claims = [taken(store, job_id, step.name) for step in steps]

    def work(number: int) -> list[float]:
        seen = []
        for tenth in range(1, 11):
            report(store, claims[number], tenth / 10, f"{tenth}")
            seen.append(read(store, job_id)["percent"])
        return seen

    with ThreadPoolExecutor(8) as pool:
        for seen in pool.map(work, range(1, 9)):
            assert seen == sorted(seen)
    assert read(store, job_id)["percent"] == 95.0


def test_progress_is_read_from_the_database_after_redis_lost_it(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = planned(store, queue, owner_id)
    done(store, job_id, "speak:0")
    before = read(store, job_id)
    store.redis.flushall()
    after = read(store, job_id)
    assert {**after, "updated_at": ""} == {**before, "updated_at": ""}
    assert store.redis.ttl(keys.progress(job_id)) > 0
    store.redis.flushall()
    claimed = taken(store, job_id, "speak:1")
    store.redis.flushall()
    report(store, claimed, 0.5, "half")
    assert read(store, job_id)["percent"] == pytest.approx(5 + 95 * 4.5 / 7, abs=0.05)


def test_progress_is_told_and_work_goes_on_while_redis_is_away(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = planned(store, queue, owner_id)
    away = open_store(dataclasses.replace(store.settings, redis_url="redis://127.0.0.1:1/0"))
    claimed = taken(away, job_id, "speak:0")
    report(away, claimed, 0.5, "half")
    assert complete(away, claimed, Outcome(None))
    assert read(away, job_id)["percent"] == pytest.approx(5 + 95 * 3 / 7, abs=0.05)


def test_the_eta_follows_the_pace_and_is_not_guessed(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = planned(store, queue, owner_id)
    assert read(store, job_id)["eta"] is None
    claimed = taken(store, job_id, "speak:0")
    began_earlier(store, job_id, 60)
    done(store, job_id, "speak:1")
    document = read(store, job_id)
    assert document["eta"] == pytest.approx(60 * (100 - document["percent"]) / document["percent"], rel=0.1)
    report(store, claimed, 1.0, "spoken")
    assert read(store, job_id)["eta"] < document["eta"]


def test_a_failed_job_tells_why_and_a_replayed_one_begins_from_what_is_done(
    store: Store, queue: StepQueue, owner_id: int
) -> None:
    job_id = planned(store, queue, owner_id)
    claimed = taken(store, job_id, "speak:0")
    report(store, claimed, 0.9, "far")
    fail(with_attempts(store, 1), claimed, "timeout", "No answer.", retryable=True)
    document = read(store, job_id)
    assert (document["status"], document["message"], document["eta"]) == ("failed", "No answer.", None)
    replay(store, queue, list_dead(store)[0].step_id)
    document = read(store, job_id)
    assert (document["status"], document["percent"], document["message"]) == ("running", 5.0, "")


def test_there_is_no_progress_of_a_job_that_is_not_there(store: Store) -> None:
    assert read(store, "0" * 32) == {}
