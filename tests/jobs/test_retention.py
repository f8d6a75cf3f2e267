from __future__ import annotations

import dataclasses
import os
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from jobs import views
from jobs.cancel import cancel
from jobs.model import NewStep, Outcome, ResultFile
from jobs.progress import read
from jobs.queues import StepQueue
from jobs.retention import Removed, references, remove_expired
from jobs.submit import submit
from store import Store, keys
from store.files import address_of
from store.tables import JobFileRow, JobRow, StepEdgeRow, StepRow
from tests.jobs.driving import PLAN, done, new_job, submitted

MONTH = timedelta(days=30)


def old_entry(store: Store, name: str) -> str:
    """Publish an entry of five bytes and let two days pass for it."""
    address = address_of("entry", name=name)
    store.files.publish(address, {"a": b"12345"})
    folder = store.files.path(address, "a").parent
    before = folder.stat().st_mtime - timedelta(days=2).total_seconds()
    os.utime(folder, (before, before))
    return address


def let_end_earlier(store: Store, job_id: str, ago: timedelta) -> None:
    with store.sessions.begin() as session:
        job = session.get_one(JobRow, job_id)
        assert job.finished_at is not None
        job.finished_at -= ago


def test_jobs_that_ended_long_ago_go_with_all_their_rows(store: Store, queue: StepQueue, owner_id: int) -> None:
    old = submitted(store, queue, owner_id, PLAN, NewStep("next", "k", "default", ("plan",))).id
    done(store, old, "plan", Outcome("a" * 64, files=(ResultFile("f", "a" * 64, "f", "text/plain", 1),)))
    cancel(store, old)
    recent, live = submitted(store, queue, owner_id).id, submitted(store, queue, owner_id).id
    cancel(store, recent)
    let_end_earlier(store, old, MONTH)
    let_end_earlier(store, recent, MONTH / 2)
    assert remove_expired(store, MONTH).jobs == 1
    assert views.get(store, old, None) is None
    assert read(store, old) == {}
    assert store.redis.exists(keys.progress(old)) == 0
    assert {job.id for job in views.list_jobs(store, None)[0]} == {recent, live}
    with store.reads.begin() as session:
        counts = [session.scalar(select(func.count()).select_from(table)) for table in (StepRow, StepEdgeRow, JobFileRow)]
    assert counts == [2, 0, 0]


def test_many_expired_jobs_go_in_several_transactions(
    store: Store, queue: StepQueue, owner_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.retention.BATCH", 2)
    for _ in range(5):
        job_id = submitted(store, queue, owner_id).id
        cancel(store, job_id)
        let_end_earlier(store, job_id, MONTH)
    assert remove_expired(store, MONTH).jobs == 5


def test_an_entry_stays_as_long_as_any_job_refers_to_it(store: Store, queue: StepQueue, owner_id: int) -> None:
    roles = ("input", "images", "output", "file", "passage 1", "passage 2")
    entries = {role: old_entry(store, role) for role in roles}
    orphan = old_entry(store, "orphan")
    request = {"input": entries["input"], "images": {"address": entries["images"], "names": ["a"]}}
    job_id = submit(store, queue, dataclasses.replace(new_job(owner_id), request=request))[0].id
    file = ResultFile("speech.wav", entries["file"], "a", "audio/wav", 5)
    summary = {"entries": [entries["passage 1"], entries["passage 2"]]}
    done(store, job_id, "plan", Outcome(entries["output"], summary, files=(file,)))
    assert references(store) == set(entries.values())
    assert remove_expired(store, MONTH) == Removed(jobs=0, entries=1, bytes=5)
    assert {entry.address for entry in store.files.entries()} == set(entries.values())
    assert not store.files.has(orphan)
    let_end_earlier(store, job_id, MONTH)
    assert remove_expired(store, MONTH) == Removed(jobs=1, entries=6, bytes=30)
    assert list(store.files.entries()) == []


def test_a_young_entry_stays_as_its_job_may_be_coming(store: Store) -> None:
    old_entry(store, "old")
    asked_for = old_entry(store, "asked for")
    assert store.files.has(asked_for)
    new = address_of("entry", name="new")
    store.files.publish(new, {"a": b"12345"})
    assert remove_expired(store, MONTH).entries == 1
    assert {entry.address for entry in store.files.entries()} == {asked_for, new}


def test_a_request_without_images_refers_to_its_input_only(store: Store, queue: StepQueue, owner_id: int) -> None:
    request = {"input": "a" * 64, "images": None}
    submit(store, queue, dataclasses.replace(new_job(owner_id), request=request))
    assert references(store) == {"a" * 64}
