"""The right to work on a step: taken with a message's fence, held by a lease, lost when the fence moves on.

The fence is what makes a frozen worker harmless: whatever it does when it wakes up bears an old fence and is refused.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import select, update
from sqlalchemy.orm import Session

import logs
from jobs import graph, progress
from jobs.backoff import delay_after
from jobs.model import ENDED, Claim, JobKind, Outcome
from jobs.settling import fail_job, settle
from store import Store
from store.database import now
from store.tables import JobFileRow, JobRow, StepEdgeRow, StepRow

__all__ = ["Claim", "claim", "complete", "fail", "release", "renew"]

logger = logging.getLogger(__name__)


def claim(store: Store, step_id: int, fence: int) -> Claim | None:
    """Begin an attempt of a ready step. None when there is nothing to do: an old fence, or a job that ended.

    The step gets a new fence and a lease of `settings.lease_seconds`, to be renewed well before it runs out.
    """
    with store.sessions.begin() as session:
        job_id = session.scalar(select(StepRow.job_id).where(StepRow.id == step_id))
        job = graph.lock_job(session, job_id) if job_id else None
        step = session.get(StepRow, step_id, populate_existing=True) if job else None
        if job is None or step is None or job.status in ENDED or step.status != "ready" or step.fence != fence:
            with logs.bound(job_id=job_id, request_id=job.request_id if job else None):
                logger.info("message refused", extra={"step_id": step_id, "fence": fence})
            return None
        time = now(session)
        step.status, step.fence, step.attempt = "running", step.fence + 1, step.attempt + 1
        step.started_at, step.not_before = time, None
        step.lease_until = time + timedelta(seconds=store.settings.lease_seconds)
        if job.status == "queued":
            job.status, job.started_at = "running", time
        taken = _claim(session, job, step)
    with logs.bound(job_id=taken.job_id, request_id=taken.request_id):
        logger.info("step claimed", extra=_step_fields(taken))
        progress.refresh(store, taken.job_id, stage=taken.kind)
    return taken


def renew(store: Store, claim: Claim) -> bool:
    """Extend the lease. False when the claim is lost or the job ended: stop working, nothing can be written any more."""
    with store.sessions.begin() as session:
        until = now(session) + timedelta(seconds=store.settings.lease_seconds)
        held = (StepRow.id == claim.step_id) & (StepRow.fence == claim.fence) & (StepRow.status == "running")
        renewed = session.execute(update(StepRow).where(held).values(lease_until=until))
        return cast(Any, renewed).rowcount == 1


def complete(store: Store, claim: Claim, outcome: Outcome) -> bool:
    """Record that the step is done, with its new steps and result files, in one transaction. False when refused.

    Call `advance` afterwards. Raises BadGraph when the new steps do not fit; then nothing is recorded.
    """
    with logs.bound(job_id=claim.job_id, request_id=claim.request_id):
        with store.sessions.begin() as session:
            job, step = _held(session, claim)
            if job is None or step is None:
                logger.info("outcome refused", extra=_step_fields(claim))
                return False
            step.status, step.lease_until, step.finished_at = "done", None, now(session)
            step.address, step.summary = outcome.address, outcome.summary
            step.error_code = step.error_message = None
            graph.add_steps(session, job.id, outcome.new_steps)
            session.add_all(_file_row(job.id, file) for file in outcome.files)
            settle(session, job)
        logger.info("step done", extra=_step_fields(claim))
        progress.refresh(store, claim.job_id)
        return True


def fail(store: Store, claim: Claim, code: str, message: str, retryable: bool, retry_after: float | None = None) -> None:
    """Record that the attempt failed. Call `advance` afterwards, which sends the next attempt.

    A retryable failure is tried again after a random delay that grows (never below `retry_after` seconds), until
    `settings.max_attempts`; then the step is a dead letter. The job fails with it, or at once when not retryable.
    With an old fence nothing happens.
    """
    with logs.bound(job_id=claim.job_id, request_id=claim.request_id):
        with store.sessions.begin() as session:
            job, step = _held(session, claim)
            if job is None or step is None:
                logger.info("failure refused", extra=_step_fields(claim))
                return
            delay = delay_after(step.attempt, retry_after)
            record_failure(session, job, step, code, message, store.settings.max_attempts if retryable else 0, delay)
        progress.refresh(store, claim.job_id)


def release(store: Store, claim: Claim) -> bool:
    """Give the step back as if it had never been claimed: its worker is stopped and did not fail. False when refused.

    Call `advance` afterwards, which sends it to another worker.
    """
    with logs.bound(job_id=claim.job_id, request_id=claim.request_id), store.sessions.begin() as session:
        job, step = _held(session, claim)
        if job is None or step is None:
            return False
        step.status, step.fence, step.attempt = "waiting", step.fence + 1, step.attempt - 1
        step.lease_until = step.not_before = None
        logger.info("step released", extra=_step_fields(claim))
        return True


def record_failure(session: Session, job: JobRow, step: StepRow, code: str, message: str, attempts: int, delay: float) -> None:
    """End the attempt of a running step of a locked job: it waits `delay` seconds, or ends with its job.

    `attempts` is how many the step may have in all; 0 says that trying again is of no use.
    """
    step.fence, step.lease_until = step.fence + 1, None
    step.error_code, step.error_message = code, message
    if step.attempt < attempts:
        step.status, step.not_before = "waiting", now(session) + timedelta(seconds=delay)
    else:
        step.status, step.finished_at = "dead" if attempts else "failed", now(session)
        fail_job(session, job, code, message)
    logger.warning(
        "step failed",
        extra={
            "job_id": job.id,
            "step": step.name,
            "attempt": step.attempt,
            "code": code,
            "now": step.status,
            "delay": round(delay, 2),
        },
    )


def _held(session: Session, claim: Claim) -> tuple[JobRow | None, StepRow | None]:
    """The job, locked, and the step, if the claim still holds; else Nones."""
    job = graph.lock_job(session, claim.job_id)
    if job is None or job.status in ENDED:
        return None, None
    step = session.get(StepRow, claim.step_id, populate_existing=True)
    if step is None or step.status != "running" or step.fence != claim.fence:
        return None, None
    return job, step


def _claim(session: Session, job: JobRow, step: StepRow) -> Claim:
    before = select(StepRow.name, StepRow.address, StepRow.summary).join(StepEdgeRow, StepEdgeRow.after_id == StepRow.id)
    rows = session.execute(before.where(StepEdgeRow.step_id == step.id).order_by(StepRow.id))
    return Claim(
        step_id=step.id,
        job_id=job.id,
        owner_id=job.owner_id,
        job_kind=cast(JobKind, job.kind),
        name=step.name,
        kind=step.kind,
        params=step.params,
        fence=step.fence,
        attempt=step.attempt,
        request=job.request,
        request_id=job.request_id,
        inputs={name: {"address": address, "summary": summary} for name, address, summary in rows},
    )


def _file_row(job_id: str, file: Any) -> JobFileRow:
    return JobFileRow(
        job_id=job_id, name=file.name, address=file.address, entry=file.entry, media_type=file.media_type, size=file.size
    )


def _step_fields(claim: Claim) -> dict[str, Any]:
    return {"step": claim.name, "attempt": claim.attempt, "fence": claim.fence}
