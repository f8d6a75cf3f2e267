"""Talking to the running stack, watching its logs, and killing its parts."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import requests

from stack.launch import RunningStack

FINISHED = {"succeeded", "failed", "cancelled"}


class Visitor:
    """A user of the stack, over HTTP with the administrator's key."""

    def __init__(self, stack: RunningStack) -> None:
        self.stack = stack
        self.http = requests.Session()
        self.http.headers["X-API-Key"] = stack.admin_key

    def submit(self, kind: str, **arguments: Any) -> str:
        """The id of a new job; `arguments` go to requests.post."""
        answer = self.http.post(f"{self.stack.url}/v1/{kind}", **arguments)
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]

    def job(self, job_id: str) -> dict[str, Any]:
        answer = self.http.get(f"{self.stack.url}/v1/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def finished(self, job_id: str) -> dict[str, Any]:
        poll(lambda: self.job(job_id)["status"] in FINISHED)
        return self.job(job_id)

    def succeeded(self, job_id: str) -> dict[str, Any]:
        job = self.finished(job_id)
        assert job["status"] == "succeeded", job
        return job

    def file(self, job_id: str, name: str) -> bytes:
        answer = self.http.get(f"{self.stack.url}/v1/jobs/{job_id}/files/{name}")
        assert answer.status_code == 200, answer.text
        return answer.content

    def cancel(self, job_id: str) -> dict[str, Any]:
        answer = self.http.delete(f"{self.stack.url}/v1/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()


def poll(condition: Callable[[], bool], timeout: float = 240.0) -> None:
    """Wait until `condition` is true; fail when it is not within `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        time.sleep(0.05)


def log_lines(stack: RunningStack, name: str) -> Iterator[dict[str, Any]]:
    """The JSON lines of a log file, as far as they are written."""
    for line in (stack.settings.data_dir / "logs" / name).read_text().splitlines():
        if line.startswith("{") and line.endswith("}"):
            yield json.loads(line)


def spoken(stack: RunningStack) -> Counter[str]:
    """How often each passage was spoken to its end, from serving's log."""
    return Counter(line["key"] for line in log_lines(stack, "serving.log") if line["message"] == "passage spoken")


def kill(stack: RunningStack, name: str) -> None:
    """SIGKILL a part with all its processes, as the kernel's memory killer or a power cut would."""
    process = next(child for child in stack.children if child.name == name).process
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
