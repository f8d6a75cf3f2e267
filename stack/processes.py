"""Child processes of the local stack: started with a log of their own, stopped in order, never left behind."""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import functools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

#: How many bytes of a failed child's log are shown to the user.
LOG_TAIL = 1500

PR_SET_PDEATHSIG = 1


class StackError(Exception):
    """The stack could not start or has lost a part. The message says which one and where its log lies."""

    code = "stack_failed"


@dataclasses.dataclass
class Child:
    """A running part of the stack, and how it is started again. `started` is by the monotonic clock, in seconds."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str]
    folder: Path
    process: subprocess.Popen[bytes] = dataclasses.field(init=False)
    started: float = dataclasses.field(init=False)

    def start(self) -> None:
        """Start it, for the first time or again after it has exited, in a process group of its own."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.started = time.monotonic()
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                list(self.command),
                cwd=self.folder,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=functools.partial(_die_with, os.getpid()) if sys.platform == "linux" else None,
            )

    def kill(self) -> None:
        """End at once whatever is left of it: a worker's ffmpeg or a replica of serving may outlive their leader."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def assert_alive(self) -> None:
        """Raise StackError with the end of its log if it has exited."""
        status = self.process.poll()
        if status is not None:
            raise StackError(f"{self.name} stopped with exit status {status}. Its log, {self.log}, ends:\n{self._log_tail()}")

    def _log_tail(self) -> str:
        with self.log.open("rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - LOG_TAIL))
            return log.read().decode("utf-8", "replace").strip()


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def port_is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def start(name: str, command: Sequence[str], log: Path, environment: Mapping[str, str], folder: Path) -> Child:
    """Start `command` in `folder` with `environment`, output appended to `log`.

    On Linux it is told to end when this process dies, or the thread that called.
    """
    child = Child(name, command, log, environment, folder)
    child.start()
    return child


def stop(children: Sequence[Child], patience: float = 20.0) -> None:
    """Ask all children to end, then kill the process group of whoever has not after `patience` seconds.

    A Ctrl-C meanwhile cuts the patience short; nobody is left behind even then.
    """
    deadline = time.monotonic() + patience
    try:
        for child in children:
            child.process.send_signal(signal.SIGTERM)  # does nothing when it has exited
        for child in children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.0, deadline - time.monotonic()))
    finally:
        for child in children:
            child.kill()


def wait_until(ready: Callable[[], bool], children: Sequence[Child], what: str, timeout: float) -> None:
    """Poll `ready` until it is true. Raises StackError when a child exits or `timeout` seconds have passed."""
    deadline = time.monotonic() + timeout
    while not ready():
        for child in children:
            child.assert_alive()
        if time.monotonic() > deadline:
            logs = ", ".join(str(child.log) for child in children)
            raise StackError(f"{what} was not ready after {timeout:.0f} s. Look into {logs}.")
        time.sleep(0.1)


_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _die_with(parent: int) -> None:
    # Runs between fork and exec: only system calls, no allocation of note.
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)
