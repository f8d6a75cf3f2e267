"""How many frames one batch may have: measured when the model is warmed up, so that no batch ever runs out of memory."""

from __future__ import annotations

import logging
from collections.abc import Callable

from serving.errors import SpeechFailed

#: Frames of a batch for each thread on a CPU. It steps the passages of a batch one beside the other, so each passage more
#: makes all of them later, and beyond one for each thread hardly faster: docs/batching.md has the figures.
CPU_FRAMES_PER_THREAD = 1536
#: Frames of the batch by which a GPU's need is measured: two long passages.
PROBE_FRAMES = 4096
#: Where memory would allow more: 140 passages of 15 s behind references of 5 s. Their products have half a million rows, which
#: is work enough for any GPU at a time; more would only make passages wait longer for the end of a step.
MOST_FRAMES = 262_144
#: Part of the free memory that is planned for; the rest is for the allocator's odd pieces and for another process.
PLANNED = 0.8

logger = logging.getLogger(__name__)


def on_cpu(most: int, threads: int) -> int:
    """Memory is no limit there, but latency is. most: the operator's bound in frames, 0 for none."""
    frames = CPU_FRAMES_PER_THREAD * threads
    return min(frames, most) if most else frames


def on_gpu(most: int, free_bytes: int, attempt: Callable[[int], int | None]) -> int:
    """The largest batch that is sure to fit. most: the operator's bound in frames, 0 for none.

    attempt: speaks a batch of so many frames and tells the bytes it needed at its peak, or None where they did not suffice.
    Raises SpeechFailed where not even a small batch fits.
    """
    needed = attempt(PROBE_FRAMES)
    if needed is None:
        raise SpeechFailed("The GPU has too little free memory for one passage. Free some or take a smaller checkpoint.")
    frames = min(most or MOST_FRAMES, MOST_FRAMES, int(free_bytes * PLANNED / (needed / PROBE_FRAMES)))
    while frames > PROBE_FRAMES and attempt(frames) is None:
        frames //= 2
    logger.info("the budget of a batch is measured", extra={"frames": frames, "bytes_a_frame": needed // PROBE_FRAMES})
    return max(frames, min(PROBE_FRAMES, most or PROBE_FRAMES))
