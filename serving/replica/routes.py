"""The paths of the HTTP interface; docs/serving.md tells them.

POST /v1/speak    speak a passage: JSON in, msgpack with float32 samples out
POST /v1/stream   speak passages in order: JSON in, msgpack objects or a WAV out, one part a passage as it is ready
GET  /v1/voices   a model and its voices, and the names of all models
GET  /healthz     200 once the default model is warm
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import cast

import msgpack
from ray.exceptions import TaskCancelledError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

import logs
from serving.errors import BadRequest, ServingError
from serving.replica import answers
from serving.replica.framing import Framing, chosen
from serving.replica.health import Health
from serving.replica.shelf import Model
from serving.replica.speaking import Speaker
from serving.replica.streaming import Outcome, is_about_all, stream
from serving.replica.validation import MAX_BODY_BYTES, MAX_STREAM_BYTES, SpeakRequest, parse, parse_stream

#: Seconds in which a body must have come: who never ends theirs would take the place of others for good.
BODY_SECONDS = 30.0


class Routes:
    """Answers requests with the models of a shelf."""

    def __init__(self, speaker: Speaker, health: Health) -> None:
        self._speaker = speaker
        self._health = health
        self._handlers: dict[str, tuple[str, Callable[[Request], Awaitable[Response]]]] = {
            "/v1/speak": ("POST", self._speak),
            "/v1/stream": ("POST", self._stream),
            "/v1/voices": ("GET", self._voices),
            "/healthz": ("GET", self._healthz),
        }

    async def answer(self, request: Request) -> Response:
        """The response, whatever happens; only being cancelled passes through, when the client has gone."""
        with logs.bound(request_id=request.headers.get("x-request-id"), job_id=request.headers.get("x-job-id")):
            try:
                return await self._handler(request)(request)
            except Exception as failure:
                return answers.failed(answers.foreseen(failure))

    def _handler(self, request: Request) -> Callable[[Request], Awaitable[Response]]:
        path = request.url.path
        if path not in self._handlers:
            raise ServingError("There is nothing here. See docs/serving.md for the paths.", "not_found", 404)
        method, handler = self._handlers[path]
        if request.method != method:
            raise ServingError(f"{path} takes {method}.", "method_not_allowed", 405)
        return handler

    async def _speak(self, request: Request) -> Response:
        asked = parse(await _body(request, MAX_BODY_BYTES))
        # When the client disconnects, Serve cancels this coroutine, and the passage is left.
        taken = await self._speaker.speak(asked, _deadline(asked))
        return Response(await asyncio.to_thread(msgpack.packb, answers.spoken(taken)), media_type=answers.MSGPACK)

    async def _stream(self, request: Request) -> Response:
        passages = parse_stream(await _body(request, MAX_STREAM_BYTES))
        deadline = _deadline(passages[0])
        async with self._speaker.shelf.borrowed(passages[0].model, deadline) as model:
            framing = chosen(request.headers.get("accept", ""), model.engine.checkpoint.rate)
        outcomes = stream(self._speaker, passages, deadline)
        first = await anext(outcomes)
        if is_about_all(first):
            await outcomes.aclose()
            raise cast(ServingError, first[1])
        return StreamingResponse(_framed(framing, first, outcomes), media_type=framing.media_type)

    async def _voices(self, request: Request) -> Response:
        async with self._speaker.shelf.borrowed(request.query_params.get("model")) as model:
            # The first listing reads every voice's files.
            return JSONResponse({**await asyncio.to_thread(_about, model), "models": self._speaker.shelf.names()})

    async def _healthz(self, _request: Request) -> Response:
        self._health.require()
        knobs = dataclasses.asdict(self._speaker.knobs)
        return JSONResponse({"status": "ok", **self._health.statistics(), "user_config": knobs})


def _about(model: Model) -> dict:
    checkpoint = model.engine.checkpoint
    about = {
        "name": checkpoint.name,
        "fingerprint": checkpoint.fingerprint,
        "layout": checkpoint.layout.kind,
        "rate": checkpoint.rate,
        "hop": checkpoint.hop,
        "languages": checkpoint.languages,
        "device": str(checkpoint.device),
        "max_frames": model.engine.max_frames,
    }
    return {"checkpoint": about, "voices": [dataclasses.asdict(voice) for voice in checkpoint.voices.listed()]}


def _deadline(asked: SpeakRequest) -> float | None:
    return time.monotonic() + asked.timeout_seconds if asked.timeout_seconds is not None else None


async def _framed(framing: Framing, first: Outcome, following: AsyncGenerator[Outcome]) -> AsyncIterator[bytes]:
    async with contextlib.aclosing(following):
        yield framing.head() + framing.frame(first)
        async for outcome in following:
            yield await asyncio.to_thread(framing.frame, outcome)


async def _body(request: Request, most: int) -> bytes:
    """The body, or one byte more than the most, for which `parse` refuses it. Raises BadRequest body_incomplete."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    break
    except TimeoutError as error:
        raise BadRequest(
            f"The body had not come to its end after {BODY_SECONDS:g} s. Send all of it.", "body_incomplete", 408
        ) from error
    except (ClientDisconnect, TaskCancelledError) as error:  # the second is how Serve tells it at times
        raise BadRequest("The caller left before all of the body had come.", "body_incomplete", 408) from error
    return bytes(body)
