"""Making the queues agree with the database again, after workers died or Redis lost its data. Runs on a schedule."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import math
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, or_, select, update

import logs
from jobs import graph, progress
from jobs.advance import Sending, advance, send, sending
from jobs.claims import record_failure
from jobs.model import ENDED
from jobs.queues import StepQueue
from store import Store
from store.database import now
from store.tables import JobRow, StepRow

logger = logging.getLogger(__name__)

#: Seconds that a ready step may be on its way from the database to its queue.
GRACE_SECONDS = 2.0

#: Seconds after which a message that a live worker fetched, but did not begin, is sent once more. A worker that lost its
#: connection to Redis for a moment forgets what it had fetched, and dramatiq gives that back only when the process ends.
FETCHED_SECONDS = 60.0

#: Why a step failed whose worker's lease ran out once too often.
WORKER_LOST = "worker_lost"


@dataclasses.dataclass(frozen=True)
class Reconciled:
    """What was mended: leases that had run out, steps sent again, jobs that ended."""

    expired_leases: int
    requeued: int
    settled: int


def reconcile(store: Store, queue: StepQueue) -> Reconciled:
    """Mend what was left behind. Safe to run at any time, in several processes at once.

    Raises redis.RedisError when the queues cannot be read; what the database alone could mend is mended by then.
    """
    expired = _expire_leases(store)
    settled = _advance_stuck(store, queue)
    requeued = _send_again(store, queue)
    result = Reconciled(expired, requeued, settled)
    if result != Reconciled(0, 0, 0):
        logger.info("reconciled", extra=dataclasses.asdict(result))
    return result


def _expire_leases(store: Store) -> int:
    """Take steps from workers whose leases ran out: such an attempt counts, and the last one makes a dead letter."""
    with store.reads.begin() as session:
        query = select(StepRow.job_id, StepRow.id).where(StepRow.status == "running", StepRow.lease_until < now(session))
        candidates = session.execute(query).all()
    return sum(_expire(store, job_id, step_id) for job_id, step_id in candidates)


def _expire(store: Store, job_id: str, step_id: int) -> bool:
    with contextlib.ExitStack() as about:
        about.enter_context(logs.bound(job_id=job_id))
        with store.sessions.begin() as session:
            job = graph.lock_job(session, job_id)
            step = session.get(StepRow, step_id, populate_existing=True)
            if job is None or job.status in ENDED or step is None or step.status != "running":
                return False
            about.enter_context(logs.bound(request_id=job.request_id))
            if step.lease_until is not None and step.lease_until >= now(session):
                return False
            message = f"The worker that carried out step {step.name!r} was lost {step.attempt} times."
            record_failure(session, job, step, WORKER_LOST, message, store.settings.max_attempts, delay=0.0)
        progress.refresh(store, job_id)
        return True


def _advance_stuck(store: Store, queue: StepQueue) -> int:
    """Advance the jobs that somebody should have advanced. Returns how many of them ended by it."""
    of_job = StepRow.job_id == JobRow.id
    startable = exists().where(of_job, StepRow.status == "waiting", ~graph.has_undone_predecessor())
    unfinished = exists().where(of_job, StepRow.status != "done")
    with store.reads.begin() as session:
        query = select(JobRow.id).where(JobRow.status.not_in(ENDED), or_(startable, ~unfinished))
        stuck = session.scalars(query).all()
    for job_id in stuck:
        advance(store, queue, job_id)
    with store.reads.begin() as session:
        ended = [session.scalar(select(JobRow.status).where(JobRow.id == job_id)) == "succeeded" for job_id in stuck]
    return sum(ended)


def _send_again(store: Store, queue: StepQueue) -> int:
    """Send the ready steps that lie in no queue, under the fence they have: should both messages arrive, one is refused."""
    with store.reads.begin() as session:
        due = now(session) - timedelta(seconds=GRACE_SECONDS)
        query = (
            select(JobRow, StepRow).join(StepRow, StepRow.job_id == JobRow.id).where(JobRow.status.not_in(ENDED), *_due(due))
        )
        lost = [sending(job, step, now(session)) for job, step in session.execute(query)]
    if not lost:
        return 0
    places = queue.places()
    waits = {None: GRACE_SECONDS, "queued": math.inf, "fetched": FETCHED_SECONDS}
    missing = [(each, waits[places.get((each.step_id, each.fence))]) for each in lost]
    return send(queue, [each for each, wait in missing if wait < math.inf and _still_ready(store, each, wait)])


def _due(before: datetime) -> tuple[ColumnElement[bool], ...]:
    """The SQL conditions of a ready step that should have been in its queue `before` then."""
    not_delayed = or_(StepRow.not_before.is_(None), StepRow.not_before < before)
    return (StepRow.status == "ready", StepRow.enqueued_at < before, not_delayed)


def _still_ready(store: Store, each: Sending, wait: float) -> bool:
    """Note that the step is sent now; False when it was claimed or sent in the last `wait` seconds."""
    with store.sessions.begin() as session:
        time = now(session)
        due = _due(time - timedelta(seconds=wait))
        query = update(StepRow).where(StepRow.id == each.step_id, StepRow.fence == each.fence, *due)
        return session.execute(query.values(enqueued_at=time).returning(StepRow.id)).first() is not None
