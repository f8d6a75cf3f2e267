"""Removing what nobody needs any more: jobs that ended long ago, then store entries that nothing refers to."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from jobs import progress
from jobs.model import ENDED
from store import Store
from store.database import now
from store.tables import JobFileRow, JobRow, StepRow

logger = logging.getLogger(__name__)

#: An entry that was published or asked for this recently stays, as a step that uses it may not be recorded yet.
ENTRY_GRACE = timedelta(days=1)

#: Jobs deleted in one transaction.
BATCH = 100


@dataclasses.dataclass(frozen=True)
class Removed:
    """What was removed; `bytes` is the size of the entries."""

    jobs: int
    entries: int
    bytes: int


def remove_expired(store: Store, older_than: timedelta, entry_grace: timedelta = ENTRY_GRACE) -> Removed:
    """Remove jobs that ended more than `older_than` ago, then entries without references that are older than `entry_grace`."""
    jobs = _remove_jobs(store, older_than)
    entries, size = _remove_entries(store, entry_grace)
    removed = Removed(jobs, entries, size)
    logger.info("expired jobs removed", extra=dataclasses.asdict(removed))
    return removed


def references(store: Store) -> set[str]:
    """The addresses of all store entries that jobs in the database refer to."""
    addresses: set[Any] = set()
    with store.reads.begin() as session:
        # Jobs before steps before files: what is added meanwhile is young and stays for that.
        for request in session.scalars(select(JobRow.request).execution_options(yield_per=500)):
            addresses.update(_of_request(request))
        for address, summary in session.execute(select(StepRow.address, StepRow.summary).execution_options(yield_per=500)):
            addresses.add(address)
            addresses.update(summary.get("entries") or ())
        addresses.update(session.scalars(select(JobFileRow.address).distinct()))
    return {address for address in addresses if isinstance(address, str)}


def _of_request(request: dict[str, Any]) -> Iterator[Any]:
    yield request.get("input")
    images = request.get("images")
    if isinstance(images, dict):
        yield images.get("address")


def _remove_jobs(store: Store, older_than: timedelta) -> int:
    removed = 0
    while True:
        with store.sessions.begin() as session:
            expired = select(JobRow.id).where(JobRow.status.in_(ENDED), JobRow.finished_at < now(session) - older_than)
            ids = session.scalars(expired.limit(BATCH).with_for_update(skip_locked=True)).all()
            session.execute(delete(JobRow).where(JobRow.id.in_(ids)))
        for job_id in ids:
            progress.forget(store, job_id)
            logger.info("job removed", extra={"job_id": job_id})
        removed += len(ids)
        if len(ids) < BATCH:
            return removed


def _remove_entries(store: Store, grace: timedelta) -> tuple[int, int]:
    before = datetime.now(UTC) - grace
    # The entries are listed before the references are read: one that is referred to later was asked for, and is young.
    candidates = [entry for entry in store.files.entries() if entry.modified < before]
    if not candidates:
        return 0, 0
    needed = references(store)
    unneeded = [entry for entry in candidates if entry.address not in needed]
    gone = [entry for entry in unneeded if store.files.remove_older(entry.address, before)]
    return len(gone), sum(entry.bytes for entry in gone)
