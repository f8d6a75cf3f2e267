from __future__ import annotations

import base64

import pytest
from sqlalchemy import update

from jobs.cancel import cancel
from jobs.errors import BadCursor
from jobs.model import JobStatus
from jobs.queues import StepQueue
from jobs.views import list_jobs
from store import Store, api_keys
from store.tables import JobRow
from tests.jobs.driving import submitted, taken


def test_the_pages_of_a_list_hold_every_job_once_newest_first(store: Store, queue: StepQueue, owner_id: int) -> None:
    ids = [submitted(store, queue, owner_id).id for _ in range(5)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page, cursor = list_jobs(store, owner_id, limit=2, cursor=cursor)
        seen += [job.id for job in page]
        if len(seen) == 2:
            submitted(store, queue, owner_id)
        if cursor is None:
            break
    assert seen == ids[::-1]


def test_jobs_of_the_same_instant_are_paged_without_a_gap(store: Store, queue: StepQueue, owner_id: int) -> None:
    ids = {submitted(store, queue, owner_id).id for _ in range(3)}
    with store.sessions.begin() as session:
        time = session.get_one(JobRow, min(ids)).created_at
        session.execute(update(JobRow).values(created_at=time))
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        page, cursor = list_jobs(store, owner_id, limit=1, cursor=cursor)
        seen += [job.id for job in page]
    assert cursor is None
    assert seen == sorted(ids, reverse=True)


def test_a_list_shows_the_owners_jobs_and_an_admin_sees_all(store: Store, queue: StepQueue, owner_id: int) -> None:
    other = api_keys.create(store, "other")[0].id
    mine, theirs = submitted(store, queue, owner_id).id, submitted(store, queue, other).id
    assert [job.id for job in list_jobs(store, owner_id)[0]] == [mine]
    assert [job.id for job in list_jobs(store, other)[0]] == [theirs]
    assert [job.id for job in list_jobs(store, None)[0]] == [theirs, mine]


def test_a_list_is_narrowed_by_status_and_kind(store: Store, queue: StepQueue, owner_id: int) -> None:
    queued, running, cancelled = (submitted(store, queue, owner_id).id for _ in range(3))
    taken(store, running, "plan")
    cancel(store, cancelled)
    expected: dict[JobStatus, str] = {"queued": queued, "running": running, "cancelled": cancelled}
    for status, job_id in expected.items():
        assert [job.id for job in list_jobs(store, owner_id, status=status)[0]] == [job_id]
    assert list_jobs(store, owner_id, kind="video") == ([], None)
    assert len(list_jobs(store, owner_id, kind="speech")[0]) == 3


def forged(time: str, job_id: str = "0" * 32) -> str:
    return base64.urlsafe_b64encode(f"{time}|{job_id}".encode()).decode().rstrip("=")


MADE_UP = {
    "empty": "",
    "no base64": "x",
    "not ASCII": "ỳ",
    "no UTF-8": "AAAA",
    "no time": forged("not a time"),
    "before the first day in UTC": forged("0001-01-01T00:00:00+14:00"),
    "after the last day in UTC": forged("9999-12-31T23:59:59-14:00"),
    "NUL in the id": forged("2026-11-21T12:00:00+00:00", "\0" * 32),
    "no id": forged("2026-11-21T12:00:00+00:00", "abc"),
}


@pytest.mark.parametrize("cursor", MADE_UP.values(), ids=MADE_UP.keys())
def test_a_made_up_cursor_is_refused(store: Store, owner_id: int, cursor: str) -> None:
    with pytest.raises(BadCursor, match="begin again"):
        list_jobs(store, owner_id, cursor=cursor)


def test_a_forged_cursor_that_has_the_form_of_one_finds_nothing_that_is_not_there(store: Store, owner_id: int) -> None:
    assert list_jobs(store, owner_id, cursor=forged("0001-01-01T00:00:00+00:00")) == ([], None)
