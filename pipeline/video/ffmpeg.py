"""One run of ffmpeg: started, fed, watched, and never left behind."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

import imageio_ffmpeg

from pipeline.errors import Cancelled, ToolFailed

#: How often a waiting run looks whether it was cancelled, in seconds.
_LOOK = 0.1
#: A run that takes no byte and does not end for so many seconds is given up.
STALLED = 120.0
#: How much of ffmpeg's last words goes into an error, in characters.
_LAST_WORDS = 600
#: Size of the pipe in bytes (the most that Linux grants everyone): fewer switches between the two processes.
_PIPE = 1 << 20


class Ffmpeg:
    """ffmpeg as a context manager: leaving it, for whatever reason, leaves no process behind.

    It runs in `folder`, so that the arguments can name files there without quoting. What it says goes to a file
    that has no name, so it can say as much as it likes. Should we die, its input ends and it ends too.
    """

    def __init__(self, arguments: Sequence[str], folder: Path, cancelled: Callable[[], bool]):
        self._cancelled = cancelled
        self._words = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        quietly = ["-hide_banner", "-nostdin", "-y", "-loglevel", "error"]
        try:
            command = [imageio_ffmpeg.get_ffmpeg_exe(), *quietly, *arguments]
            self._process = subprocess.Popen(
                command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self._words, bufsize=0
            )
        except (OSError, RuntimeError) as error:  # The latter is imageio's word for "there is none".
            self._words.close()
            raise ToolFailed(f"ffmpeg cannot be started: {error}. Install imageio-ffmpeg again.") from error

    def __enter__(self) -> Ffmpeg:
        assert self._process.stdin is not None
        descriptor = self._process.stdin.fileno()
        os.set_blocking(descriptor, False)
        if hasattr(fcntl, "F_SETPIPE_SZ"):  # Linux
            try:
                fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE)
            except PermissionError:
                pass  # This user's share of pipe memory is used up; the usual 64 KiB do as well, only slower.
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._close_input()
        self._words.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def write(self, data: memoryview) -> None:
        """Feed all of `data`, waiting as long as ffmpeg is busy. Raises Cancelled, ToolFailed."""
        assert self._process.stdin is not None
        descriptor = self._process.stdin.fileno()
        patience = time.monotonic() + STALLED
        while data:
            try:
                data = data[os.write(descriptor, data) :]
                patience = time.monotonic() + STALLED
            except BlockingIOError:
                self._stop_if_cancelled()
                self._stop_if_stalled(patience)
                select.select([], [descriptor], [], _LOOK)
            except BrokenPipeError:
                self._process.wait()
                raise self._failure() from None

    def finish(self) -> None:
        """End its input and wait until it has written everything. Raises Cancelled, ToolFailed."""
        self._close_input()
        patience = time.monotonic() + STALLED
        while True:
            try:
                self._process.wait(_LOOK)
                break
            except subprocess.TimeoutExpired:
                self._stop_if_cancelled()
                self._stop_if_stalled(patience)
        if self._process.returncode != 0:
            raise self._failure()

    def _stop_if_cancelled(self) -> None:
        if self._cancelled():
            raise Cancelled("The job was cancelled while its video was made.")

    def _stop_if_stalled(self, patience: float) -> None:
        if time.monotonic() > patience:
            raise ToolFailed(f"ffmpeg stood still for {STALLED:.0f} seconds and was stopped.{self._last_words()}")

    def _failure(self) -> ToolFailed:
        code = self._process.returncode
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
        return ToolFailed(f"ffmpeg {how} before the video was whole.{self._last_words()}")

    def _last_words(self) -> str:
        self._words.seek(0)
        words = self._words.read().decode("utf-8", "replace").strip()
        return f" It said: {words[-_LAST_WORDS:]}" if words else ""

    def _close_input(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
