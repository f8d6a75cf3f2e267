"""What a step's function is given: its claim, the store, the way to speech, and the means to report and to stop."""

from __future__ import annotations

import contextlib
import contextvars
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError

from jobs import cancel, claims, progress
from jobs.claims import Claim
from pipeline.errors import Cancelled
from serving.client import SpeechClient
from settings import Settings
from store import Store

log = logging.getLogger(__name__)

#: Seconds for which an answer to "was it cancelled?" is believed: loops ask once a frame.
CANCEL_CHECK_INTERVAL = 0.5


@dataclass
class Work:
    """One attempt at one step, from its claim to its end."""

    settings: Settings
    store: Store
    speech: SpeechClient
    claim: Claim
    #: Set when this worker is to end: the step goes back to the others.
    stopping: threading.Event = field(default_factory=threading.Event)
    _lost: threading.Event = field(default_factory=threading.Event)
    _asked_at: float = field(default=float("-inf"))
    _cancelled: bool = False

    def cancelled(self) -> bool:
        """Whether to stop now: the job was cancelled, another worker has taken the step over, or this one is to end."""
        now = time.monotonic()
        if self.stopping.is_set():
            return True
        if not self._cancelled and now - self._asked_at > CANCEL_CHECK_INTERVAL:
            self._asked_at = now
            self._cancelled = self._lost.is_set() or cancel.is_cancelled(self.store, self.claim.job_id)
        return self._cancelled

    def stop_if_cancelled(self) -> None:
        """Raise Cancelled where `cancelled()` says so."""
        if self.cancelled():
            raise Cancelled("The job was cancelled, the step was taken over, or the worker is to end.")

    def report(self, fraction: float, message: str) -> None:
        """Tell how much of this step is done, 0 to 1."""
        progress.report(self.store, self.claim, fraction, message)

    def output(self, step: str, entry: str) -> bytes:
        """A file that an earlier step of this job has made."""
        return self.store.files.path(self.address(step), entry).read_bytes()

    def address(self, step: str) -> str:
        """The content address of what an earlier step has made."""
        return self.claim.inputs[step]["address"]

    @contextlib.contextmanager
    def leased(self) -> Iterator[None]:
        """Renew the lease in the background for as long as the block runs."""
        ended = threading.Event()
        renewing = contextvars.copy_context().run  # so that its lines bear the job's id too
        thread = threading.Thread(target=renewing, args=(self._renew, ended.wait), name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _renew(self, ended: Callable[[float], bool]) -> None:
        while not ended(self.settings.lease_seconds / 3):
            try:
                held = claims.renew(self.store, self.claim)
            except SQLAlchemyError as error:
                # The lease outlasts a short absence of the database; whether it was lost is learned when that is back.
                log.warning("lease not renewed, it is tried again", extra={"error": type(error).__name__})
                continue
            if not held:
                self._lost.set()
                return
