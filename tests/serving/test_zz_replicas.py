"""Two replicas on one machine, with several models: a real `python -m serving.run`, over real HTTP and Ray's own REST API."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

import settings
from serving.client import SpeechClient, SpeechRefused, SpeechUnavailable

from . import published
from .running import Serving, start_serving, until

CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
#: Ray's metrics come every second instead of every ten.
ENVIRONMENT = {"VOXREEL_REPLICAS": "2", "VOXREEL_DRAIN_SECONDS": "240", "RAY_metrics_report_interval_ms": "1000"}
LONG = "This sentence is said again and again. "


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("replicas")
    for name in ("tiny", "small"):
        published.write(folder / "models" / name, name=name)
    with start_serving(folder / "serving.log", **ENVIRONMENT, VOXREEL_MODELS_DIR=str(folder / "models")) as started:
        yield started


def replicas(serving: Serving) -> dict[int, dict[str, Any]]:
    """What each of the two replicas says of itself, by the number of its process."""
    found: dict[int, dict[str, Any]] = {}

    def ask() -> bool:
        with contextlib.suppress(requests.RequestException, ValueError, KeyError):
            health = serving.health()
            found[health["replica"]["process"]] = health
        return len([number for number in found if psutil.pid_exists(number)]) == 2

    until(ask)
    return {number: health for number, health in found.items() if psutil.pid_exists(number)}


@pytest.mark.skipif(len(CORES) < 2, reason="needs two cores")
def test_each_replica_keeps_to_cores_of_its_own(serving: Serving) -> None:
    found = replicas(serving)
    shares = [set(health["replica"]["cores"]) for health in found.values()]
    assert not shares[0] & shares[1]
    assert shares[0] | shares[1] <= set(CORES)
    assert {health["replica"]["rank"] for health in found.values()} == {0, 1}
    for number, health in found.items():
        for thread in psutil.Process(number).threads():
            assert os.sched_getaffinity(thread.id) == set(health["replica"]["cores"])


def test_killing_a_replica_under_load_loses_no_request(serving: Serving, client: SpeechClient) -> None:
    texts = {f"kept {number}": LONG[: 20 + number] for number in range(24)}
    victim = next(iter(replicas(serving)))
    with ThreadPoolExecutor(8) as pool:
        calls = {key: pool.submit(client.speak, key=key, text=text, voice="en_male") for key, text in texts.items()}
        until(lambda: len([line for line in serving.lines("passage spoken") if line["key"] in texts]) > 3)
        assert not all(call.done() for call in calls.values()), "the load must outlast the kill"
        os.kill(victim, signal.SIGKILL)
        spoken = {key: call.result(timeout=240) for key, call in calls.items()}
    assert spoken.keys() == texts.keys()
    assert all(len(speech.samples) and len(speech.character_ends) == len(texts[key]) for key, speech in spoken.items())
    assert victim not in replicas(serving), "another has taken its place"


def test_a_request_names_the_model_that_speaks(serving: Serving, client: SpeechClient) -> None:
    told = client.voices(model="tiny")
    assert (told["checkpoint"]["name"], [voice["name"] for voice in told["voices"]]) == ("tiny", ["amy"])
    assert told["models"] == ["sample", "small", "tiny"]
    assert client.voices()["checkpoint"]["name"] == "sample"
    tiny, small = (client.speak(key="k", text="Hello.", voice="amy", model=name) for name in ("tiny", "small"))
    assert len(tiny.samples)
    assert len(small.samples)


@pytest.mark.parametrize("name", ["nothing", "../tiny", ".", "tiny/"])
def test_a_model_that_is_not_there_is_told_with_those_that_are(client: SpeechClient, name: str) -> None:
    with pytest.raises(SpeechRefused, match="sample, small, tiny") as refused:
        client.speak(key="k", text="Hello.", voice="amy", model=name)
    assert refused.value.code == "unknown_model"


def dashboard(serving: Serving) -> tuple[str, dict[str, str]]:
    """URL of Ray's dashboard and the header that opens it."""
    line = until(lambda: serving.lines("serving is ready"))[-1]
    token = Path(line["dashboard_token_file"]).read_text(encoding="utf-8")
    return line["dashboard"], {"Authorization": f"Bearer {token}"}


def test_a_knob_is_turned_without_a_restart_through_rays_rest_api(serving: Serving) -> None:
    url, headers = dashboard(serving)
    details = requests.get(url + "/api/serve/applications/", headers=headers, timeout=30).json()
    before = replicas(serving)

    def turn(**user_config: Any) -> None:
        application = dict(details["applications"]["voxreel"]["deployed_app_config"])
        application["deployments"] = [{"name": "speech", "user_config": user_config}]
        config = {"applications": [application], **{name: details[name] for name in ("http_options", "proxy_location")}}
        requests.put(url + "/api/serve/applications/", headers=headers, json=config, timeout=30).raise_for_status()

    def all_have(**wanted: Any) -> bool:
        return all(wanted.items() <= health["user_config"].items() for health in replicas(serving).values())

    turn(max_batch_frames=700, steps=4)
    until(lambda: all_have(max_batch_frames=700, steps=4))
    assert all(health["batch_frames"] == 700 for health in replicas(serving).values())
    turn(max_batch_frames=-1)
    until(lambda: serving.lines("user_config is left as it was: " + WRONG))
    assert all_have(max_batch_frames=700, steps=4)
    turn()
    until(lambda: all_have(max_batch_frames=0, steps=None))
    assert replicas(serving).keys() == before.keys(), "nobody was restarted"


