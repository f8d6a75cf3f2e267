"""Cancelling a job, and the quick question whether work for it must stop."""

from __future__ import annotations

import logging

import redis
from sqlalchemy import select

import logs
from jobs import graph, progress, views
from jobs.model import ENDED, JobView
from jobs.settling import cancel_job
from store import Store, keys
from store.tables import JobRow

logger = logging.getLogger(__name__)


def cancel(store: Store, job_id: str) -> JobView | None:
    """Cancel a job. When this returns, nothing more can be written for it. None when there is no such job.

    A job that has ended already stays as it is; look at the view's status.
    """
    with logs.bound(job_id=job_id):
        with store.sessions.begin() as session:
            job = graph.lock_job(session, job_id)
            if job is None:
                return None
            if job.status not in ENDED:
                cancel_job(session, job)
            status = job.status
        if status == "cancelled":
            _mark_ended(store, job_id)
            progress.refresh(store, job_id)
        return views.get(store, job_id, None)


def is_cancelled(store: Store, job_id: str) -> bool:
    """Whether work for the job must stop, as it was cancelled, has failed, or was deleted. Cheap: mostly one Redis GET.

    Every loop asks it between two passages, frames or ODE steps. After a cancel it says True at once.
    """
    try:
        mark = store.redis.get(keys.ended(job_id))
        if mark is None:
            ended = _ended_in_database(store, job_id)
            # Not for long, as a failed job may be replayed; and never over the mark of a cancel that came meanwhile.
            store.redis.set(keys.ended(job_id), "1" if ended else "0", ex=keys.ANSWER_SECONDS, nx=True)
            return ended
        return mark == "1"
    except redis.RedisError as error:
        logger.warning("Redis does not answer, the database is asked", extra={"job_id": job_id, "error": str(error)})
        return _ended_in_database(store, job_id)


def unmark_ended(store: Store, job_id: str) -> None:
    """Forget that the job ended: it is replayed."""
    try:
        store.redis.delete(keys.ended(job_id))
    except redis.RedisError as error:
        logger.warning("mark of an ended job not removed", extra={"job_id": job_id, "error": str(error)})


def _ended_in_database(store: Store, job_id: str) -> bool:
    with store.reads.begin() as session:
        status = session.scalar(select(JobRow.status).where(JobRow.id == job_id))
    return status in (None, "failed", "cancelled")


def _mark_ended(store: Store, job_id: str) -> None:
    try:
        store.redis.set(keys.ended(job_id), "1", ex=keys.ENDED_SECONDS)
    except redis.RedisError as error:
        # The fences in the database refuse every write; only the workers learn of it a little later.
        logger.warning("cancelled job not marked in Redis", extra={"job_id": job_id, "error": str(error)})
