"""The words in which the other rooms speak of jobs.

A job:   queued -> running -> succeeded | failed | cancelled           (a replay takes it from failed to running)
A step:  waiting -> ready -> running -> done                           (a retry takes it from running to waiting)
         running -> failed (not retryable) | dead (no attempts left);  any that is not done -> cancelled
Every arrow into ready, running, waiting and cancelled gives the step a new fence.
"""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any, Literal

Queue = Literal["speech", "render", "default"]
Priority = Literal["high", "low"]
JobKind = Literal["speech", "video"]
JobStatus = Literal["queued", "running", "succeeded", "failed", "cancelled"]
StepStatus = Literal["waiting", "ready", "running", "done", "failed", "dead", "cancelled"]

#: A job in one of these changes no more, unless an admin replays it.
ENDED: tuple[JobStatus, ...] = ("succeeded", "failed", "cancelled")

#: A step in one of these may still be carried out.
OPEN: tuple[StepStatus, ...] = ("waiting", "ready", "running")


@dataclasses.dataclass(frozen=True)
class NewStep:
    """A step to add. `after` names steps of the same job; `weight` is its share of the work, in any unit."""

    name: str
    kind: str
    queue: Queue
    after: tuple[str, ...] = ()
    params: dict[str, Any] = dataclasses.field(default_factory=dict)
    weight: float = 1.0


@dataclasses.dataclass(frozen=True)
class NewJob:
    """A job to submit. `owner_id` is the id of an API key."""

    kind: JobKind
    owner_id: int
    title: str
    request: dict[str, Any]
    steps: tuple[NewStep, ...]
    priority: Priority = "high"


@dataclasses.dataclass(frozen=True)
class ResultFile:
    """A result: `name` is what users see, `entry` the file's name inside the store's entry `address`, `size` bytes."""

    name: str
    address: str
    entry: str
    media_type: str
    size: int


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a step brought: the address of its output, a small summary for the steps after it, and what it adds to the job.

    Store entries that the step used, beside its own, must stand in `summary["entries"]`, or retention removes them.
    """

    address: str | None
    summary: dict[str, Any] = dataclasses.field(default_factory=dict)
    new_steps: tuple[NewStep, ...] = ()
    files: tuple[ResultFile, ...] = ()


@dataclasses.dataclass(frozen=True)
class Claim:
    """The right to carry out one attempt of a step, for as long as `fence` is the step's.

    `inputs` maps the name of each step it comes after to {"address": ..., "summary": ...}. `owner_id` is the job's.
    """

    step_id: int
    job_id: str
    owner_id: int
    job_kind: JobKind
    name: str
    kind: str
    params: dict[str, Any]
    fence: int
    attempt: int
    request: dict[str, Any]
    request_id: str | None
    inputs: dict[str, dict[str, Any]]


@dataclasses.dataclass(frozen=True)
class JobView:
    """A job as its owner sees it. Times are aware, in UTC; `steps` counts them by status."""

    id: str
    kind: JobKind
    title: str
    status: JobStatus
    owner_id: int
    request: dict[str, Any]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: dict[str, str] | None
    files: tuple[ResultFile, ...]
    steps: dict[str, int]
