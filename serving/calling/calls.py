"""One call of serving over HTTP: repeated where that is safe, given up when told so, spared after many failures."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Generic, Literal, TypeVar

import msgpack
import requests
import tenacity

import logs
from serving.calling.breaker import Breaker, CircuitOpen
from serving.calling.errors import (
    SpeechCancelled,
    SpeechError,
    SpeechExpired,
    SpeechOverloaded,
    SpeechRefused,
    SpeechUnavailable,
    error_for,
    worth_repeating,
)
from serving.calling.watched import Cancelled, WatchedAdapter, watching

#: Seconds to open a connection, and to wait for an answer (a passage may stand in a long queue first).
CONNECT_TIMEOUT, READ_TIMEOUT = 3.0, 600.0
#: Seconds that serving has to say that a call's own time is over, before the connection is given up.
EXPIRY_GRACE = 5.0
#: Tries of one call, and seconds after which no further one begins. A restart of serving (about 15 s) fits in.
ATTEMPTS, PATIENCE = 8, 60.0
#: Waits between tries double from the first to the longest, in seconds, with full jitter on top of half.
FIRST_WAIT, LONGEST_WAIT = 0.5, 8.0
#: Failures in a row after which calls fail at once, and seconds until one call may try again.
BREAKER_FAILURES, BREAKER_SECONDS = 10, 5.0
#: How often `cancelled` is asked, in seconds.
WATCH_SECONDS = 0.2

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")


def never() -> bool:
    return False


@dataclasses.dataclass(frozen=True)
class Call(Generic[Answer]):
    """What is asked for, and how its answer is read. until: by the monotonic clock, when it is of no use any more."""

    method: Literal["GET", "POST"]
    path: str
    read: Callable[[requests.Response], Answer]
    body: dict[str, Any] | None = None
    cancelled: Callable[[], bool] = never
    until: float | None = None
    headers: dict[str, str] = dataclasses.field(default_factory=dict)

    def left(self) -> float | None:
        """Seconds that are left, or None where there is no limit."""
        return max(0.0, self.until - time.monotonic()) if self.until is not None else None


class Caller:
    """Calls serving. Safe in threads."""

    def __init__(self, base_url: str, threads: int, read_timeout: float, patience: float) -> None:
        self._base_url = base_url.rstrip("/")
        self._read_timeout = read_timeout
        self._patience = patience
        self._session = requests.Session()
        adapter = WatchedAdapter(pool_connections=1, pool_maxsize=threads)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)
        self._breaker = Breaker(BREAKER_FAILURES, BREAKER_SECONDS)

    def close(self) -> None:
        self._session.close()

    def call(self, call: Call[Answer]) -> Answer:
        """The answer, after as many tries as it takes. Raises SpeechError."""
        return self._retrying(call)(self._once, call)

    @contextlib.contextmanager
    def opened(self, call: Call[Answer]) -> Iterator[Answer]:
        """The same for an answer whose body is read inside the block, as it comes. Reading is not repeated."""
        with contextlib.ExitStack() as kept:
            yield self._retrying(call)(lambda: kept.enter_context(self._open(call)))

    def _retrying(self, call: Call) -> tenacity.Retrying:
        left = call.left()
        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(worth_repeating),
            stop=tenacity.stop_after_attempt(ATTEMPTS)
            | tenacity.stop_before_delay(self._patience if left is None else min(left, self._patience)),
            wait=_wait,
            sleep=lambda seconds: _sleep(seconds, call.cancelled),
            before_sleep=_tell,
            reraise=True,
        )

    def _once(self, call: Call[Answer]) -> Answer:
        with self._counted(), self._sent(call, as_it_comes=False) as answer:
            return call.read(answer)

    @contextlib.contextmanager
    def _open(self, call: Call[Answer]) -> Iterator[Answer]:
        with self._counted(), self._sent(call, as_it_comes=True) as answer, answer:
            yield call.read(answer)

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
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
            yield
        except SpeechUnavailable:
            self._breaker.failed()
            raise
        except (SpeechRefused, SpeechOverloaded, SpeechExpired):
            self._breaker.succeeded()
            raise
        self._breaker.succeeded()

    @contextlib.contextmanager
    def _sent(self, call: Call, as_it_comes: bool) -> Iterator[requests.Response]:
        """An answer of status 200. What goes wrong here or in the block becomes a SpeechError."""
        left = call.left()
        body = call.body if left is None or call.body is None else {**call.body, "timeout_seconds": max(0.1, left)}
        try:
            with watching(call.cancelled, WATCH_SECONDS):
                answer = self._session.request(
                    call.method,
                    self._base_url + call.path,
                    json=body,
                    headers={**call.headers, **_ids()},
                    stream=as_it_comes,
                    timeout=(CONNECT_TIMEOUT, self._read_timeout if left is None else left + EXPIRY_GRACE),
                )
            if answer.status_code != 200:
                raise _error(answer)
            yield answer
        except Cancelled as error:
            raise SpeechCancelled("Speaking was cancelled.", "cancelled") from error
        except requests.Timeout as error:
            raise SpeechUnavailable(
                f"Serving at {self._base_url} did not answer in time. Try again later; /healthz there tells how much waits.",
                "serving_timeout",
            ) from error
        except requests.RequestException as error:
            raise SpeechUnavailable(
                f"Serving at {self._base_url} cannot be reached. Start it or set VOXREEL_SERVING_URL.", "serving_unreachable"
            ) from error
        except (ValueError, KeyError, TypeError, msgpack.UnpackException) as error:
            raise SpeechUnavailable(
                "Serving's answer cannot be read. Is something else at its address?", "bad_answer"
            ) from error


def _ids() -> dict[str, str]:
    context = logs.context()
    names = {"X-Request-Id": "request_id", "X-Job-Id": "job_id"}
    return {header: context[name] for header, name in names.items() if name in context}


def _error(answer: requests.Response) -> SpeechError:
    """What a failed answer means. Serve's own failures are no JSON: a replica was killed, or the application is not there."""
    try:
        fields = answer.json()["error"]
        code, message = str(fields["code"]), str(fields["message"])
    except (ValueError, KeyError, TypeError):
        code = f"http_{answer.status_code}"
        message = f"Serving answered {answer.status_code} and not why. Try again; if it stays so, see serving's log."
        if answer.status_code == 404:
            return SpeechUnavailable(message, code)
    return error_for(answer.status_code, code, message, _seconds(answer.headers.get("Retry-After")))


def _seconds(value: str | None) -> float | None:
    return float(value) if value is not None and value.isdecimal() else None


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
