from __future__ import annotations

import http.server
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import msgpack
import numpy as np
import pytest

import logs
from serving.calling import calls
from serving.client import (
    Heard,
    SpeechCancelled,
    SpeechClient,
    SpeechExpired,
    SpeechOverloaded,
    SpeechRefused,
    SpeechUnavailable,
)

PASSAGE = {"key": "k", "text": "Hello.", "voice": "v"}
SAMPLES = np.linspace(-0.5, 0.5, 480, dtype=np.float32)


class Behaviour:
    """What the server does with each call in turn; the last one stays. Notes the requests and the disconnects it saw."""

    def __init__(self) -> None:
        self.turns: list[Callable[[http.server.BaseHTTPRequestHandler], None]] = []
        self.bodies: list[dict] = []
        self.headers: list[dict[str, str]] = []
        self.left = threading.Event()
        self.release = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    behaviour: Behaviour
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        behaviour = self.behaviour
        behaviour.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        behaviour.headers.append(dict(self.headers))
        (behaviour.turns.pop(0) if len(behaviour.turns) > 1 else behaviour.turns[0])(self)

    def log_message(self, *_: object) -> None:
        pass


def answer(handler: http.server.BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **{n.replace("_", "-"): v for n, v in headers.items()}}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def speaks(handler: http.server.BaseHTTPRequestHandler) -> None:
    body = {"rate": 24000, "samples": SAMPLES.tobytes(), "character_ends": [0.1, 0.2], "timing": "laid"}
    body |= {"frames": 2, "batch": 3, "take": 1, "seed": 77}
    body["heard"] = {"score": 0.75, "skipped": [[0, 5]], "extra": [[0.01, 0.02]]}
    answer(handler, 200, msgpack.packb(body))


def fails(status: int, code: str = "", **headers: str) -> Callable[[http.server.BaseHTTPRequestHandler], None]:
    body = json.dumps({"error": {"code": code, "message": "no"}}).encode() if code else b"Internal Server Error"
    return lambda handler: answer(handler, status, body, **headers)


