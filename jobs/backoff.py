"""How long to wait before the next attempt: exponential, with full jitter, so that many that failed together do not
come back together."""

from __future__ import annotations

import random

#: Seconds that the first retry waits at most; doubles with each attempt.
BASE_SECONDS = 2.0

#: Seconds that no retry waits longer than, unless the other side asked for it.
CAP_SECONDS = 120.0


def delay_after(attempt: int, retry_after: float | None = None) -> float:
    """Seconds to wait after the failure of attempt number `attempt` (from 1), never less than `retry_after`."""
    longest = min(CAP_SECONDS, BASE_SECONDS * 2 ** (attempt - 1))
    return (retry_after or 0.0) + random.uniform(0.0, longest)
