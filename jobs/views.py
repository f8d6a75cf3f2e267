"""Jobs as their owners see them."""

from __future__ import annotations

import base64
import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from jobs.errors import BadCursor
from jobs.model import JobKind, JobStatus, JobView, ResultFile
from store import Store
from store.tables import JobFileRow, JobRow, StepRow

#: The most jobs one page of a list may have.
MAX_PAGE = 200

_ID = re.compile("[0-9a-f]{32}")


def get(store: Store, job_id: str, owner_id: int | None) -> JobView | None:
    """The job, or None when there is none or it belongs to another owner. `owner_id` None sees the jobs of all."""
    with store.reads.begin() as session:
        job = session.get(JobRow, job_id)
        if job is None or (owner_id is not None and job.owner_id != owner_id):
            return None
        return view(session, job)


def list_jobs(
    store: Store,
    owner_id: int | None,
    status: JobStatus | None = None,
    kind: JobKind | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> tuple[list[JobView], str | None]:
    """A page of jobs, newest first, and the cursor of the next page or None. Raises BadCursor.

    New jobs do not shift the pages. `limit` is held between 1 and MAX_PAGE.
    """
    limit = max(1, min(limit, MAX_PAGE))
    query = _selected(owner_id, status, kind, cursor).order_by(JobRow.created_at.desc(), JobRow.id.desc())
    with store.reads.begin() as session:
        rows = session.scalars(query.limit(limit + 1)).all()
        page = rows[:limit]
        following = _cursor(page[-1]) if len(rows) > limit else None
        return _views(session, page), following


def view(session: Session, job: JobRow) -> JobView:
    """The view of one job."""
    return _views(session, [job])[0]


def _selected(owner_id: int | None, status: str | None, kind: str | None, cursor: str | None) -> Select[JobRow]:
    query = select(JobRow)
    if owner_id is not None:
        query = query.where(JobRow.owner_id == owner_id)
    if status is not None:
        query = query.where(JobRow.status == status)
    if kind is not None:
        query = query.where(JobRow.kind == kind)
    if cursor is not None:
        created_at, job_id = _position(cursor)
        older = or_(JobRow.created_at < created_at, and_(JobRow.created_at == created_at, JobRow.id < job_id))
        query = query.where(older)
    return query


def _views(session: Session, jobs: Sequence[JobRow]) -> list[JobView]:
    ids = [job.id for job in jobs]
    files: dict[str, list[ResultFile]] = defaultdict(list)
    for row in session.scalars(select(JobFileRow).where(JobFileRow.job_id.in_(ids)).order_by(JobFileRow.id)):
        files[row.job_id].append(ResultFile(row.name, row.address, row.entry, row.media_type, row.size))
    steps: dict[str, dict[str, int]] = defaultdict(dict)
    counts = select(StepRow.job_id, StepRow.status, func.count()).where(StepRow.job_id.in_(ids))
    for job_id, status, count in session.execute(counts.group_by(StepRow.job_id, StepRow.status)):
        steps[job_id][status] = count
    return [_view(job, tuple(files[job.id]), steps[job.id]) for job in jobs]


def _view(job: JobRow, files: tuple[ResultFile, ...], steps: dict[str, int]) -> JobView:
    return JobView(
        id=job.id,
        kind=cast(JobKind, job.kind),
        title=job.title,
        status=cast(JobStatus, job.status),
        owner_id=job.owner_id,
        request=job.request,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        error={"code": job.error_code, "message": job.error_message or ""} if job.error_code else None,
        files=files,
        steps=steps,
    )


def _cursor(job: JobRow) -> str:
    return base64.urlsafe_b64encode(f"{job.created_at.isoformat()}|{job.id}".encode()).decode().rstrip("=")


def _position(cursor: str) -> tuple[datetime, str]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        created_at, job_id = text.split("|")
        if not _ID.fullmatch(job_id):
            raise ValueError("no id of a job")
        return datetime.fromisoformat(created_at).astimezone(UTC), job_id
    except (ValueError, OverflowError):  # binascii.Error is a ValueError; the first and last days of time overflow
        raise BadCursor("This cursor was not given out by a list of jobs; begin again without one.") from None
