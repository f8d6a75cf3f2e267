"""JSON logs: one object a line, with the request id and the job id in every line that has one.

Whoever begins a piece of work says so with `bound(job_id=..., request_id=...)`; every line logged inside, in that
thread or task, bears the fields.
"""

from __future__ import annotations

import contextlib
import contextvars
import logging
import sys
from collections.abc import Iterator

_context: contextvars.ContextVar[dict[str, str] | None] = contextvars.ContextVar("voxreel_log_context", default=None)


@contextlib.contextmanager
def bound(**fields: str | None) -> Iterator[None]:
    """Add `fields` to every line logged inside the block. Fields that are None are left out."""
    token = _context.set({**context(), **{name: value for name, value in fields.items() if value is not None}})
    try:
        yield
    finally:
        _context.reset(token)


def context() -> dict[str, str]:
    """The fields bound here, to hand on to another thread or, as headers, to another process."""
    return dict(_context.get() or {})


class _AddContext(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        for name, value in context().items():
            if not hasattr(record, name):
                setattr(record, name, value)
        return True


def configure(service: str, level: str) -> None:
    """Send this process's logs to standard error as JSON. `service` says who speaks: api, worker, serving, cleanup."""
    from pythonjsonlogger.json import JsonFormatter  # who only binds fields, as the scheduler does, does without it

    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_AddContext())
    handler.setFormatter(
        JsonFormatter(
            "{asctime}{levelname}{name}{message}",
            style="{",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            static_fields={"service": service},
            json_ensure_ascii=False,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
