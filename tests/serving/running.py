"""Starting the real serving process for tests; other rooms may import it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import requests

import settings

#: Seconds a busy two-core machine may take to start Ray and load the model.
START_SECONDS = 240


@dataclasses.dataclass
class Serving:
    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def lines(self, message: str) -> list[dict[str, Any]]:
        """The log's lines with this message."""
        lines = [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]
        return [line for line in lines if line["message"] == message]

    def health(self) -> dict[str, Any]:
        """What /healthz tells; of two replicas, that of the one with less to do."""
        return requests.get(self.url + "/healthz", timeout=10).json()

    def family(self) -> list[psutil.Process]:
        """Its process, and all that it started."""
        process = psutil.Process(self.process.pid)
        return [process, *process.children(recursive=True)]


def until(condition: Callable[[], Any], seconds: float = 120.0) -> Any:
    """What the condition gives when it is no longer empty or false."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.1)
    return found


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


@contextlib.contextmanager
def start_serving(log: Path, **environment: str) -> Iterator[Serving]:
    """`python -m serving.run` on a free port; yields when it is healthy, stops it in the end.

    log: where VOXREEL_SERVING_LOG points to. environment: further variables.
    """
    port = free_port()
    command = [sys.executable, "-m", "serving.run", "--port", str(port)]
    output = log.with_suffix(".err").open("wb")
    process = subprocess.Popen(
        command,
        cwd=settings.ROOT,
        env={**os.environ, "VOXREEL_SERVING_LOG": str(log), **environment},
        stdout=output,
        stderr=output,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_healthy(url, process, output.name)
        yield Serving(url, process, log)
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(60)
        process.kill()
        output.close()


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], output: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(requests.RequestException):
            if requests.get(url + "/healthz", timeout=5).status_code == 200:
                return
        time.sleep(0.25)
    raise AssertionError(f"serving did not become healthy:\n{Path(output).read_text(encoding='utf-8')[-4000:]}")
