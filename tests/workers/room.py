"""What a worker stands on, and jobs carried out in it step by step; a serving that hums over HTTP instead of speaking."""

from __future__ import annotations

import dataclasses
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

import msgpack
import numpy as np
import redis
from sqlalchemy import select

from jobs import claims
from jobs.model import NewJob, NewStep
from jobs.queues import StepQueue, make_broker
from jobs.submit import submit
from pipeline import documents
from pipeline.documents.model import Limits
from serving.client import SpeechClient
from settings import Settings
from store import api_keys, open_store
from store.files import address_of
from store.tables import StepRow
from workers.run import run_step
from workers.work import Work

RATE = 24_000

SPEECH: dict[str, Any] = {"voice": None, "language": "en", "speed": 1.0, "seed": 0, "format": "wav"}
FILM: dict[str, Any] = {
    **{"voice": None, "language": "en", "speed": 1.0, "seed": 0},
    **{"resolution": "720p", "aspect": "16:9", "subtitles": True, "images": None, "image_folder": None},
}


class Serving:
    """Answers as the serving application does. `said` are the texts it was asked for, `tenants` on whose behalf; with
    `hangs` it never answers them."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.tenants: set[str] = set()
        self.asked, self.over = threading.Event(), threading.Event()
        self.hangs = False
        self.refusal: tuple[int, str] | None = None
        #: Texts in which the voice knows no letter.
        self.unknown: set[str] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, body: dict[str, Any]) -> tuple[int, bytes]:
        self.said.append(body["text"])
        self.tenants.add(body["tenant"])
        self.asked.set()
        if self.hangs:
            self.over.wait(60)
        refusal = (422, "nothing_to_say") if body["text"] in self.unknown else self.refusal
        if refusal is not None:
            status, code = refusal
            return status, json.dumps({"error": {"code": code, "message": "Said so."}}).encode()
        sound = 0.1 * np.sin(2 * np.pi * 200 * np.arange(RATE // 2) / RATE)
        ends = list(np.linspace(0.5 / len(body["text"]), 0.5, len(body["text"])))
        spoken = {"rate": RATE, "samples": sound.astype("<f4").tobytes(), "character_ends": ends, "timing": "laid"}
        spoken |= {"frames": 47, "batch": 1, "take": 0, "seed": 0, "heard": None}
        return 200, msgpack.packb(spoken)

    def __enter__(self) -> Serving:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()


def _handler(serving: Serving) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            voices = [{"name": f"{code}_female", "language": code, "fingerprint": code * 32} for code in ("en", "vi")]
            self._send(200, json.dumps({"checkpoint": {"fingerprint": "f" * 64, "rate": RATE}, "voices": voices}).encode())

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._send(*serving.answer(body))

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            spoken = self.command == "POST" and status == 200
            self.send_header("Content-Type", "application/msgpack" if spoken else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


class Room:
    """A store, the queues and the way to serving, with jobs whose steps run here, as a worker would run them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = open_store(settings)
        self.queue = StepQueue(make_broker(settings))
        self.speech = SpeechClient(settings.serving_url, patience=0)

    def __enter__(self) -> Room:
        redis.Redis.from_url(self.settings.redis_url).flushall()
        self.owner_id = api_keys.create(self.store, "owner")[0].id
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.speech.close()
        self.store.close()

    def hold_leases_for(self, seconds: float) -> None:
        """Leases last `seconds` from now on."""
        self.settings = dataclasses.replace(self.settings, lease_seconds=seconds)
        self.store = dataclasses.replace(self.store, settings=self.settings)

    def kept(self, **files: bytes) -> str:
        """Publish an input; `_` in a name stands for its dot."""
        named = {name.replace("_", "."): content for name, content in files.items()}
        address = address_of("test input", files={name: content.hex() for name, content in named.items()})
        self.store.files.publish(address, named)
        return address

    def submitted(self, kind: Any, request: dict[str, Any], *steps: NewStep) -> str:
        return submit(self.store, self.queue, NewJob(kind, self.owner_id, "A test", request, steps))[0].id

    def spoken_text(self, text: str, **changes: Any) -> str:
        """A speech job for `text`; its id."""
        request = {**SPEECH, "input": self.kept(text_txt=text.encode()), **changes}
        return self.submitted("speech", request, NewStep("plan", "plan", "default"))

    def film(self, markdown: str, **changes: Any) -> str:
        """A film job for a Markdown document; its id."""
        document = documents.read_text(markdown, "markdown", Limits(bytes=10**6, pages=10, characters=10**5))
        request = {**FILM, "input": self.kept(document_json=json.dumps(document.to_json()).encode()), **changes}
        return self.submitted("video", request, NewStep("script", "script", "default"))

    def step(self, job_id: str, name: str) -> StepRow:
        with self.store.reads.begin() as session:
            return session.scalars(select(StepRow).where(StepRow.job_id == job_id, StepRow.name == name)).one()

    def run(self, job_id: str, *names: str, stopping: threading.Event | None = None) -> StepRow:
        """Run the steps one after the other, in a worker that is to end when `stopping` is set; the last one as it is then."""
        for name in names:
            step = self.step(job_id, name)
            run_step(self.settings, self.store, self.queue, self.speech, step.id, step.fence, stopping)
        return self.step(job_id, names[-1])

    def work(self, job_id: str, name: str) -> Work:
        """The claimed step, for a test that looks at one function of it."""
        step = self.step(job_id, name)
        claim = claims.claim(self.store, step.id, step.fence)
        assert claim is not None
        return Work(self.settings, self.store, self.speech, claim)