def hangs_up(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def hangs(handler: http.server.BaseHTTPRequestHandler) -> None:
    """Answer nothing until released or until the client goes."""
    handler.connection.settimeout(0.05)
    behaviour = handler.behaviour  # type: ignore[attr-defined]
    while not behaviour.release.is_set():
        try:
            if handler.connection.recv(1) == b"":
                behaviour.left.set()
                break
        except TimeoutError:
            continue
    handler.close_connection = True


@pytest.fixture
def behaviour() -> Behaviour:
    return Behaviour()


@pytest.fixture
def client(behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch) -> Iterator[SpeechClient]:
    monkeypatch.setattr(calls, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(calls, "LONGEST_WAIT", 0.05)
    monkeypatch.setattr(calls, "BREAKER_SECONDS", 0.3)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"behaviour": behaviour}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    with SpeechClient(f"http://127.0.0.1:{server.server_port}", read_timeout=2.0, patience=20.0) as made:
        yield made
    behaviour.release.set()
    server.shutdown()
    server.server_close()


def test_speech_comes_back_as_it_was_sent(client: SpeechClient, behaviour: Behaviour) -> None:
    behaviour.turns = [speaks]
    speech = client.speak(**PASSAGE, speed=1.5, seed=9, priority="low", listen=True)
    assert speech.samples.dtype == np.float32
    assert np.array_equal(speech.samples, SAMPLES)
    assert (speech.rate, speech.character_ends, speech.batch) == (24000, (0.1, 0.2), 3)
    assert (speech.timing, speech.take, speech.seed) == ("laid", 1, 77)
    assert speech.heard == Heard(score=0.75, skipped=((0, 5),), extra=((0.01, 0.02),))
    said = {"speed": 1.5, "seed": 9, "priority": "low", "listen": True}
    assert behaviour.bodies == [{"key": "k", "text": "Hello.", "voice": "v", **said}]


def test_only_what_the_caller_said_is_sent(client: SpeechClient, behaviour: Behaviour) -> None:
    behaviour.turns = [speaks]
    client.speak(**PASSAGE)
    assert behaviour.bodies.pop().keys() == {*PASSAGE, "speed", "seed", "priority"}
    said = {"steps": 16, "cfg_strength": 0.0, "sway": None, "tenant": "t", "model": "m", "takes": 3, "listen": True}
    client.speak(**PASSAGE, **said)
    assert said.items() <= behaviour.bodies.pop().items()


def test_the_ids_that_are_bound_travel_as_headers(client: SpeechClient, behaviour: Behaviour) -> None:
    behaviour.turns = [speaks]
    with logs.bound(job_id="job-1", request_id="request-1"):
        client.speak(**PASSAGE)
    assert behaviour.headers[0]["X-Job-Id"] == "job-1"
    assert behaviour.headers[0]["X-Request-Id"] == "request-1"


@pytest.mark.parametrize(
    "trouble",
    [fails(500), fails(502), fails(503, "stopping"), fails(404), hangs_up],
    ids=["500", "502", "503", "no application", "hang-up"],
)
def test_a_passing_failure_is_tried_again(client: SpeechClient, behaviour: Behaviour, trouble: Callable) -> None:
    behaviour.turns = [trouble, trouble, speaks]
    assert client.speak(**PASSAGE).rate == 24000
    assert len(behaviour.bodies) == 3


def test_an_overload_is_waited_out_as_long_as_serving_says(client: SpeechClient, behaviour: Behaviour) -> None:
    behaviour.turns = [fails(429, "overloaded", Retry_After="1"), speaks]
    began = time.monotonic()
    client.speak(**PASSAGE)
    assert time.monotonic() - began >= 1.0


def test_an_overload_beyond_patience_is_told_with_its_time(client: SpeechClient, behaviour: Behaviour) -> None:
    behaviour.turns = [fails(429, "overloaded", Retry_After="60")]
    with pytest.raises(SpeechOverloaded) as told:
        client.speak(**PASSAGE)
    assert (told.value.code, told.value.retryable, told.value.retry_after) == ("overloaded", True, 60.0)
    assert len(behaviour.bodies) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "bad_speed"), (404, "unknown_voice"), (422, "passage_too_long"), (500, "checkpoint_corrupt")],
)
def test_a_refusal_is_not_tried_again(client: SpeechClient, behaviour: Behaviour, status: int, code: str) -> None:
    behaviour.turns = [fails(status, code)]
    with pytest.raises(SpeechRefused) as refused:
        client.speak(**PASSAGE)
    assert (refused.value.code, refused.value.retryable) == (code, False)
    assert len(behaviour.bodies) == 1


def test_a_passage_on_which_the_model_fails_is_left_to_the_caller(client: SpeechClient, behaviour: Behaviour) -> None:
    behaviour.turns = [fails(500, "speech_failed")]
    with pytest.raises(SpeechUnavailable) as failed:
        client.speak(**PASSAGE)
    assert (failed.value.code, failed.value.retryable) == ("speech_failed", True)
    assert len(behaviour.bodies) == 1


def test_every_try_is_given_the_time_that_is_left(client: SpeechClient, behaviour: Behaviour) -> None:
    behaviour.turns = [fails(429, "overloaded", Retry_After="1"), speaks]
    client.speak(**PASSAGE, timeout_seconds=10)
    first, second = (body["timeout_seconds"] for body in behaviour.bodies)
    assert second <= first - 1 <= 9


def test_no_try_begins_after_the_time_of_the_call(client: SpeechClient, behaviour: Behaviour) -> None:
    behaviour.turns = [fails(429, "overloaded", Retry_After="5")]
    with pytest.raises(SpeechOverloaded):
        client.speak(**PASSAGE, timeout_seconds=2)
    assert len(behaviour.bodies) == 1


def test_a_call_whose_time_is_over_is_told_so_and_does_not_count_against_serving(
    client: SpeechClient, behaviour: Behaviour
) -> None:
    behaviour.turns = [fails(504, "deadline_exceeded")]
    for _ in range(calls.BREAKER_FAILURES + 1):
        with pytest.raises(SpeechExpired) as expired:
            client.speak(**PASSAGE, timeout_seconds=5)
        assert (expired.value.code, expired.value.retryable) == ("deadline_exceeded", True)
    assert len(behaviour.bodies) == calls.BREAKER_FAILURES + 1


