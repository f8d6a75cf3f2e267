"""Steps that failed as often as they may, and how an admin lets them try again."""

from __future__ import annotations

import dataclasses
import logging
from datetime import datetime
from typing import cast

from sqlalchemy import select, update

import logs
from jobs import graph, progress
from jobs.advance import advance
from jobs.cancel import unmark_ended
from jobs.errors import NotReplayable
from jobs.model import JobKind, JobView
from jobs.queues import StepQueue
from jobs.views import view
from store import Store
from store.tables import JobRow, StepRow

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class DeadLetter:
    """A step that has no attempts left, and why the last one failed."""

    step_id: int
    job_id: str
    job_kind: JobKind
    owner_id: int
    title: str
    name: str
    kind: str
    attempts: int
    code: str
    message: str
    failed_at: datetime


def list_dead(store: Store, limit: int = 100, before: int | None = None) -> list[DeadLetter]:
    """The dead letters, newest steps first; `before` a step's id, to go on after the last of a page."""
    query = select(JobRow, StepRow).join(StepRow, StepRow.job_id == JobRow.id).where(StepRow.status == "dead")
    if before is not None:
        query = query.where(StepRow.id < before)
    with store.reads.begin() as session:
        return [_letter(job, step) for job, step in session.execute(query.order_by(StepRow.id.desc()).limit(limit))]


def replay(store: Store, queue: StepQueue, step_id: int) -> JobView:
    """Give the failed job of a dead letter another round of attempts, from where it stopped. Raises NotReplayable.

    A step that failed for good (not retryable) can be replayed as well, once its cause is mended. All steps of the job that
    are not done begin anew; the done ones are kept.
    """
    with store.sessions.begin() as session:
        job_id = session.scalar(select(StepRow.job_id).where(StepRow.id == step_id))
        job = graph.lock_job(session, job_id) if job_id else None
        step = session.get(StepRow, step_id, populate_existing=True) if job else None
        if job is None or step is None or job.status != "failed" or step.status not in ("dead", "failed"):
            raise NotReplayable(f"Step {step_id} is no dead letter of a failed job; list the dead letters to see which are.")
        session.execute(
            update(StepRow)
            .where(StepRow.job_id == job.id, StepRow.status != "done")
            .values(status="waiting", fence=StepRow.fence + 1, attempt=0, not_before=None, error_code=None, error_message=None)
            .execution_options(synchronize_session="fetch")
        )
        job.status, job.finished_at, job.error_code, job.error_message = "running", None, None, None
        session.flush()
        replayed = view(session, job)
    with logs.bound(job_id=replayed.id):
        logger.info("job replayed", extra={"step_id": step_id})
        unmark_ended(store, replayed.id)
        progress.forget(store, replayed.id)
        progress.refresh(store, replayed.id)
        advance(store, queue, replayed.id)
    return replayed


def _letter(job: JobRow, step: StepRow) -> DeadLetter:
    return DeadLetter(
        step_id=step.id,
        job_id=job.id,
        job_kind=cast(JobKind, job.kind),
        owner_id=job.owner_id,
        title=job.title,
        name=step.name,
        kind=step.kind,
        attempts=step.attempt,
        code=step.error_code or "",
        message=step.error_message or "",
        failed_at=step.finished_at or job.created_at,
    )
