"""Carrying jobs out by hand in the tests: what a worker does, one move at a time."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

from dramatiq import Message
from dramatiq.common import dq_name
from sqlalchemy import select

from jobs.claims import claim, complete
from jobs.model import Claim, JobView, NewJob, NewStep, Outcome
from jobs.queues import QUEUES, StepQueue
from jobs.submit import submit
from store import Store
from store.files import address_of
from store.tables import StepRow

PLAN = NewStep("plan", "plan", "default")

#: What a plan brings: two passages spoken side by side, then joined.
SPOKEN = (
    NewStep("speak:0", "speak", "speech", ("plan",), {"first": 0}, weight=3.0),
    NewStep("speak:1", "speak", "speech", ("plan",), {"first": 1}, weight=3.0),
    NewStep("join", "join", "render", ("speak:0", "speak:1")),
)


def new_job(owner_id: int, *steps: NewStep) -> NewJob:
    return NewJob("speech", owner_id, "A talk", {"input": address_of("input")}, steps or (PLAN,))


def submitted(store: Store, queue: StepQueue, owner_id: int, *steps: NewStep) -> JobView:
    return submit(store, queue, new_job(owner_id, *steps))[0]


def row(store: Store, job_id: str, name: str) -> StepRow:
    """The step as the database has it now."""
    with store.reads.begin() as session:
        return session.scalars(select(StepRow).where(StepRow.job_id == job_id, StepRow.name == name)).one()


def take(store: Store, job_id: str, name: str) -> Claim | None:
    """Claim the step as the worker would that got its newest message."""
    step = row(store, job_id, name)
    return claim(store, step.id, step.fence)


def taken(store: Store, job_id: str, name: str) -> Claim:
    claimed = take(store, job_id, name)
    assert claimed is not None
    return claimed


def done(store: Store, job_id: str, name: str, outcome: Outcome | None = None) -> None:
    """Claim the step and complete it; its output is made up."""
    assert complete(store, taken(store, job_id, name), outcome or Outcome(address_of("output", name=name)))


def delivered(queue: StepQueue) -> list[tuple[int, int]]:
    """Fetch and acknowledge all messages, delayed ones too, as workers do; returns (step id, fence) of each."""
    steps = []
    for name in QUEUES:
        for each in (name, dq_name(name)):
            for data in queue.broker.do_fetch(each, 1000):
                message = Message.decode(data)
                step_id, fence = message.args
                steps.append((step_id, fence))
                queue.broker.do_ack(each, message.options["redis_message_id"])
    return steps


def let_pass(store: Store, seconds: float) -> None:
    """Make the database believe that `seconds` passed for its leases, delays and queues."""
    with store.sessions.begin() as session:
        for step in session.scalars(select(StepRow)):
            for column in ("lease_until", "not_before", "enqueued_at"):
                value = getattr(step, column)
                setattr(step, column, value - timedelta(seconds=seconds) if value else None)


def with_attempts(store: Store, attempts: int) -> Store:
    """The same store, with another number of attempts."""
    return dataclasses.replace(store, settings=dataclasses.replace(store.settings, max_attempts=attempts))
