"""An alarm that rings in a thread of its own: a deadline must not wait for the end of a long step."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable


class Alarm:
    """Rings at each time that it is set for. All methods may be called from any thread."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """clock: what tells the time, in seconds."""
        self._changed = threading.Condition()
        self._clock = clock
        self._times: list[float] = []  # a heap
        self._stopped = False

    def start(self, ring: Callable[[], None]) -> None:
        """Call `ring` from now on. Only the thread holds it, until `stop`: who rings may own much memory."""
        threading.Thread(target=self._run, args=(ring,), name="deadlines", daemon=True).start()

    def set(self, time: float) -> None:
        with self._changed:
            heapq.heappush(self._times, time)
            self._changed.notify_all()

    def stop(self) -> None:
        """Ring no more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _run(self, ring: Callable[[], None]) -> None:
        while self._wait():
            ring()

    def _wait(self) -> bool:
        """Wait until it is time to ring. False when it was stopped."""
        with self._changed:
            while not self._stopped:
                now = self._clock()
                if self._times and self._times[0] <= now:
                    while self._times and self._times[0] <= now:
                        heapq.heappop(self._times)
                    return True
                self._changed.wait(min(self._times[0] - now, threading.TIMEOUT_MAX) if self._times else None)
            return False
