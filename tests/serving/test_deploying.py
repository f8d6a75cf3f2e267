"""What is given to Ray: the config for `serve deploy`, the options of replicas, their cores. No Ray is started here."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
import yaml
from ray.serve.schema import ServeDeploySchema

import settings
from serving.app import build
from serving.cluster import arguments, cores, replicas
from serving.cluster.deploying import config
from serving.cluster.router import preferred
from serving.replica import knobs
from serving.replica.knobs import KnobsWrong

HTTP = {"host": "127.0.0.1", "port": 8100}


def test_the_config_for_rays_own_tools_is_valid_and_builds() -> None:
    written = yaml.safe_load((settings.ROOT / "deploy" / "serve.yaml").read_text(encoding="utf-8"))
    [application] = ServeDeploySchema.model_validate(written).applications
    assert application.import_path == "serving.app:build"
    deployment = build(application.args)._bound_deployment
    assert deployment.name == application.deployments[0].name
    assert knobs.read(application.deployments[0].user_config, settings.load())


def test_the_config_of_serving_run_is_valid_and_carries_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXREEL_REPLICAS", "1..3")
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret@somewhere/db")
    made = ServeDeploySchema.model_validate(config(HTTP))
    assert made.applications[0].args["VOXREEL_REPLICAS"] == "1..3"
    assert "secret" not in str(config(HTTP)), "only what serving needs travels"


def test_every_setting_that_serving_reads_travels_with_the_application() -> None:
    documented = {"VOXREEL_" + name.upper() for name in settings.Settings.__dataclass_fields__}
    assert set(arguments.NAMES) <= documented
    for path in (settings.ROOT / "serving").rglob("*.py"):
        read = {name for name in documented if f"configured.{name.removeprefix('VOXREEL_').lower()}" in path.read_text()}
        assert read <= {*arguments.NAMES, "VOXREEL_RAY_ADDRESS"}, path


@pytest.mark.parametrize("wrong", [{"VOXREEL_NOTHING": "1"}, {"DATABASE_URL": "sqlite://"}])
def test_an_argument_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="has no argument"):
        build(wrong)


def test_an_argument_counts_for_the_application_and_leaves_the_process_as_it_was() -> None:
    before = dict(os.environ)
    assert build({"VOXREEL_REPLICAS": 3})._bound_deployment.num_replicas == 3
    assert dict(os.environ) == before
    with pytest.raises(settings.SettingsError, match="VOXREEL_REPLICAS"):
        build({"VOXREEL_REPLICAS": "none"})


def options(monkeypatch: pytest.MonkeyPatch, gpus: float, cpus: float, **said: str) -> dict[str, Any]:
    for name, value in said.items():
        monkeypatch.setenv("VOXREEL_" + name, value)
    return replicas.options(settings.load(), gpus, cpus)


@pytest.mark.parametrize(
    ("gpus", "said", "count", "share"),
    [
        (0, {}, 1, 0),
        (4, {}, 4, 1),
        (2, {"REPLICA_GPUS": "0.5"}, 4, 0.5),
        (4, {"REPLICAS": "2"}, 2, 1),
        (4, {"DEVICE": "cpu"}, 1, 0),
        (0, {"REPLICAS": "2", "REPLICA_GPUS": "0.5"}, 2, 0),
    ],
)
def test_there_is_a_replica_for_each_share_of_a_gpu(
    monkeypatch: pytest.MonkeyPatch, gpus: float, said: dict[str, str], count: int, share: float
) -> None:
    made = options(monkeypatch, gpus, 8, **said)
    assert made["num_replicas"] == count
    assert made["ray_actor_options"]["num_gpus"] == share


def test_a_span_of_replicas_follows_the_requests_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    made = options(monkeypatch, 0, 8, REPLICAS="1..4", TARGET_ONGOING="5")
    assert "num_replicas" not in made
    scaling = made["autoscaling_config"]
    assert (scaling["min_replicas"], scaling["max_replicas"], scaling["target_ongoing_requests"]) == (1, 4, 5)


def test_more_replicas_than_cores_still_find_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    made = options(monkeypatch, 0, 2, REPLICAS="8", SERVING_THREADS="2")
    assert made["ray_actor_options"]["num_cpus"] * 8 <= 2


def test_the_requests_of_a_replica_follow_from_its_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    few = options(monkeypatch, 0, 2, MAX_BATCH_FRAMES="2048", MAX_QUEUED_FRAMES="8192")["max_ongoing_requests"]
    many = options(monkeypatch, 0, 2, MAX_BATCH_FRAMES="2048", MAX_QUEUED_FRAMES="131072")["max_ongoing_requests"]
    assert few == 40
    assert many == 520


@pytest.mark.parametrize(
    ("replicas", "threads", "available", "shares"),
    [
        (2, 0, [0, 1], [[0], [1]]),
        (2, 0, [0, 1, 2, 3, 4], [[0, 1], [2, 3]]),
        (1, 0, [4, 5], [[4, 5]]),
        (3, 0, [0, 1], [[0], [1], [0]]),
        (2, 3, [0, 1, 2, 3], [[0, 1, 2], [3, 0, 1]]),
        (2, 9, [0, 1], [[0, 1], [0, 1]]),
    ],
)
def test_cores_are_shared_out_by_rank(replicas: int, threads: int, available: list[int], shares: list[list[int]]) -> None:
    assert [cores.share(rank, replicas, threads, available) for rank in range(replicas)] == shares


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system cannot pin")
def test_pinning_holds_for_threads_that_run_already_and_for_those_to_come() -> None:
    code = """
import os, threading
from serving.cluster import cores
go = threading.Event()
def look(): go.wait(); print(sorted(os.sched_getaffinity(0)))
before = threading.Thread(target=look); before.start()
mine = cores.available()[-1:]
cores.pin(mine); go.set(); before.join()
after = threading.Thread(target=look); after.start(); after.join()
print(mine)
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=settings.ROOT, capture_output=True, text=True, check=True)
    earlier, later, wanted = ran.stdout.splitlines()
    assert earlier == later == wanted


class Replica:
    """As much of a running replica as the router looks at."""

    def __init__(self, *models: str) -> None:
        self.routing_stats = {"models": list(models)}


def test_a_request_goes_where_its_model_is_and_elsewhere_only_when_they_are_full() -> None:
    having, other, third = Replica("sample", "tiny"), Replica("sample"), Replica()
    assert preferred([having, other, third], "tiny")[0] == [having]
    assert sorted(map(id, preferred([having, other, third], "tiny")[1])) == sorted(map(id, [other, third]))
    [either] = preferred([having, other], "nowhere")
    assert len(either) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        "fast",
        [1],
        {"batch": 3},
        {"max_batch_frames": -1},
        {"max_queued_frames": 0},
        {"remembered_frames": 1.5},
        {"steps": 0},
        {"steps": True},
        {"log_level": "LOUD"},
    ],
)
def test_a_wrong_user_config_is_refused(wrong: Any) -> None:
    with pytest.raises(KnobsWrong, match="user_config"):
        knobs.read(wrong, settings.load())


def test_no_knob_lifts_a_batch_above_what_was_measured() -> None:
    read = knobs.read({"max_batch_frames": 5000}, settings.load())
    assert (read.batch_frames(3000), read.batch_frames(8000)) == (3000, 5000)
