"""The progress of a job: a small JSON document in Redis, reckoned from the weights and fractions of the job's steps.

    status, stage, done, total (steps), percent (0-100), eta (seconds or null), message, updated_at

The percent never falls, except when an admin replays the job. What the document is reckoned from lies beside it and is read
from the database whenever a step changes, so a flushed Redis costs nothing but the fractions of the steps that run.
"""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import redis
from redis.client import Pipeline
from sqlalchemy import select

from jobs.model import ENDED, Claim
from store import Store, keys
from store.tables import JobRow, StepRow

logger = logging.getLogger(__name__)

#: The share, in percent, of the first step of a job: what it finds out is how much work there is, and it is quick.
FIRST_SHARE = 5.0

#: An ETA before these, in percent and in seconds of work, would be a guess.
ETA_FROM_PERCENT = 8.0
ETA_FROM_SECONDS = 3.0


@dataclasses.dataclass
class Step:
    """A step as progress sees it. `fraction` is how much of it is done, 0 to 1."""

    weight: float
    fraction: float
    fence: int
    done: bool


@dataclasses.dataclass
class State:
    """All that a progress document is reckoned from. `steps` is in the order of their ids, the first step first."""

    status: str
    stage: str
    message: str
    percent: float
    started: float | None
    steps: dict[str, Step]

    @classmethod
    def from_json(cls, text: str) -> State:
        """The state that `to_json` wrote."""
        fields = json.loads(text)
        return cls(**{**fields, "steps": {step_id: Step(**step) for step_id, step in fields["steps"].items()}})

    def to_json(self) -> str:
        """The state as it is kept in Redis."""
        return json.dumps(dataclasses.asdict(self))


def report(store: Store, claim: Claim, fraction: float, message: str) -> None:
    """Say that `fraction` (0 to 1) of the claimed step is done, and in a few words what is going on.

    Costs a few round trips to Redis: call it some times a second, not for every frame. A report with an old fence, for an
    ended job, or while Redis does not answer, changes nothing.
    """

    def reported(pipe: Pipeline) -> State | None:
        state = _kept(pipe, claim.job_id) or _from_database(store, claim.job_id, None)
        step = state.steps.get(str(claim.step_id)) if state else None
        if state is None or step is None or state.status in ENDED or step.done or step.fence != claim.fence:
            return None
        step.fraction = max(step.fraction, min(1.0, fraction))
        state.stage, state.message = claim.kind, message
        return state

    _update(store, claim.job_id, reported)


def refresh(store: Store, job_id: str, stage: str | None = None) -> None:
    """Reckon the progress anew from the database, after a step or the job changed. `stage` is the kind of step begun."""

    def refreshed(pipe: Pipeline) -> State | None:
        kept = _kept(pipe, job_id)
        state = _from_database(store, job_id, kept)
        if state is not None and stage is not None:
            state.stage = stage
        return state

    _update(store, job_id, refreshed)


def read(store: Store, job_id: str) -> dict[str, Any]:
    """The progress document of a job; {} when there is no such job. Made from the database when Redis does not have it."""
    try:
        document = store.redis.get(keys.progress(job_id))
        if document is None:
            refresh(store, job_id)
            document = store.redis.get(keys.progress(job_id))
        if document is not None:
            return json.loads(document)
    except redis.RedisError as error:
        logger.warning(
            "Redis does not answer, progress is read from the database", extra={"job_id": job_id, "error": str(error)}
        )
    state = _from_database(store, job_id, None)
    return _document(state) if state else {}


def forget(store: Store, job_id: str) -> None:
    """Remove the progress of a job that is replayed or deleted."""
    try:
        store.redis.delete(keys.progress(job_id), keys.progress_steps(job_id))
    except redis.RedisError as error:
        logger.warning("progress not removed from Redis", extra={"job_id": job_id, "error": str(error)})


def _update(store: Store, job_id: str, change: Callable[[Pipeline], State | None]) -> None:
    """Write what `change` returns, reading and writing as one: when another wrote in between, `change` is called again."""
    key = keys.progress_steps(job_id)

    def write(pipe: Pipeline) -> None:
        state = change(pipe)
        pipe.multi()
        if state is None:
            return
        document = _document(state)
        state.percent = document["percent"]
        pipe.set(key, state.to_json(), ex=keys.PROGRESS_SECONDS)
        pipe.set(keys.progress(job_id), json.dumps(document), ex=keys.PROGRESS_SECONDS)

    try:
        store.redis.transaction(write, key)
    except redis.RedisError as error:
        # Progress is a courtesy: the work goes on without it, and the next change mends it.
        logger.warning("progress not written to Redis", extra={"job_id": job_id, "error": str(error)})


def _kept(pipe: Pipeline, job_id: str) -> State | None:
    text: Any = pipe.get(keys.progress_steps(job_id))  # at once, as the pipeline watches
    return State.from_json(text) if text else None


def _from_database(store: Store, job_id: str, kept: State | None) -> State | None:
    """The state by the database, with the fractions of running steps and the percent of `kept`. None without a job."""
    with store.reads.begin() as session:
        job = session.get(JobRow, job_id)
        if job is None:
            return None
        columns = (StepRow.id, StepRow.kind, StepRow.weight, StepRow.fence, StepRow.status, StepRow.started_at)
        rows = session.execute(select(*columns).where(StepRow.job_id == job_id).order_by(StepRow.id)).all()
    begun = [row for row in rows if row.status == "running"] or [row for row in rows if row.started_at is not None]
    steps = {str(row.id): Step(row.weight, float(row.status == "done"), row.fence, row.status == "done") for row in rows}
    if kept is not None:
        for step_id, step in steps.items():
            earlier = kept.steps.get(step_id)
            if earlier is not None and earlier.fence == step.fence:
                step.fraction = max(step.fraction, earlier.fraction)
    return State(
        status=job.status,
        stage=kept.stage if kept else max(begun, key=lambda row: row.started_at).kind if begun else "",
        message=job.error_message or (kept.message if kept and job.status not in ENDED else ""),
        percent=kept.percent if kept else 0.0,
        started=job.started_at.timestamp() if job.started_at else None,
        steps=steps,
    )


def _document(state: State) -> dict[str, Any]:
    """The document that users see."""
    time = datetime.now(UTC)
    percent = 100.0 if state.status == "succeeded" else min(99.9, max(state.percent, _percent(list(state.steps.values()))))
    return {
        "status": state.status,
        "stage": state.stage,
        "done": sum(step.done for step in state.steps.values()),
        "total": len(state.steps),
        "percent": round(percent, 1),
        "eta": _eta(state, percent, time.timestamp()),
        "message": state.message,
        "updated_at": time.isoformat(),
    }


def _percent(steps: list[Step]) -> float:
    """How much of the work is done, 0 to 100. The first step tells how much there is, so it has a share of its own."""
    if not steps:
        return 0.0
    first, rest = steps[0], steps[1:]
    weights = sum(step.weight for step in rest)
    done = sum(step.weight * step.fraction for step in rest) / weights if weights else 0.0
    return FIRST_SHARE * first.fraction + (100.0 - FIRST_SHARE) * done


def _eta(state: State, percent: float, time: float) -> float | None:
    """Seconds until the end if the work goes on at its pace so far; None while that would be a guess."""
    if state.status == "succeeded":
        return 0.0
    if state.status != "running" or state.started is None or percent < ETA_FROM_PERCENT:
        return None
    elapsed = time - state.started
    if elapsed < ETA_FROM_SECONDS:
        return None
    return round(elapsed * (100.0 - percent) / percent, 1)
