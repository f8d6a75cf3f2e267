"""How a job ends. All of it happens in the transaction that holds the job's lock."""

from __future__ import annotations

import logging

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from jobs.model import ENDED, OPEN, JobStatus
from store.database import now
from store.tables import JobRow, StepRow

logger = logging.getLogger(__name__)


def settle(session: Session, job: JobRow) -> bool:
    """End a locked job as succeeded when all its steps are done. True when it ended now."""
    if job.status in ENDED:
        return False
    session.flush()
    if session.scalar(select(exists().where(StepRow.job_id == job.id, StepRow.status != "done"))):
        return False
    _end(session, job, "succeeded")
    return True


def fail_job(session: Session, job: JobRow, code: str, message: str) -> None:
    """End a locked job as failed; what else it was doing stops."""
    job.error_code, job.error_message = code, message
    _end(session, job, "failed")


def cancel_job(session: Session, job: JobRow) -> None:
    """End a locked job as cancelled; no fence of its steps is valid any more."""
    _end(session, job, "cancelled")


def _end(session: Session, job: JobRow, status: JobStatus) -> None:
    session.flush()
    job.status, job.finished_at = status, now(session)
    session.execute(
        update(StepRow)
        .where(StepRow.job_id == job.id, StepRow.status.in_(OPEN))
        .values(status="cancelled", fence=StepRow.fence + 1, lease_until=None)
        .execution_options(synchronize_session="fetch")
    )
    session.flush()
    logger.info("job ended", extra={"job_id": job.id, "status": status, "code": job.error_code})