WRONG = "user_config: max_batch_frames must be a whole number of frames from 0 on."


def metrics(serving: Serving) -> list[str]:
    """The lines that Ray shows to Prometheus."""
    url, headers = dashboard(serving)
    targets = requests.get(url + "/api/prometheus/sd", headers=headers, timeout=30).json()
    pages = [target for group in targets for target in group["targets"]]
    return [
        line for page in pages for line in requests.get(f"http://{page}/metrics", headers=headers, timeout=30).text.splitlines()
    ]


def test_ray_tells_the_schedulers_numbers_to_prometheus(serving: Serving, client: SpeechClient) -> None:
    client.speak(key="measured", text="Hello.", voice="en_male")
    wanted = {"waiting_frames", "running", "frames_per_second", "spoken_total", "model_bytes"}
    wanted |= {"request_seconds_bucket", "batch_passages_bucket"}
    until(lambda: {f"ray_voxreel_{name}" for name in wanted} <= {line.split("{")[0] for line in metrics(serving)})


def under_way(serving: Serving, ids: list[str]) -> float:
    """Passages that wait and run in these replicas together. To ask them is no use: the proxy asks the one with less to do."""
    names = ("ray_voxreel_running{", "ray_voxreel_waiting{")
    mine = [line for line in metrics(serving) if line.startswith(names) and any(f'"{each}"' in line for each in ids)]
    return sum(float(line.rsplit(" ", 1)[1]) for line in mine)


def applications(serving: Serving) -> dict[str, str]:
    """Names and states of all that runs on the Ray of this serving."""
    url, headers = dashboard(serving)
    details = requests.get(url + "/api/serve/applications/", headers=headers, timeout=30).json()
    return {name: application["status"] for name, application in details["applications"].items()}


def deploy_a_neighbour(serving: Serving) -> None:
    """An application of somebody else on the same Ray."""
    url, headers = dashboard(serving)
    details = requests.get(url + "/api/serve/applications/", headers=headers, timeout=30).json()
    ours = details["applications"]["voxreel"]["deployed_app_config"]
    theirs = {"name": "neighbour", "route_prefix": "/neighbour", "import_path": "tests.serving.neighbour:application"}
    config = {"applications": [ours, theirs], **{name: details[name] for name in ("http_options", "proxy_location")}}
    requests.put(url + "/api/serve/applications/", headers=headers, json=config, timeout=30).raise_for_status()
    until(lambda: applications(serving).get("neighbour") == "RUNNING")


@contextlib.contextmanager
def guest_of(serving: Serving, log: Path) -> Iterator[Serving]:
    """Another `python -m serving.run`, with the same settings, that deploys into the Ray of this one."""
    line = until(lambda: serving.lines("serving is ready"))[-1]
    environment = {
        **{**os.environ, **ENVIRONMENT, "VOXREEL_MODELS_DIR": str(serving.log.parent / "models")},
        **{"VOXREEL_RAY_ADDRESS": line["dashboard"], "RAY_AUTH_TOKEN_PATH": line["dashboard_token_file"]},
        **{"RAY_AUTH_MODE": "token", "VOXREEL_SERVING_LOG": str(log)},
    }
    process = subprocess.Popen([sys.executable, "-m", "serving.run"], cwd=settings.ROOT, env=environment)
    guest = Serving(serving.url, process, log)
    try:
        until(lambda: log.exists() and guest.lines("serving is ready"))
        yield guest
    finally:
        process.kill()
        process.wait()


def test_on_a_cluster_that_runs_already_only_our_application_comes_and_goes(serving: Serving, tmp_path: Path) -> None:
    deploy_a_neighbour(serving)
    with (
        guest_of(serving, tmp_path / "guest.log") as guest,
        SpeechClient(serving.url, patience=0) as hasty,
        ThreadPoolExecutor(4) as pool,
    ):
        assert guest.lines("serving is ready")[0]["url"] == serving.url, "it listens where it did"
        ids = [health["replica"]["id"] for health in replicas(serving).values()]
        # Many steps: they must outlast finding out that all were accepted.
        last = {"text": LONG * 2, "voice": "en_male", "steps": 40}
        calls = [pool.submit(hasty.speak, key="last", seed=number, **last) for number in range(4)]
        until(lambda: under_way(serving, ids) == len(calls) or any(call.done() for call in calls))
        assert not any(call.done() for call in calls), [call.exception() for call in calls if call.done()]
        guest.process.send_signal(signal.SIGTERM)
        assert all(len(call.result(timeout=250).samples) for call in calls), "what was accepted is finished"
        assert guest.process.wait(60) == 0
        with pytest.raises(SpeechUnavailable):
            hasty.speak(key="too late", text="Hello.", voice="en_male")
    assert applications(serving) == {"neighbour": "RUNNING"}
    assert requests.get(serving.url + "/neighbour", timeout=30).text == "still here"
    assert all(isinstance(json.loads(line), dict) for line in serving.log.read_text(encoding="utf-8").splitlines())


def test_it_ends_with_a_sentence_when_ray_dies(serving: Serving) -> None:
    """The last one here: nothing is served afterwards."""
    children = serving.family()[1:]
    next(process for process in children if process.name() == "raylet").kill()
    assert serving.process.wait(60) == 1
    assert "died" in json.loads(serving.log.read_text(encoding="utf-8").splitlines()[-1])["message"]
    assert "died" in serving.log.with_suffix(".err").read_text(), "it is also told to who started it"
    psutil.wait_procs(children, timeout=30)
    assert not [process for process in children if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
