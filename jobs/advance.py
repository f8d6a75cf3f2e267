"""Carrying a job on: what became ready goes to the workers, and a job whose steps are all done ends."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import cast

import redis
from sqlalchemy.orm import Session

import logs
from jobs import graph, progress
from jobs.model import ENDED, Priority, Queue
from jobs.queues import StepQueue
from jobs.settling import settle
from store import Store
from store.database import now
from store.tables import JobRow, StepRow

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Sending:
    """A step that the database says must be with the workers."""

    job_id: str
    request_id: str | None
    step_id: int
    name: str
    fence: int
    queue: Queue
    priority: Priority
    delay: float


def advance(store: Store, queue: StepQueue, job_id: str) -> None:
    """Send what became ready to the workers and end the job when all is done.

    Idempotent: anyone may call it at any time, from many processes at once; a ready step gets exactly one new fence.
    When Redis does not answer, the steps stay ready in the database and `reconcile` sends them.
    """
    with contextlib.ExitStack() as about:
        about.enter_context(logs.bound(job_id=job_id))
        with store.sessions.begin() as session:
            job = graph.lock_job(session, job_id)
            if job is None or job.status in ENDED:
                return
            about.enter_context(logs.bound(request_id=job.request_id))
            ready = _make_ready(session, job)
            settled = settle(session, job)
        if ready or settled:
            progress.refresh(store, job_id)
        send(queue, ready)


def send(queue: StepQueue, sendings: Sequence[Sending]) -> int:
    """Send steps to the workers. Returns how many went; the others stay ready in the database for `reconcile`."""
    for sent, each in enumerate(sendings):
        with logs.bound(job_id=each.job_id, request_id=each.request_id):
            try:
                queue.enqueue(each.step_id, each.fence, each.queue, each.priority, each.delay)
            except redis.RedisError as error:
                extra = {"error": str(error), "steps": len(sendings) - sent}
                logger.warning("steps not sent, reconcile will", extra=extra)
                return sent
            logger.info("step sent", extra={"step": each.name, "fence": each.fence, "delay": round(each.delay, 2)})
    return len(sendings)


def sending(job: JobRow, step: StepRow, time: datetime) -> Sending:
    """What to send for a ready step, at `time`."""
    delay = max(0.0, (step.not_before - time).total_seconds()) if step.not_before else 0.0
    queue, priority = cast(Queue, step.queue), cast(Priority, job.priority)
    return Sending(job.id, job.request_id, step.id, step.name, step.fence, queue, priority, delay)


def _make_ready(session: Session, job: JobRow) -> list[Sending]:
    time = now(session)
    ready = []
    for step in graph.ready_to_run(session, job.id):
        step.status, step.fence, step.enqueued_at = "ready", step.fence + 1, time
        ready.append(sending(job, step, time))
    return ready
