"""Real processes around the API: gunicorn, a worker that does a job by hand, and a serving that only tells voices."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests
from sqlalchemy import select

from jobs.advance import advance
from jobs.claims import claim, complete, fail
from jobs.model import Claim, Outcome, ResultFile
from jobs.queues import StepQueue, make_broker
from settings import ROOT, Settings
from store import Store, open_store
from store.files import address_of
from store.tables import StepRow
from tests.services import settings_for


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come about within {seconds} s"
        time.sleep(0.02)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def settings_in(folder: Path, valkey_url: str, empty_database: Path) -> Settings:
    """Small limits, so that tests can exceed them; an address where no serving answers."""
    shutil.copy(empty_database, folder / "voxreel.db")
    (folder / "media").mkdir()
    return settings_for(
        folder / "data",
        f"sqlite:///{folder / 'voxreel.db'}",
        valkey_url,
        media_root=folder / "media",
        max_upload_bytes=200_000,
        max_characters=5_000,
        max_images=3,
        serving_url="http://127.0.0.1:9",
    )


@dataclasses.dataclass(frozen=True)
class House:
    """An API that runs in gunicorn, and the rooms behind it."""

    settings: Settings
    store: Store
    queue: StepQueue
    server: Server


@contextlib.contextmanager
def running_house(folder: Path, valkey_url: str, empty_database: Path) -> Iterator[House]:
    """The API in gunicorn on rooms of its own, with limits that do not get in the way."""
    settings = settings_in(folder, valkey_url, empty_database)
    server = Server(
        settings,
        folder / "api.log",
        VOXREEL_MAX_UPLOAD_BYTES="5000000",
        VOXREEL_RATE_LIMIT="100000 per minute",
        VOXREEL_SUBMIT_RATE_LIMIT="100000 per minute",
    )
    store = open_store(settings)
    server.start()
    yield House(settings, store, StepQueue(make_broker(settings)), server)
    server.stop()
    store.close()


class Server:
    """gunicorn with the API, as deployed."""

    def __init__(self, settings: Settings, log: Path, **environment: str):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = log
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("VOXREEL_")},
            "REDIS_URL": settings.redis_url,
            "BROKER_REDIS_URL": settings.broker_redis_url,
            "DATABASE_URL": settings.database_url,
            "VOXREEL_DATA_DIR": str(settings.data_dir),
            "VOXREEL_SERVING_URL": settings.serving_url,
            "VOXREEL_API_PORT": str(self.port),
            **environment,
        }

    def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "api/gunicorn.conf.py", "api.wsgi:app"],
                cwd=ROOT,
                env=self.environment,
                stderr=log,
                stdout=log,
            )
        wait_until(self._answers, "the server", 60)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def log_lines(self) -> list[dict]:
        return [json.loads(line) for line in self._log.read_text(encoding="utf-8").splitlines()]

    def log_text(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def _answers(self) -> bool:
        assert self.process.poll() is None, self._log.read_text()
        with contextlib.suppress(requests.RequestException):  # on a busy machine a worker takes its time to boot
            return requests.get(f"{self.url}/healthz", timeout=5).ok
        return False


@contextlib.contextmanager
def voices_server(names: dict[str, str]) -> Iterator[str]:
    """A serving that knows GET /v1/voices and GET /healthz and nothing else; yields its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            voices = [{"name": name, "language": language} for name, language in names.items()]
            answers = {"/v1/voices": {"checkpoint": {"name": "test", "rate": 24000}, "voices": voices}, "/healthz": {}}
            body = json.dumps(answers.get(self.path, {})).encode()
            self.send_response(200 if self.path in answers else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def ready_step(store: Store, job_id: str) -> tuple[int, int]:
    """(id, fence) of the job's first step, once it is ready to be claimed."""
    with store.reads.begin() as session:
        step = session.scalars(select(StepRow).where(StepRow.job_id == job_id).order_by(StepRow.id)).first()
        assert step is not None
        assert step.status == "ready", step.status
        return step.id, step.fence


def start_step(store: Store, job_id: str) -> Claim:
    claimed = claim(store, *ready_step(store, job_id))
    assert claimed is not None
    return claimed


def finish_job(store: Store, queue: StepQueue, job_id: str, files: dict[str, tuple[str, bytes]]) -> str:
    """Do the job's only step as a worker would: publish `files` (name to media type and content). Their address."""
    claimed = start_step(store, job_id)
    address = address_of("test", job=job_id)
    store.files.publish(address, {name: content for name, (_, content) in files.items()})
    results = [ResultFile(name, address, name, media_type, len(content)) for name, (media_type, content) in files.items()]
    assert complete(store, claimed, Outcome(address, files=tuple(results)))
    advance(store, queue, job_id)
    return address


def fail_job(store: Store, queue: StepQueue, job_id: str, code: str, message: str) -> None:
    fail(store, start_step(store, job_id), code, message, retryable=False)
    advance(store, queue, job_id)
