"""`python -m cleanup.clock`: sends the clean-up actors their messages on a schedule. The workers do the work.

One clock is enough; two do no harm, as every actor may run at any time and as often as it likes.
"""

from __future__ import annotations

import logging
import signal
import sys
from datetime import UTC, datetime

import dramatiq
from apscheduler.schedulers.blocking import BlockingScheduler

import logs
import settings
from cleanup import actors
from cleanup.actors import broker

log = logging.getLogger(__name__)

#: Seconds between two sweeps for what is old.
SWEEP_INTERVAL = 3600
#: Messages of the clean-up that may wait at once.
MOST_WAITING = 4


def ring(actor: dramatiq.Actor) -> None:
    """Send the actor a message, unless several still wait: while no worker listens, they must not pile up."""
    if broker.client.llen(f"{broker.namespace}:{actor.queue_name}") < MOST_WAITING:
        actor.send()


def main() -> int:
    """Run until SIGTERM."""
    loaded = settings.get()
    logs.configure("cleanup", loaded.log_level)
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    scheduler = BlockingScheduler()
    scheduler.add_job(
        ring, "interval", args=[actors.reconcile], seconds=loaded.reconcile_seconds, max_instances=1, coalesce=True
    )
    # The first sweep at once: on a laptop the stack may never live for an hour.
    at_once = datetime.now(UTC)
    scheduler.add_job(
        ring, "interval", args=[actors.sweep], seconds=SWEEP_INTERVAL, max_instances=1, coalesce=True, next_run_time=at_once
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    log.info("clock started", extra={"reconcile_seconds": loaded.reconcile_seconds})
    scheduler.start()
    return 0


if __name__ == "__main__":
    sys.exit(main())
