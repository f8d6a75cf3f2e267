"""The client of serving, for everyone else: `SpeechClient(url).speak(...)`. It needs neither torch nor Ray.

SpeechError              code, retryable, retry_after (seconds or None), message
├── SpeechRefused        the passage itself is wrong (4xx); the same call will fail again
├── SpeechOverloaded     serving has too much to do (429); later will do
├── SpeechUnavailable    serving is down, restarting, too slow or answers nonsense; later will do
└── SpeechCancelled      the caller's `cancelled` said so; serving drops the passage
"""

from __future__ import annotations

import dataclasses
import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Any, Literal

import msgpack
import numpy as np
import requests
import tenacity

import logs
from serving.breaker import Breaker, CircuitOpen
from serving.watched import Cancelled, WatchedAdapter, watching

#: Seconds to open a connection, and to wait for an answer (a passage may stand in a long queue first).
CONNECT_TIMEOUT, READ_TIMEOUT = 3.0, 600.0
#: Tries of one call, and seconds after which no further one begins. A restart of serving (about 15 s) fits in.
ATTEMPTS, PATIENCE = 8, 60.0
#: Waits between tries double from the first to the longest, in seconds, with full jitter on top of half.
FIRST_WAIT, LONGEST_WAIT = 0.5, 8.0
#: Failures in a row after which calls fail at once, and seconds until one call may try again.
BREAKER_FAILURES, BREAKER_SECONDS = 10, 5.0
#: How often `cancelled` is asked, in seconds.
WATCH_SECONDS = 0.2

logger = logging.getLogger(__name__)


class SpeechError(Exception):
    """Base of the client's errors. `code` is stable."""

    retryable = False

    def __init__(self, message: str, code: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.retry_after = retry_after


class SpeechRefused(SpeechError):
    pass


class SpeechOverloaded(SpeechError):
    retryable = True


class SpeechUnavailable(SpeechError):
    retryable = True


class SpeechCancelled(SpeechError):
    pass


@dataclasses.dataclass(frozen=True)
class Speech:
    """A spoken passage. samples: float32 mono in -1..1, [n]. character_ends: seconds, one for each character of the text
    that was sent, or None where the checkpoint cannot tell. frames: mel frames spoken; batch: passages spoken with it."""

    samples: np.ndarray
    rate: int
    character_ends: tuple[float, ...] | None
    frames: int
    batch: int


class SpeechClient:
    """Speaks over HTTP. Safe in threads; one per process is enough.

    Calls are repeated where that is safe: `key` makes them idempotent. After many failures in a row a circuit breaker
    spares serving further calls for a while.
    """

    def __init__(
        self, base_url: str, *, threads: int = 32, read_timeout: float = READ_TIMEOUT, patience: float = PATIENCE
    ) -> None:
        """threads: how many may call at the same time without opening connections anew. Times are seconds."""
        self._base_url = base_url.rstrip("/")
        self._timeouts = (CONNECT_TIMEOUT, read_timeout)
        self._patience = patience
        self._session = requests.Session()
        adapter = WatchedAdapter(pool_connections=1, pool_maxsize=threads)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)
        self._breaker = Breaker(BREAKER_FAILURES, BREAKER_SECONDS)

    def speak(
        self,
        *,
        key: str,
        text: str,
        voice: str,
        speed: float = 1.0,
        seed: int = 0,
        priority: Literal["high", "low"] = "high",
        cancelled: Callable[[], bool] | None = None,
    ) -> Speech:
        """Speak one passage. key: its content address; text: normalised; speed: 0.5 to 2; seed: 0 to 2**63 - 1.

        priority: "low" for what nobody waits for, such as a film; the high ones are spoken before it.
        cancelled: asked several times a second while waiting. Raises SpeechError.
        """
        body = {"key": key, "text": text, "voice": voice, "speed": speed, "seed": seed, "priority": priority}
        return self._call("POST", "/v1/speak", body, _speech, cancelled or _never)

    def voices(self) -> dict[str, Any]:
        """{"checkpoint": {"name", "fingerprint", "layout", "rate", ...}, "voices": [{"name", "language"}, ...]}.

        Raises SpeechError.
        """
        return self._call("GET", "/v1/voices", None, _json, _never)

    def close(self) -> None:
        self._session.close()

    def __enter__(self) -> SpeechClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _call(
        self, method: str, path: str, body: Any, read: Callable[[requests.Response], Any], cancelled: Callable[[], bool]
    ) -> Any:
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_worth_repeating),
            stop=tenacity.stop_after_attempt(ATTEMPTS) | tenacity.stop_before_delay(self._patience),
            wait=_wait,
            sleep=lambda seconds: _sleep(seconds, cancelled),
            before_sleep=_tell,
            reraise=True,
        )
        return retrying(self._guarded, method, path, body, read, cancelled)

    def _guarded(self, *arguments: Any) -> Any:
        """One try. Only an answer that shows serving itself unwell counts against it: not a refusal, not an overload."""
        try:
            self._breaker.enter()
        except CircuitOpen as error:
            raise SpeechUnavailable(
                "Serving failed many times in a row and is left alone for a moment. Try again shortly.",
                "circuit_open",
                error.retry_after,
            ) from error
        try:
            result = self._once(*arguments)
        except SpeechUnavailable:
            self._breaker.failed()
            raise
        except (SpeechRefused, SpeechOverloaded):
            self._breaker.succeeded()
            raise
        self._breaker.succeeded()
        return result

    def _once(
        self, method: str, path: str, body: Any, read: Callable[[requests.Response], Any], cancelled: Callable[[], bool]
    ) -> Any:
        context = logs.context()
        names = {"X-Request-Id": "request_id", "X-Job-Id": "job_id"}
        headers = {header: context[name] for header, name in names.items() if name in context}
        try:
            with watching(cancelled, WATCH_SECONDS):
                answer = self._session.request(
                    method, self._base_url + path, json=body, headers=headers, timeout=self._timeouts
                )
        except Cancelled as error:
            raise SpeechCancelled("Speaking was cancelled.", "cancelled") from error
        except requests.Timeout as error:
            raise SpeechUnavailable(f"Serving at {self._base_url} did not answer in time.", "serving_timeout") from error
        except requests.RequestException as error:
            raise SpeechUnavailable(
                f"Serving at {self._base_url} cannot be reached. Start it or set VOXREEL_SERVING_URL.", "serving_unreachable"
            ) from error
        if answer.status_code != 200:
            raise _error(answer)
        try:
            return read(answer)
        except (ValueError, KeyError, TypeError, msgpack.UnpackException) as error:
            raise SpeechUnavailable(
                "Serving's answer cannot be read. Is something else at its address?", "bad_answer"
            ) from error


