"""The clean-up actors, on a queue of their own: `reconcile` mends what got stuck, `sweep` removes what is old.

Both may run at any time, as often as one likes, and in several processes at once.
"""

from __future__ import annotations

import datetime
import functools
import logging

import dramatiq

import settings
from jobs import reconcile as reconciling
from jobs import retention
from jobs.queues import StepQueue, process_broker
from store import Store, open_store

log = logging.getLogger(__name__)

broker = process_broker(settings.get())


@functools.cache
def _store() -> Store:
    return open_store(settings.get())


@dramatiq.actor(queue_name="cleanup", broker=broker)
def reconcile() -> None:
    """Give work whose lease ran out, or that lies in no queue, back to the workers."""
    reconciling.reconcile(_store(), StepQueue(broker))


@dramatiq.actor(queue_name="cleanup", broker=broker)
def sweep() -> None:
    """Remove jobs past their time, files that nothing refers to, and what dead processes left half-made."""
    store = _store()
    retention.remove_expired(store, datetime.timedelta(days=store.settings.retention_days))
    log.info("scratch swept", extra={"folders": store.files.sweep()})
