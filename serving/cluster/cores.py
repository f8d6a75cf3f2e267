"""Processor cores: how the replicas on one machine share them out."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path


def available() -> list[int]:
    """The cores that this process may use, by number."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


def share(rank: int, replicas: int, threads: int, cores: Sequence[int]) -> list[int]:
    """The cores of the replica with this rank, counted from 0.

    threads: how many it takes, 0 for an equal part. Replicas have cores of their own as long as there are enough; beyond
    that they begin again with the first.
    """
    count = min(threads or max(1, len(cores) // replicas), len(cores))
    return [cores[(rank * count + number) % len(cores)] for number in range(count)]


def pin(cores: Sequence[int]) -> None:
    """Keep this process to these cores, where the system can do so: its threads of now, and those they start."""
    if not hasattr(os, "sched_setaffinity"):
        return
    for thread in Path("/proc/self/task").iterdir():  # the call below is about one thread, whatever its name says
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread.name), cores)
