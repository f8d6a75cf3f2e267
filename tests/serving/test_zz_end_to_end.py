"""The whole of serving: a real `python -m serving.run` and its real client. Runs last, since it takes longest to start."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import psutil
import pytest
import requests

import logs
import settings
from serving.client import SpeechCancelled, SpeechClient, SpeechRefused
from serving.cluster.own_ray import PREFIX
from tests.processes import running

from .running import Serving, free_port, until

LONG = "This sentence is said again and again. " * 20


def test_a_passage_is_spoken_once_and_then_remembered(serving: Serving, client: SpeechClient) -> None:
    passage = {"key": "remembered", "text": "Good evening, everyone.", "voice": "en_female", "seed": 4}
    with logs.bound(job_id="job-7", request_id="request-7"):
        first = client.speak(**passage)
    again = client.speak(**passage)
    assert np.array_equal(first.samples, again.samples)
    assert first.rate == 24_000
    assert (first.timing, first.heard) == ("laid", None)
    assert len(first.character_ends) == len(passage["text"])
    assert first.character_ends[-1] == pytest.approx(len(first.samples) / 24_000, abs=0.03)
    lines = until(lambda: [line for line in serving.lines("passage spoken") if line["key"] == "remembered"])
    assert len(lines) == 1
    assert (lines[0]["count"], lines[0]["job_id"], lines[0]["request_id"]) == (1, "job-7", "request-7")
    assert {"frames", "batch", "seconds"} <= lines[0].keys()


def test_who_asks_is_told_what_was_heard(client: SpeechClient) -> None:
    text = "Please read the first page of this book."
    speech = client.speak(key="listened to", text=text, voice="en_male", listen=True)
    assert speech.heard is not None
    assert speech.heard.score > 0.75
    assert (speech.heard.skipped, speech.heard.extra) == ((), ())


def test_passages_spoken_together_sound_as_they_do_alone(serving: Serving, client: SpeechClient) -> None:
    texts = ["One.", "Two and three.", "Bốn, năm, sáu."]
    alone = [client.speak(key=f"alone {n}", text=text, voice="vi_female", seed=n) for n, text in enumerate(texts)]
    with ThreadPoolExecutor(4) as pool:
        long = pool.submit(client.speak, key="beside", text=LONG[:200], voice="en_male")
        until(lambda: serving.health()["running"])
        speak = [
            pool.submit(client.speak, key=f"both {n}", text=text, voice="vi_female", seed=n) for n, text in enumerate(texts)
        ]
        together = [future.result() for future in speak]
        long.result()
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one.samples, other.samples, atol=1e-3)
    assert max(speech.batch for speech in together) > 1


def test_a_client_that_leaves_frees_the_model(serving: Serving, client: SpeechClient) -> None:
    with pytest.raises(SpeechCancelled):
        client.speak(key="left", text=LONG, voice="en_male", cancelled=lambda: serving.health()["running"])
    until(lambda: serving.health()["running"] == 0)
    until(lambda: serving.lines("passage dropped"))
    assert not [line for line in serving.lines("passage spoken") if line["key"] == "left"]


def test_a_waiter_that_stays_gets_the_passage_that_another_left(serving: Serving, client: SpeechClient) -> None:
    passage = {"key": "shared", "text": LONG[:120], "voice": "en_female"}
    with ThreadPoolExecutor(2) as pool:
        stays = pool.submit(client.speak, **passage)
        until(lambda: serving.health()["running"])
        with pytest.raises(SpeechCancelled):
            client.speak(**passage, cancelled=iter([False, False, True]).__next__)
        assert len(stays.result().samples) > 24_000
    lines = [line for line in serving.lines("passage spoken") if line["key"] == "shared"]
    assert [line["count"] for line in lines] == [1]


def test_the_voices_are_told_with_the_fingerprint_of_the_checkpoint(client: SpeechClient) -> None:
    told = client.voices()
    assert {voice["name"]: voice["language"] for voice in told["voices"]} == {
        "en_female": "en",
        "en_male": "en",
        "vi_female": "vi",
        "vi_male": "vi",
    }
    assert told["checkpoint"]["name"] == "sample"
    assert len(told["checkpoint"]["fingerprint"]) == 64


GOOD = {"key": "k", "text": "Hello.", "voice": "en_female", "speed": 1.0, "seed": 0}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "not_json"),
        (b"[1]", 400, "not_json"),
        (b"\xff\xfe", 400, "not_json"),
        (b"[" * 60_000, 400, "not_json"),
        (b" " * 70_000, 413, "body_too_large"),
        ({**GOOD, "key": ""}, 400, "bad_key"),
        ({**GOOD, "key": 7}, 400, "bad_key"),
        ({**GOOD, "key": "\udc00"}, 400, "bad_key"),
        ({**GOOD, "text": " "}, 400, "bad_text"),
        ({**GOOD, "text": None}, 400, "bad_text"),
        ({**GOOD, "text": "\ud800"}, 400, "bad_text"),
        ({**GOOD, "text": "漢字"}, 422, "nothing_to_say"),
        ({**GOOD, "text": "a" * 4001}, 422, "text_too_long"),
        ({**GOOD, "text": "a long word, " * 200, "speed": 0.5}, 422, "passage_too_long"),
        ({**GOOD, "voice": "nobody"}, 404, "unknown_voice"),
        ({**GOOD, "voice": None}, 400, "bad_voice"),
        ({**GOOD, "speed": 0.4}, 400, "bad_speed"),
        ({**GOOD, "speed": float("nan")}, 400, "bad_speed"),
        ({**GOOD, "speed": True}, 400, "bad_speed"),
        ({**GOOD, "speed": "1"}, 400, "bad_speed"),
        ({**GOOD, "speed": 10**400}, 400, "bad_speed"),
        ({**GOOD, "seed": -1}, 400, "bad_seed"),
        ({**GOOD, "seed": 2**63}, 400, "bad_seed"),
        ({**GOOD, "seed": 1.5}, 400, "bad_seed"),
        ({**GOOD, "priority": "urgent"}, 400, "bad_priority"),
        ({**GOOD, "priority": None}, 400, "bad_priority"),
        ({**GOOD, "priority": ["high"]}, 400, "bad_priority"),
    ],
)
def test_a_wrong_request_is_refused_with_its_code(serving: Serving, body: Any, status: int, code: str) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = requests.post(serving.url + "/v1/speak", data=data, timeout=30)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["message"].endswith((".", "?"))


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/v1/speak", 405), ("POST", "/healthz", 405), ("GET", "/v1/nothing", 404)]
)
def test_a_wrong_path_or_method_is_told(serving: Serving, method: str, path: str, status: int) -> None:
    assert requests.request(method, serving.url + path, timeout=30).status_code == status


def test_a_refusal_reaches_the_client_as_one(client: SpeechClient) -> None:
    with pytest.raises(SpeechRefused) as refused:
        client.speak(key="k", text="Hello.", voice="nobody")
    assert refused.value.code == "unknown_voice"


def test_no_text_of_a_user_is_in_the_log(serving: Serving, client: SpeechClient) -> None:
    client.speak(key="secret", text="Pomegranate sorbet.", voice="en_female")
    until(lambda: [line for line in serving.lines("passage spoken") if line["key"] == "secret"])
    assert "omegranate" not in serving.log.read_text(encoding="utf-8")


def test_other_users_of_the_machine_cannot_reach_rays_files(serving: Serving) -> None:
    folder = next(Path(tempfile.gettempdir()).glob(f"{PREFIX}{serving.process.pid}-*"))
    assert list(folder.rglob("raylet"))  # the socket is in there
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def listening(serving: Serving) -> list[tuple[str, str, int]]:
    """(process, address, port) of every TCP socket on which serving and all that it started listen."""
    found = []
    for process in serving.family():
        with contextlib.suppress(psutil.NoSuchProcess):  # Ray starts and ends workers as it likes
            name = process.cmdline()[0]
            found += [(name, *held.laddr) for held in process.net_connections("tcp") if held.status == psutil.CONN_LISTEN]
    return found


def test_it_listens_on_the_loopback_only_but_for_one_port_that_wants_rays_token(serving: Serving) -> None:
    sockets = listening(serving)
    processes = " ".join(name for name, _, _ in sockets)
    assert all(part in processes for part in ("gcs_server", "raylet", "ServeReplica", "ProxyActor", "DashboardAgent"))
    open_ones = [
        (name, port) for name, address, port in sockets if not ipaddress.ip_address(address.removeprefix("::ffff:")).is_loopback
    ]
    assert ["ServeReplica" in name for name, _ in open_ones] == [True]
    with grpc.insecure_channel(f"127.0.0.1:{open_ones[0][1]}") as channel:
        call = channel.unary_unary("/ray.serve.ASGIService/HandleRequest")
        with pytest.raises(grpc.RpcError) as refused:
            call(b"", timeout=20)
    assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED


def test_a_high_passage_is_spoken_before_the_low_ones_that_wait(serving: Serving, client: SpeechClient) -> None:
    with ThreadPoolExecutor(6) as pool:
        low = [
            pool.submit(client.speak, key=f"low {n}", text=LONG[:150], voice="en_male", seed=n, priority="low")
            for n in range(6)
        ]
        until(lambda: serving.health()["waiting_frames_low"])
        client.speak(key="high", text="Here at once.", voice="en_male")
        assert serving.health()["waiting_frames_low"], "low ones still wait when it is done"
        for future in low:
            future.result()
    lines = until(lambda: [line for line in serving.lines("passage spoken") if line["key"] in ("high", "low 5")])
    assert {line["key"]: line["priority"] for line in lines}["high"] == "high"


def test_a_killed_replica_is_replaced_and_the_client_does_not_notice(serving: Serving, client: SpeechClient) -> None:
    def replicas() -> list[psutil.Process]:
        return running("ServeReplica", serving.family())

    passage = {"key": "survives", "text": LONG[:160], "voice": "en_male"}
    with ThreadPoolExecutor(1) as pool:
        speaking = pool.submit(client.speak, **passage)
        until(lambda: serving.health()["running"])
        replicas()[0].kill()
        assert len(speaking.result(timeout=200).samples) > 24_000


def test_a_checkpoint_that_is_not_there_ends_the_start_with_a_sentence(tmp_path: Path) -> None:
    environment = {**os.environ, "VOXREEL_CHECKPOINT": str(tmp_path / "none")}
    command = [sys.executable, "-m", "serving.run", "--port", str(free_port())]
    ended = subprocess.run(
        command, cwd=settings.ROOT, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    last = json.loads(ended.stderr.splitlines()[-1])
    assert "config.yaml is missing" in last["message"]


def test_a_signal_while_ray_starts_ends_it_with_code_0_and_without_a_trace() -> None:
    command = [sys.executable, "-m", "serving.run", "--port", str(free_port())]
    process = subprocess.Popen(command, cwd=settings.ROOT, stderr=subprocess.PIPE, text=True)
    started = psutil.Process(process.pid)
    until(lambda: running("gcs_server", started.children()))
    process.terminate()
    said = process.communicate(timeout=100)[1]
    assert process.returncode == 0, said
    assert all(isinstance(json.loads(line), dict) for line in said.splitlines())
    assert not list(Path(tempfile.gettempdir()).glob(f"{PREFIX}{process.pid}-*"))


def under_way(serving: Serving) -> int:
    health = serving.health()
    return health["running"] + health["waiting"]


def test_a_signal_ends_it_with_code_0_and_nothing_but_json_in_its_log(serving: Serving) -> None:
    children = serving.family()[1:]
    with SpeechClient(serving.url, patience=0) as hasty, ThreadPoolExecutor(3) as pool:
        texts = [LONG[:150] + str(number) for number in range(3)]
        accepted = [pool.submit(hasty.speak, key=f"last {text[-1]}", text=text, voice="en_male") for text in texts]
        until(lambda: under_way(serving) == len(accepted))
        serving.process.send_signal(signal.SIGTERM)
        assert all(len(call.result(timeout=120).samples) > 24_000 for call in accepted), "what was accepted is finished"
    assert serving.process.wait(60) == 0
    psutil.wait_procs(children, timeout=30)
    assert not [process for process in children if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert serving.log.with_suffix(".err").read_text(encoding="utf-8") == "", "what is in the log file is not said twice"
    assert all(isinstance(json.loads(line), dict) for line in serving.log.read_text(encoding="utf-8").splitlines())
