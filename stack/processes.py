"""Child processes of the local stack: started with a log of their own, stopped in order, never left behind."""

from __future__ import annotations

import ctypes
import dataclasses
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
    """A running part of the stack."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

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
    """Start `command` in `folder` with `environment`, output appended to `log`, in a process group of its own."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(command),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
    return Child(name, process, log)


def stop(children: Sequence[Child], patience: float = 20.0) -> None:
    """Ask all children to end, then kill the process group of whoever has not after `patience` seconds."""
    for child in children:
        if child.process.poll() is None:
            child.process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + patience
    for child in children:
        try:
            child.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            pass
        # The group may outlive its leader: a worker's ffmpeg, a replica of the serving process.
        try:
            os.killpg(child.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        child.process.wait()


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


def _die_with_parent() -> None:
    # Runs between fork and exec: only a system call, no allocation of note.
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