def test_cancelling_while_waiting_disconnects_at_once(client: SpeechClient, behaviour: Behaviour) -> None:
    behaviour.turns = [hangs]
    with pytest.raises(SpeechCancelled):
        client.speak(**PASSAGE, cancelled=lambda: bool(behaviour.bodies))
    assert behaviour.left.wait(5), "the server must see the disconnect"


def test_cancelling_between_tries_ends_the_call(client: SpeechClient, behaviour: Behaviour) -> None:
    behaviour.turns = [fails(429, "overloaded", Retry_After="15")]
    with pytest.raises(SpeechCancelled):
        client.speak(**PASSAGE, cancelled=lambda: bool(behaviour.bodies))
    assert len(behaviour.bodies) == 1


def test_a_server_that_never_answers_is_a_timeout(behaviour: Behaviour, client: SpeechClient) -> None:
    behaviour.turns = [hangs]
    with (
        SpeechClient(client._caller._base_url, read_timeout=0.3, patience=0.5) as hasty,
        pytest.raises(SpeechUnavailable) as late,
    ):
        hasty.speak(**PASSAGE)
    assert (late.value.code, late.value.retryable) == ("serving_timeout", True)


def test_an_answer_that_is_no_speech_is_told(client: SpeechClient, behaviour: Behaviour) -> None:
    behaviour.turns = [lambda handler: answer(handler, 200, b"<html>")]
    with pytest.raises(SpeechUnavailable, match="something else at its address"):
        client.speak(**PASSAGE)


def test_calls_run_side_by_side(client: SpeechClient, behaviour: Behaviour) -> None:
    together = threading.Barrier(4, timeout=10)

    def meets(handler: http.server.BaseHTTPRequestHandler) -> None:
        together.wait()
        speaks(handler)

    behaviour.turns = [meets]
    with ThreadPoolExecutor(4) as pool:
        assert len(list(pool.map(lambda _: client.speak(**PASSAGE), range(4)))) == 4


def test_the_circuit_opens_after_many_failures_and_closes_after_a_success(client: SpeechClient, behaviour: Behaviour) -> None:
    behaviour.turns = [fails(500)]
    codes = set()
    for _ in range(2):
        with pytest.raises(SpeechUnavailable) as failed:
            client.speak(**PASSAGE)
        codes.add(failed.value.code)
    made = len(behaviour.bodies)
    assert calls.BREAKER_FAILURES <= made < 2 * calls.ATTEMPTS, "an open circuit spares serving calls"
    behaviour.turns = [speaks]
    assert client.speak(**PASSAGE).rate == 24000


@pytest.mark.parametrize(("status", "code"), [(404, "unknown_voice"), (500, "checkpoint_mismatch")])
def test_refusals_do_not_open_the_circuit(client: SpeechClient, behaviour: Behaviour, status: int, code: str) -> None:
    behaviour.turns = [fails(status, code)]
    for _ in range(calls.BREAKER_FAILURES + 5):
        with pytest.raises(SpeechRefused):
            client.speak(**PASSAGE)
    assert len(behaviour.bodies) == calls.BREAKER_FAILURES + 5


def test_one_model_without_room_does_not_close_the_way_to_the_others(client: SpeechClient, behaviour: Behaviour) -> None:
    behaviour.turns = [fails(503, "models_busy")] * (calls.ATTEMPTS * 2) + [speaks]
    for _ in range(2):
        with pytest.raises(SpeechOverloaded):
            client.speak(**PASSAGE, model="large")
    assert calls.ATTEMPTS * 2 > calls.BREAKER_FAILURES
    assert client.speak(**PASSAGE).rate == 24_000
    assert len(behaviour.bodies) == calls.ATTEMPTS * 2 + 1, "nobody had to wait for the circuit"


def test_nobody_at_the_address_is_told_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with (
            SpeechClient(f"http://127.0.0.1:{taken.getsockname()[1]}", patience=0.1) as client,
            pytest.raises(SpeechUnavailable, match="VOXREEL_SERVING_URL") as gone,
        ):
            client.speak(**PASSAGE)
    assert gone.value.code == "serving_unreachable"


def test_the_client_needs_neither_ray_nor_torch() -> None:
    code = "import sys, json, serving.client; print(json.dumps([m for m in ('ray', 'torch', 'f5_tts') if m in sys.modules]))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert json.loads(printed) == []
