"""The Ray Serve application: HTTP in front of the scheduler.

POST /v1/speak    speak a passage: JSON in, msgpack with float32 samples out
GET  /v1/voices   the checkpoint and its voices
GET  /healthz     200 once the model is warm
"""

from __future__ import annotations

import asyncio
import logging
import os
from typing import Any

import msgpack
from ray import serve
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

import logs
import settings
from serving import logfile
from serving.errors import BadRequest, Overloaded, ServingError
from serving.validation import MAX_BODY_BYTES, SpeakRequest, parse

#: Requests one replica holds at a time. Waiting costs little (a coroutine each); the queue is bounded in frames.
MAX_ONGOING = 512
#: Results remembered, in frames of about 1 KB: 64 MB or 11 minutes of speech.
REMEMBERED_FRAMES = 65_536
#: Seconds a replica that is going down may take to end what it is speaking.
GRACE_SECONDS = 10.0

logger = logging.getLogger(__name__)


@serve.deployment(
    name="speech",
    max_ongoing_requests=MAX_ONGOING,
    max_queued_requests=2 * MAX_ONGOING,
    health_check_period_s=5,
    health_check_timeout_s=30,
    graceful_shutdown_wait_loop_s=0.5,
    graceful_shutdown_timeout_s=GRACE_SECONDS,
)
class Speech:
    """One replica: one model on one device."""

    def __init__(self) -> None:
        configured = settings.get()
        logfile.configure(configured.log_level)
        try:
            self._engine, self._scheduler = _load(configured)
        except Exception as error:
            logger.error("serving cannot start: %s", error, exc_info=not isinstance(error, ServingError))
            raise
        self._scheduler.start()

    async def __call__(self, request: Request) -> Response:
        with logs.bound(request_id=request.headers.get("x-request-id"), job_id=request.headers.get("x-job-id")):
            try:
                return await self._route(request)
            except ServingError as error:
                return _failure(error)
            except Exception:
                logger.exception("a request broke")
                return _failure(ServingError("Something unforeseen happened; see serving's log.", "internal_error"))

    async def _route(self, request: Request) -> Response:
        routes = {"/v1/speak": ("POST", self._speak), "/v1/voices": ("GET", self._voices), "/healthz": ("GET", self._health)}
        if request.url.path not in routes:
            raise ServingError("There is nothing here. See docs/serving.md for the paths.", "not_found", 404)
        method, handler = routes[request.url.path]
        if request.method != method:
            raise ServingError(f"{request.url.path} takes {method}.", "method_not_allowed", 405)
        return await handler(request)

    async def _speak(self, request: Request) -> Response:
        asked = parse(await _body(request))
        work = await asyncio.to_thread(self._engine.plan, asked.text, asked.voice, asked.speed, asked.seed)
        # When the client disconnects, Serve cancels this coroutine, which cancels the future, which leaves the passage.
        spoken = await asyncio.wrap_future(self._scheduler.submit(_address(asked), work, asked.priority))
        sound = spoken.sound
        body = {
            "rate": sound.rate,
            "samples": sound.samples.astype("<f4").tobytes(),
            "character_ends": sound.character_ends,
            "frames": sound.frames,
            "batch": spoken.batch,
            "take": 0,
            "seed": asked.seed,
        }
        return Response(msgpack.packb(body), media_type="application/msgpack")

    async def _voices(self, _request: Request) -> Response:
        checkpoint = self._engine.checkpoint
        about = {
            "name": checkpoint.name,
            "fingerprint": checkpoint.fingerprint,
            "layout": checkpoint.layout.kind,
            "rate": checkpoint.rate,
            "hop": checkpoint.hop,
            "languages": checkpoint.languages,
            "device": str(checkpoint.device),
            "max_frames": self._engine.max_frames,
        }
        voices = [{"name": voice.name, "language": voice.language} for voice in checkpoint.voices.values()]
        return JSONResponse({"checkpoint": about, "voices": voices})

    async def _health(self, _request: Request) -> Response:
        self.check_health()
        return JSONResponse({"status": "ok", **self._scheduler.statistics()})

    def check_health(self) -> None:
        """Called by Serve too, which replaces a replica that raises here."""
        if not self._scheduler.alive:
            raise ServingError("The scheduler has ended; see serving's log.", "scheduler_ended", 503)

    def __del__(self) -> None:
        if hasattr(self, "_scheduler"):
            self._scheduler.stop()


def _load(configured: settings.Settings) -> tuple[Any, Any]:
    """Load and warm up the model. torch is imported here, in the replica, so the process that deploys stays small."""
    import torch

    from serving import checkpoint
    from serving.engine import Engine
    from serving.scheduler import Scheduler

    torch.set_num_threads(configured.serving_threads or cores())
    device = torch.device(_device(configured.device, torch.cuda.is_available()))
    loaded = checkpoint.load(configured.checkpoint, device, configured.precision)
    engine = Engine(loaded)
    budget = engine.warm_up(configured.max_batch_frames)
    logger.info(
        "the model is warm",
        extra={"checkpoint": loaded.name, "device": str(device), "threads": torch.get_num_threads(), "batch_frames": budget},
    )
    return engine, Scheduler(engine, budget, configured.max_queued_frames, REMEMBERED_FRAMES)


def cores() -> int:
    """Processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _device(wanted: str, cuda: bool) -> str:
    return ("cuda" if cuda else "cpu") if wanted == "auto" else wanted


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            break
    return bytes(body)


def _address(asked: SpeakRequest) -> tuple:
    """What is spoken once: the key with all that the caller says it stands for, so a wrong key never gives wrong speech."""
    return (asked.key, asked.text, asked.voice, asked.speed, asked.seed)


def _failure(error: ServingError) -> Response:
    if not isinstance(error, BadRequest):
        logger.warning("a request was not served", extra={"code": error.code, "status": error.status})
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, Overloaded) else {}
    return JSONResponse({"error": {"code": error.code, "message": error.message}}, error.status, headers)
