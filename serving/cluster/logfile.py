"""How the logs of a replica come out of Ray.

Ray sends the standard error of its workers to files of its own. The process that starts Ray (serving/run.py) makes a
named pipe and tells its path in VOXREEL_SERVING_LOG_PIPE; replicas write their JSON lines into it, and the starting
process copies them to the file that VOXREEL_SERVING_LOG names, or to its standard error where none is named.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import logs

PIPE_VARIABLE = "VOXREEL_SERVING_LOG_PIPE"
FILE_VARIABLE = "VOXREEL_SERVING_LOG"
#: Tells the copying thread that no line follows. JSON lines cannot hold it.
END = b"\0"


def configure(level: str) -> None:
    """Send this process's JSON logs into the pipe where there is one, else to standard error."""
    logs.configure("serving", level)
    pipe = os.environ.get(PIPE_VARIABLE)
    if pipe:
        handler = logging.getLogger().handlers[0]
        assert isinstance(handler, logging.StreamHandler)
        # Opened for reading too, so that opening never blocks and a line is never lost to a closed pipe.
        handler.setStream(os.fdopen(os.open(pipe, os.O_RDWR | os.O_APPEND), "w", encoding="utf-8"))


@contextlib.contextmanager
def collected(folder: Path) -> Iterator[None]:
    """Make the pipe in `folder`, name it in the environment that Ray will inherit, and copy its lines until the end.

    Raises OSError where the file named by VOXREEL_SERVING_LOG cannot be opened.
    """
    with contextlib.ExitStack() as stack:
        target: BinaryIO = sys.stderr.buffer
        if named := os.environ.get(FILE_VARIABLE):
            Path(named).parent.mkdir(parents=True, exist_ok=True)
            target = stack.enter_context(open(named, "ab", buffering=0))
        path = folder / "log"
        os.mkfifo(path, 0o600)
        reading = os.open(path, os.O_RDWR)
        stack.callback(os.close, reading)
        os.environ[PIPE_VARIABLE] = str(path)
        stack.callback(os.environ.pop, PIPE_VARIABLE)
        thread = threading.Thread(target=_copy, args=(reading, target), name="logs", daemon=True)
        thread.start()
        try:
            yield
        finally:
            os.write(reading, END)
            thread.join(5)


def _copy(reading: int, target: BinaryIO) -> None:
    """Copy whole lines from the pipe until END comes."""
    rest = b""
    while not rest.endswith(END):
        rest += os.read(reading, 65536)
        lines, newline, rest = rest.rpartition(b"\n")
        # A full disk or a closed terminal must not fill the pipe, on which the replica would then wait for ever.
        with contextlib.suppress(OSError):
            target.write(lines + newline)
            target.flush()
