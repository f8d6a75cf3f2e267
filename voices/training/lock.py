"""One process at a time: the lock is the system's, so that it ends with its process, however that ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
from io import FileIO
from pathlib import Path


def take(path: Path, what: str) -> FileIO:
    """Hold the file `path` until what is returned is closed.

    what: is done meanwhile, for the message of SystemExit, which names the process that holds it already. The file stays: one
    that was removed could be held by two, each by a file of that name.
    """
    file = FileIO(path, "a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().decode("ascii", "replace").strip() or "unknown"
        file.close()
        raise SystemExit(
            f"Process {holder} {what} already, and two would spoil what is there."
            f" Wait until it has ended, or end it (kill {holder}; what it made is kept), and run this again."
        ) from None
    with contextlib.suppress(OSError):  # the number is only told; a full disk is met where something is to be kept
        file.truncate(0)
        file.write(f"{os.getpid()}\n".encode())
    return file
