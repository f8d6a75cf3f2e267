"""The time that is left, without the jumps of the server's estimates."""

from __future__ import annotations

import math

#: Percent done before which an estimate is a guess.
FROM_PERCENT = 8.0
#: Seconds in which the shown time comes most of the way to what newer estimates say.
SETTLING = 8.0


class TimeLeft:
    """The end of a job as its estimates tell it, smoothed exponentially: between two looks it comes nearer as a clock does."""

    def __init__(self) -> None:
        self._end: float | None = None
        self._looked = 0.0

    def look(self, percent: float, eta: float | None, now: float) -> str:
        """In words, what is left at `now` (seconds of any steady clock); empty while nobody can tell."""
        if eta is None or percent < FROM_PERCENT:
            return ""
        if self._end is None:
            self._end = now + eta
        else:
            self._end += (now + eta - self._end) * (1 - math.exp(-(now - self._looked) / SETTLING))
        self._looked = now
        minutes, seconds = divmod(max(0, round(self._end - now)), 60)
        if percent >= 99.5 or minutes == seconds == 0:
            return "almost done"
        return f"about {minutes}:{seconds:02d} left"
