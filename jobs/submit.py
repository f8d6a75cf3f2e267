"""Taking a job in: it and its first steps are written in one transaction, then the steps are sent to the workers."""

from __future__ import annotations

import logging
import uuid

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

import logs
from jobs import graph, progress, views
from jobs.advance import advance
from jobs.errors import BadGraph, IdempotencyConflict
from jobs.model import JobView, NewJob
from jobs.queues import StepQueue
from store import Store
from store.database import now
from store.tables import JobRow

logger = logging.getLogger(__name__)


def submit(
    store: Store,
    queue: StepQueue,
    new_job: NewJob,
    idempotency: tuple[str, str] | None = None,
    request_id: str | None = None,
) -> tuple[JobView, bool]:
    """Take a job in. Returns it and whether it was created now.

    `idempotency` is (key, hash of the body), the key unique to the owner: a second submit with both the same returns the
    first job, one with another body raises IdempotencyConflict. Raises BadGraph when the steps make no graph.
    A job that was taken in is never lost: when Redis does not answer, `reconcile` sends its steps later.
    """
    if not new_job.steps:
        raise BadGraph("A job needs at least one step.")
    earlier = submitted_before(store, new_job.owner_id, idempotency)
    if earlier is not None:
        return earlier, False
    job_id = uuid.uuid4().hex
    with logs.bound(job_id=job_id, request_id=request_id):
        try:
            _insert(store, job_id, new_job, idempotency, request_id)
        except IntegrityError:
            earlier = submitted_before(store, new_job.owner_id, idempotency)  # the same submit was faster elsewhere
            if earlier is None:
                raise
            return earlier, False
        logger.info("job submitted", extra={"kind": new_job.kind, "owner_id": new_job.owner_id, "priority": new_job.priority})
        progress.refresh(store, job_id)
        advance(store, queue, job_id)
        created = views.get(store, job_id, None)
    if created is None:
        raise RuntimeError(f"Job {job_id} was deleted while it was submitted.")
    return created, True


def submitted_before(store: Store, owner_id: int, idempotency: tuple[str, str] | None) -> JobView | None:
    """The job that an earlier submit with the same idempotency key made, or None. Raises IdempotencyConflict.

    Worth asking before the work of reading and keeping an input; `submit` asks again, as another may come in between.
    """
    if idempotency is None:
        return None
    key, body_hash = idempotency
    with store.reads.begin() as session:
        query = select(JobRow).where(JobRow.owner_id == owner_id, JobRow.idempotency_key == key)
        job = session.scalars(query).one_or_none()
        if job is None:
            return None
        if job.body_hash != body_hash:
            raise IdempotencyConflict("This Idempotency-Key came before with another request; use a new key for a new request.")
        return views.view(session, job)


def _insert(store: Store, job_id: str, new_job: NewJob, idempotency: tuple[str, str] | None, request_id: str | None) -> None:
    key, body_hash = idempotency or (None, None)
    with store.sessions.begin() as session:
        session.add(
            JobRow(
                id=job_id,
                kind=new_job.kind,
                owner_id=new_job.owner_id,
                title=new_job.title,
                priority=new_job.priority,
                request=new_job.request,
                request_id=request_id,
                idempotency_key=key,
                body_hash=body_hash,
                status="queued",
                created_at=now(session),
            )
        )
        session.flush()
        graph.add_steps(session, job_id, new_job.steps)
