"""The two sides of the benchmark of speech, each in a process of its own, so that its memory is its own.

`python -m benchmarks.sides SIDE FOLDER`, SIDE being ours, ours-float32 or upstream, loads the checkpoint in FOLDER and
then answers commands, one line of JSON each: it reads them from standard input and writes answers to standard output.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from benchmarks import load

ROOT = Path(__file__).resolve().parents[1]

Passage = dict[str, Any]


class Speaker(Protocol):
    def about(self) -> dict[str, Any]:
        """What there is to know about this side: precision, versions."""

    def frames(self, passage: Passage) -> int:
        """Frames of the reference and the speech of a passage {"text", "voice", "seed"}."""

    def serve(self, clients: list[list[Passage]], how: str) -> list[load.Answer]:
        """Speak the passages of all clients. how: what the side knows several of."""

    def padding(self) -> float:
        """The share of the frames worked on, since `serve` last began, that belong to no passage."""

    def long_text(self, passages: list[Passage]) -> tuple[float, float, float]:
        """Speak a long text. Seconds to the first sound and to the last, and seconds of sound."""


class Side:
    """The parent's end of a side."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "benchmarks.sides", name, str(folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.about = self._answer()

    def ask(self, command: str, **arguments: Any) -> Any:
        """Carry a command out. Raises RuntimeError where the side's process ended; its standard error says why."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps({"command": command, **arguments}) + "\n")
            self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"The side {self.name!r} ended with code {self._process.wait()}; its last words are above.")
        return json.loads(line)

    def close(self) -> None:
        """End the process. Safe to call twice."""
        self._process.communicate()


@contextlib.contextmanager
def opened(names: list[str], folder: Path) -> Iterator[dict[str, Side]]:
    """Sides by name, all of them ended afterwards."""
    with contextlib.ExitStack() as stack:
        yield {name: stack.enter_context(contextlib.closing(Side(name, folder))) for name in names}


# In the side's own process


def main(name: str, folder: Path) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what libraries print must not mix with the answers
    speaker, libraries = _speaker(name, folder)
    _tell(answers, {**speaker.about(), "libraries_mb": libraries})
    for line in sys.stdin:
        asked = json.loads(line)
        command = asked.pop("command")
        if command == "frames":
            _tell(answers, [speaker.frames(passage) for passage in asked["passages"]])
        elif command == "long_text":
            first, whole, sound = speaker.long_text(asked["passages"])
            _tell(answers, {"first": first, "whole": whole, "sound": sound})
        else:
            _tell(answers, _measured(speaker, asked["clients"], asked["how"]))


def _speaker(name: str, folder: Path) -> tuple[Speaker, float]:
    """The side, and the MB its libraries take before it loads the model."""
    if name == "upstream":
        from benchmarks.upstream import Upstream

        libraries = memory("VmRSS")
        return Upstream(folder), libraries
    from benchmarks.ours import Ours

    libraries = memory("VmRSS")
    return Ours(folder, "float32" if name == "ours-float32" else "auto"), libraries


def _measured(speaker: Speaker, clients: list[list[Passage]], how: str) -> dict[str, Any]:
    forget_peak()
    answers = speaker.serve(clients, how)
    return {
        "seconds": max(answer.got for answer in answers) - min(answer.asked for answer in answers),
        "sounds": [answer.sound for answer in answers],
        "latencies": [answer.latency for answer in answers],
        "peak_mb": memory("VmHWM"),
        "padding": speaker.padding(),
    }


def _tell(answers: Any, answer: Any) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def forget_peak() -> None:
    """Let the peak of memory count from now on. Only Linux can; elsewhere the peak is that since the start."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def memory(what: str) -> float:
    """MB of this process: VmRSS now, VmHWM at most."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # bytes, on a Mac
    return next(int(line.split()[1]) * 1024 / 1e6 for line in status.read_text().splitlines() if line.startswith(what))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
