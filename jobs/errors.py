"""What can go wrong with a job.

JobError                   anything below; has a stable `code`
├── IdempotencyConflict    "idempotency_key_reused": the same key came with another body
├── BadGraph               "bad_graph": steps that wait for each other, for unknown ones, or share a name
├── BadCursor              "bad_cursor": a cursor that no list gave out
└── NotReplayable          "not_replayable": no dead letter, or its job was cancelled
"""

from __future__ import annotations


class JobError(Exception):
    """Something about a job. `code` is stable; the message says what to do next."""

    code = "job_error"


class IdempotencyConflict(JobError):
    """The idempotency key was used before, with another request."""

    code = "idempotency_key_reused"


class BadGraph(JobError):
    """The steps do not form a graph that can be carried out."""

    code = "bad_graph"


class BadCursor(JobError):
    """The cursor was not given out by a list."""

    code = "bad_cursor"


class NotReplayable(JobError):
    """The step cannot be tried again."""

    code = "not_replayable"
