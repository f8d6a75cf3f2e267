"""A circuit breaker: after many failures in a row, calls fail at once for a while, then one may try.

pybreaker holds a lock for as long as a call takes, so that calls through it run one after the other; this one does not.
"""

from __future__ import annotations

import threading
import time


class CircuitOpen(Exception):
    """No call is let through now. retry_after: seconds until one may try."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"the circuit is open for {retry_after:.1f} s")
        self.retry_after = retry_after


class Breaker:
    """Counts failures in a row; safe in threads. Ask `enter` before a call and tell `succeeded` or `failed` after it."""

    def __init__(self, failures: int, seconds: float) -> None:
        """failures: how many in a row open the circuit. seconds: how long it stays open before one call may try."""
        self._failures = failures
        self._seconds = seconds
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._opened = 0.0

    def enter(self) -> None:
        """Let a call through or raise CircuitOpen. Where the time is up, one call tries and the others go on waiting."""
        with self._lock:
            if self._in_a_row < self._failures:
                return
            left = self._opened + self._seconds - time.monotonic()
            if left > 0:
                raise CircuitOpen(left)
            self._opened = time.monotonic()

    def succeeded(self) -> None:
        with self._lock:
            self._in_a_row = 0

    def failed(self) -> None:
        with self._lock:
            self._in_a_row += 1
            if self._in_a_row == self._failures:
                self._opened = time.monotonic()