def _speech(answer: requests.Response) -> Speech:
    fields = msgpack.unpackb(answer.content)
    ends = fields["character_ends"]
    samples = np.frombuffer(fields["samples"], dtype="<f4").astype(np.float32)
    return Speech(
        samples, int(fields["rate"]), tuple(ends) if ends is not None else None, int(fields["frames"]), int(fields["batch"])
    )


def _json(answer: requests.Response) -> Any:
    return answer.json()


def _error(answer: requests.Response) -> SpeechError:
    """What a failed answer means. Serve's own failures (a replica was killed) are no JSON."""
    try:
        fields = answer.json()["error"]
        code, message = str(fields["code"]), str(fields["message"])
    except (ValueError, KeyError, TypeError):
        code, message = f"http_{answer.status_code}", f"Serving answered {answer.status_code}."
    if answer.status_code == 429:
        return SpeechOverloaded(message, code, _seconds(answer.headers.get("Retry-After")))
    if answer.status_code >= 500:
        return SpeechUnavailable(message, code, _seconds(answer.headers.get("Retry-After")))
    return SpeechRefused(message, code)


def _seconds(value: str | None) -> float | None:
    return float(value) if value is not None and value.isdecimal() else None


def _worth_repeating(error: BaseException) -> bool:
    """Not where the model itself failed on the passage: that is for the caller to count."""
    return isinstance(error, SpeechError) and error.retryable and error.code != "speech_failed"


def _wait(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, SpeechError) and error.retry_after is not None:
        return error.retry_after + random.uniform(0, FIRST_WAIT)
    longest = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (state.attempt_number - 1))
    return random.uniform(longest / 2, longest)


def _sleep(seconds: float, cancelled: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    pause = threading.Event()
    while (left := until - time.monotonic()) > 0:
        if cancelled():
            raise SpeechCancelled("Speaking was cancelled.", "cancelled")
        pause.wait(min(left, WATCH_SECONDS))


def _tell(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    logger.info("calling serving again", extra={"code": getattr(error, "code", None), "attempt": state.attempt_number})


def _never() -> bool:
    return False
