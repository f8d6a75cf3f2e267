"""Whoever carries a job on, its log lines bear its id and that of the request which brought it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

import logs
from jobs.advance import advance
from jobs.claims import claim
from jobs.model import Outcome
from jobs.queues import StepQueue
from jobs.reconcile import reconcile
from jobs.submit import submit
from store import Store
from tests.jobs.driving import SPOKEN, delivered, done, let_pass, new_job, row, taken


class Lines(logging.Handler):
    """(message, job id, request id) of every line, as the log would have them."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.seen: list[tuple[str, str | None, str | None]] = []

    def emit(self, record: logging.LogRecord) -> None:
        fields = {**logs.context(), **vars(record)}
        self.seen.append((record.getMessage(), fields.get("job_id"), fields.get("request_id")))

    def of(self, job_id: str) -> set[tuple[str, str | None]]:
        return {(message, request) for message, job, request in self.seen if job == job_id}


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler, root = Lines(), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)


def test_what_reconciling_does_for_a_job_bears_the_id_of_its_request(
    store: Store, queue: StepQueue, owner_id: int, lines: Lines
) -> None:
    job_id = submit(store, queue, new_job(owner_id), request_id="r-1")[0].id
    taken(store, job_id, "plan")
    let_pass(store, 1000)
    lines.seen.clear()
    assert reconcile(store, queue).expired_leases == 1
    let_pass(store, 1000)
    reconcile(store, queue)
    store.redis.flushall()
    let_pass(store, 1000)
    assert reconcile(store, queue).requeued == 1
    done(store, job_id, "plan")
    assert {message for message, _ in lines.of(job_id)} >= {"step failed", "step sent", "job ended"}
    assert {request for _, request in lines.of(job_id)} == {"r-1"}


def test_who_advances_a_job_from_elsewhere_logs_the_id_of_its_request(
    store: Store, queue: StepQueue, owner_id: int, lines: Lines
) -> None:
    job_id = submit(store, queue, new_job(owner_id), request_id="r-1")[0].id
    done(store, job_id, "plan", Outcome(None, {}, SPOKEN))
    advance(store, queue, job_id)
    assert claim(store, row(store, job_id, "plan").id, 1) is None
    assert len(delivered(queue)) == 3
    assert {message for message, _ in lines.of(job_id)} >= {"step sent", "step claimed", "message refused"}
    assert {request for _, request in lines.of(job_id)} == {"r-1"}
