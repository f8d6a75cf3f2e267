"""Finding the real processes that a test has begun."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

import psutil


def running(words: str, processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Those with the words in their command lines. One that has ended, were it a moment ago, is not among them."""
    found = []
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):  # a zombie, which has no command line, is one too
            found += [process] if words in " ".join(process.cmdline()) else []
    return found
