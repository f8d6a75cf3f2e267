"""The client of serving, for everyone else: `SpeechClient(url).speak(...)`. It needs neither torch nor Ray.

Its errors are drawn at the top of serving/calls.py; take them from here.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import urlencode

import msgpack
import numpy as np
import requests

from serving.calls import (
    PATIENCE,
    READ_TIMEOUT,
    Call,
    Caller,
    SpeechCancelled,
    SpeechError,
    SpeechExpired,
    SpeechOverloaded,
    SpeechRefused,
    SpeechUnavailable,
    never,
)

__all__ = [
    "Speech",
    "SpeechCancelled",
    "SpeechClient",
    "SpeechError",
    "SpeechExpired",
    "SpeechOverloaded",
    "SpeechRefused",
    "SpeechUnavailable",
]


class _Unsaid:
    """Stands for what a caller leaves to the checkpoint, where None means something else."""


UNSAID = _Unsaid()


@dataclasses.dataclass(frozen=True)
class Speech:
    """A spoken passage. samples: float32 mono in -1..1, [n]. character_ends: seconds, one for each character of the text
    that was sent, or None where the checkpoint cannot tell. frames: mel frames spoken; batch: passages spoken with it.
    take, seed: which of the takes this is, counted from 0, and the seed it was spoken with."""

    samples: np.ndarray
    rate: int
    character_ends: tuple[float, ...] | None
    frames: int
    batch: int
    take: int
    seed: int


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
        cancelled: Callable[[], bool] | None = None,
    ) -> Speech:
        """Speak one passage. key: its content address; text: normalised; speed: 0.5 to 2; seed: 0 to 2**63 - 1.

        priority: "low" for what nobody waits for, such as a film; the high ones are spoken before it.
        steps (1 to 128), cfg_strength (0 to 10), sway (-1 to 1, None: none): left to the checkpoint where not said.
        timeout_seconds (0.1 to 3600): of the whole call, tries included; SpeechExpired when it is over.
        tenant: on whose behalf; tenants share serving fairly. model: a checkpoint that serving has, None: its default.
        takes (1 to 8): speak so many, with different seeds, and return the best.
        cancelled: asked several times a second while waiting. Raises SpeechError.
        """
        body: dict[str, Any] = {"key": key, "text": text, "voice": voice, "speed": speed, "seed": seed, "priority": priority}
        body |= _said(steps=steps, cfg_strength=cfg_strength, model=model, tenant=tenant or None)
        body |= {} if isinstance(sway, _Unsaid) else {"sway": sway}
        body |= {"takes": takes} if takes != 1 else {}
        until = time.monotonic() + timeout_seconds if timeout_seconds is not None else None
        return self._caller.call(Call("POST", "/v1/speak", _speech, body, cancelled or never, until))

    def voices(self, model: str | None = None) -> dict[str, Any]:
        """{"checkpoint": {"name", "fingerprint", "layout", "rate", ...}, "voices": [{"name", "language"}, ...]}.

        model: as in `speak`. Raises SpeechError.
        """
        query = "?" + urlencode({"model": model}) if model is not None else ""
        return self._caller.call(Call("GET", "/v1/voices" + query, _json))

    def close(self) -> None:
        self._caller.close()

    def __enter__(self) -> SpeechClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _said(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _speech(answer: requests.Response) -> Speech:
    fields = msgpack.unpackb(answer.content)
    ends = fields["character_ends"]
    return Speech(
        samples=np.frombuffer(fields["samples"], dtype="<f4").astype(np.float32),
        rate=int(fields["rate"]),
        character_ends=tuple(ends) if ends is not None else None,
        frames=int(fields["frames"]),
        batch=int(fields["batch"]),
        take=int(fields["take"]),
        seed=int(fields["seed"]),
    )


def _json(answer: requests.Response) -> Any:
    return json.loads(answer.content)
