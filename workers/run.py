"""One attempt at a step: claim it, do it under a lease, record the outcome or the failure, move the job on."""

from __future__ import annotations

import logging
import threading
import time
import traceback

import logs
from jobs import advance, claims
from jobs.claims import Claim
from jobs.queues import StepQueue
from pipeline.errors import Cancelled, PipelineError
from serving.client import SpeechCancelled, SpeechClient, SpeechError
from settings import Settings
from store import Store
from store.errors import StoreError
from workers.steps import STEPS
from workers.work import Work

log = logging.getLogger(__name__)

#: Told to the user for an error that we did not foresee; what it was stands in the log.
UNEXPECTED = (
    "Something unexpected went wrong in step {step}. Submit the job again; "
    "if it comes back, show the job's id to whoever runs this server."
)


def run_step(
    settings: Settings,
    store: Store,
    queue: StepQueue,
    speech: SpeechClient,
    step_id: int,
    fence: int,
    stopping: threading.Event | None = None,
) -> None:
    """Claim the step and work on it. A message that is out of date claims nothing and is dropped without harm.

    stopping: set when the worker is to end; the step is then given back and does not count as tried.
    """
    claim = claims.claim(store, step_id, fence)
    if claim is None:
        log.info("step not claimed", extra={"step_id": step_id, "fence": fence})
        return
    with logs.bound(job_id=claim.job_id, request_id=claim.request_id, step=claim.name):
        work = Work(settings, store, speech, claim, stopping or threading.Event())
        started = time.monotonic()
        with work.leased():
            ended = _attempt(work)
        log.info(
            "step ended",
            extra={"outcome": ended, "attempt": claim.attempt, "seconds": round(time.monotonic() - started, 3)},
        )
        advance.advance(store, queue, claim.job_id)


def _attempt(work: Work) -> str:
    claim = work.claim
    try:
        outcome = STEPS[claim.kind](work)
    except (Cancelled, SpeechCancelled):
        return "released" if work.stopping.is_set() and claims.release(work.store, claim) else "cancelled"
    except SpeechError as error:
        return _fail(work.store, claim, error.code, str(error), error.retryable, error.retry_after)
    except PipelineError as error:
        return _fail(work.store, claim, error.code, str(error), error.retryable)
    except (StoreError, OSError) as error:
        log.warning("step met the store's or the system's error", exc_info=True)
        return _fail(work.store, claim, getattr(error, "code", "system_error"), _told(error), retryable=True)
    except Exception as error:
        # The message may hold words of the user's text, so only its type and where it came from are logged.
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error("step failed unexpectedly", extra={"error": type(error).__name__, "where": where})
        return _fail(work.store, claim, "internal_error", UNEXPECTED.format(step=claim.name), retryable=True)
    return "done" if claims.complete(work.store, claim, outcome) else "refused"


def _told(error: Exception) -> str:
    if isinstance(error, OSError) and not isinstance(error, StoreError):
        return f"The server could not read or write a file: {error.strerror or error}. Ask whoever runs it to look at its disk."
    return str(error)


def _fail(store: Store, claim: Claim, code: str, message: str, retryable: bool, retry_after: float | None = None) -> str:
    # What is not retryable lies in the user's input, and the message may quote it; the job's error has it.
    log.warning("step failed", extra={"code": code, "retryable": retryable, "reason": message if retryable else None})
    claims.fail(store, claim, code, message, retryable, retry_after)
    return "failed"
