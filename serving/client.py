"""The client of serving, for everyone else: `SpeechClient(url).speak(...)`. It needs neither torch nor Ray.

Its errors are drawn at the top of serving/calling/errors.py; take them from here.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal
from urllib.parse import quote, urlencode

import msgpack
import requests

from serving.calling.calls import PATIENCE, READ_TIMEOUT, Call, Caller, never
from serving.calling.errors import (
    SpeechCancelled,
    SpeechError,
    SpeechExpired,
    SpeechOverloaded,
    SpeechRefused,
    SpeechUnavailable,
)
from serving.calling.parts import MSGPACK, Heard, Speech, parts, speech_of

__all__ = [
    "Heard",
    "Speech",
    "SpeechCancelled",
    "SpeechClient",
    "SpeechError",
    "SpeechExpired",
    "SpeechOverloaded",
    "SpeechRefused",
    "SpeechUnavailable",
]


#: What Ray Serve calls the header; a name that is no ASCII is percent-encoded.
MODEL_HEADER = "serve-multiplexed-model-id"
#: Passages that one stream may have; more are asked for in turn.
MOST_AT_A_TIME = 256


class _Unsaid:
    """Stands for what a caller leaves to the checkpoint, where None means something else."""


UNSAID = _Unsaid()


class SpeechClient:
    """Speaks over HTTP. Safe in threads; one per process is enough.

    Calls are repeated where that is safe: `key` makes them idempotent. After many failures in a row a circuit breaker
    spares serving further calls for a while.
    """

    def __init__(
        self, base_url: str, *, threads: int = 32, read_timeout: float = READ_TIMEOUT, patience: float = PATIENCE
    ) -> None:
        """threads: how many may call at the same time without opening connections anew. Times are seconds."""
        self._caller = Caller(base_url, threads, read_timeout, patience)

    def speak(
        self,
        *,
        key: str,
        text: str,
        voice: str,
        speed: float = 1.0,
        seed: int = 0,
        priority: Literal["high", "low"] = "high",
        steps: int | None = None,
        cfg_strength: float | None = None,
        sway: float | _Unsaid | None = UNSAID,
        timeout_seconds: float | None = None,
        tenant: str = "",
        model: str | None = None,
        takes: int = 1,
        listen: bool = False,
        cancelled: Callable[[], bool] | None = None,
    ) -> Speech:
        """Speak one passage. key: its content address; text: normalised; speed: 0.5 to 2; seed: 0 to 2**63 - 1.

        priority: "low" for what nobody waits for, such as a film; the high ones are spoken before it.
        steps (1 to 128), cfg_strength (0 to 10), sway (-1 to 1, None: none): left to the checkpoint where not said.
        timeout_seconds (0.1 to 3600): of the whole call, tries included; then SpeechExpired, or the error of the last try.
        tenant: on whose behalf; tenants share serving fairly. model: a checkpoint that serving has, None: its default.
        takes (1 to 8): speak so many, with different seeds, and return the best. listen: tell what was heard.
        cancelled: asked several times a second while waiting. Raises SpeechError.
        """
        body = _fields(key, voice, speed, seed, priority, steps, cfg_strength, sway, tenant, model, takes, listen)
        body, until = {**body, "text": text}, _until(timeout_seconds)
        return self._caller.call(Call("POST", "/v1/speak", _speech, body, cancelled or never, until, _to(model)))

    def stream(
        self,
        passages: Sequence[str],
        *,
        key: str,
        voice: str,
        speed: float = 1.0,
        seed: int = 0,
        priority: Literal["high", "low"] = "high",
        steps: int | None = None,
        cfg_strength: float | None = None,
        sway: float | _Unsaid | None = UNSAID,
        timeout_seconds: float | None = None,
        tenant: str = "",
        model: str | None = None,
        takes: int = 1,
        listen: bool = False,
        cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[Speech | SpeechError]:
        """Speak passages, and yield each in order as soon as it is there, or the error of one that cannot be spoken.

        Serving speaks a few ahead. Closing the iterator drops what is under way. When the connection is lost, what is
        missing is asked for again. The other arguments are those of `speak`; `cancelled` is asked while the first is waited
        for, and before each further one. Raises SpeechError where all that is left cannot be spoken.
        """
        body = _fields(key, voice, speed, seed, priority, steps, cfg_strength, sway, tenant, model, takes, listen)
        cancelled, until = cancelled or never, _until(timeout_seconds)
        done = 0
        while done < len(passages):
            before, part = done, {**body, "passages": list(passages[done : done + MOST_AT_A_TIME])}
            call = Call("POST", "/v1/stream", parts, part, cancelled, until, {"Accept": MSGPACK, **_to(model)})
            try:
                with self._caller.opened(call) as items:
                    for item in items:
                        yield item
                        done += 1
                        if cancelled():
                            raise SpeechCancelled("Speaking was cancelled.", "cancelled")
            except (SpeechUnavailable, SpeechOverloaded):
                if done == before:
                    raise
            if done == before:
                raise SpeechUnavailable("Serving's answer ended before the first passage.", "bad_answer")

    def voices(self, model: str | None = None) -> dict[str, Any]:
        """{"checkpoint": {"name", "fingerprint", "layout", "rate", ...}, "voices": [{"name", "language"}, ...]}.

        model: as in `speak`. Raises SpeechError.
        """
        query = "?" + urlencode({"model": model}) if model is not None else ""
        return self._caller.call(Call("GET", "/v1/voices" + query, _json, headers=_to(model)))

    def close(self) -> None:
        self._caller.close()

    def __enter__(self) -> SpeechClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _fields(
    key: str,
    voice: str,
    speed: float,
    seed: int,
    priority: str,
    steps: int | None,
    cfg_strength: float | None,
    sway: float | _Unsaid | None,
    tenant: str,
    model: str | None,
    takes: int,
    listen: bool,
) -> dict[str, Any]:
    """The body that all passages of a call have in common, with only what was said."""
    body: dict[str, Any] = {"key": key, "voice": voice, "speed": speed, "seed": seed, "priority": priority}
    maybe = {"steps": steps, "cfg_strength": cfg_strength, "model": model, "tenant": tenant or None}
    body |= {name: value for name, value in maybe.items() if value is not None}
    body |= {} if isinstance(sway, _Unsaid) else {"sway": sway}
    return body | ({"takes": takes} if takes != 1 else {}) | ({"listen": True} if listen else {})


def _to(model: str | None) -> dict[str, str]:
    """The header by which Ray Serve's proxy finds a replica that has the model already."""
    return {MODEL_HEADER: quote(model)} if model is not None else {}


def _until(timeout_seconds: float | None) -> float | None:
    return time.monotonic() + timeout_seconds if timeout_seconds is not None else None


def _speech(answer: requests.Response) -> Speech:
    return speech_of(msgpack.unpackb(answer.content))


def _json(answer: requests.Response) -> Any:
    return json.loads(answer.content)
