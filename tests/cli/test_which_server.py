"""A stack that runs on the user's data folder: a lock that is held, and stack.json beside it, as stack.launch leaves them."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import requests
import soundfile

from pipeline.video.assembling import assemble
from pipeline.video.motion import STILL
from pipeline.video.rendering import render_scene
from settings import ROOT, Settings
from tests.api.running import Server
from tests.api.test_submitting import picture


@pytest.fixture
def joinable(environment, settings, server, key) -> Iterator[dict[str, str]]:
    """The environment of a user on whose data folder the server runs, and who has named neither a server nor a key."""
    own = Path(environment["VOXREEL_DATA_DIR"])
    own.mkdir()
    (own / "admin.key").write_text(key)
    (own / "stack.json").write_text(json.dumps({"url": server.url, "pid": os.getpid()}))
    with (own / "stack.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        services = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
        yield {"VOXREEL_URL": "", "VOXREEL_API_KEY": "", **services}


def test_without_a_name_the_stack_of_the_data_folder_is_asked(cli, joinable):
    assert cli("jobs", **joinable).returncode == 0


def test_a_stack_that_was_killed_is_not_asked(cli, joinable, environment):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    where = Path(environment["VOXREEL_DATA_DIR"]) / "stack.json"
    where.write_text(json.dumps({"url": "http://127.0.0.1:9", "pid": gone.pid}))
    assert "127.0.0.1:10 cannot" in cli("jobs", VOXREEL_API_PORT="10", **joinable).stderr


def test_a_local_call_says_that_it_uses_the_server_that_runs(cli, joinable, server, worker, folder):
    done = cli("say", "Hello.", "-o", "out.wav", "--local", **joinable)
    assert done.returncode == 0, done.stderr
    assert f"using the server that already runs at {server.url}" in done.stderr
    assert (folder / "out.wav").exists()


def test_the_demo_says_that_the_stack_it_used_stays_up(joinable, environment, server, worker, tmp_path):
    worker.files = film(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "cli.demo", str(ROOT / "examples" / "viet-nam.md"), str(tmp_path / "demo")],
        env={**environment, **joinable, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert f"Used the stack that already runs at {server.url}; it stays up." in done.stdout
    assert "Stopping" not in done.stdout
    assert "stopped" not in done.stdout
    assert "(stack " in done.stdout
    assert (tmp_path / "demo" / "demo.mp4").read_bytes() == worker.files["video.mp4"][1]


def test_a_server_that_asks_to_wait_is_told_of(start, settings, key, tmp_path):
    with limited(settings, tmp_path / "api.log") as server:
        once = requests.post(f"{server.url}/v1/speech", json={"text": "Once."}, headers={"X-API-Key": key}, timeout=10)
        assert once.status_code == 202
        process = start("say", "Twice.", VOXREEL_URL=server.url)
        line = process.stderr.readline()
    assert line.startswith(b"the server asks to wait; trying again in "), line


def film(folder: Path) -> dict[str, tuple[str, bytes]]:
    """The files of a film job; the film is a real one of a second."""
    (folder / "picture.png").write_bytes(picture())
    soundfile.write(folder / "narration.wav", np.zeros(24_000), 24_000)
    render_scene(folder / "picture.png", 25, (64, 36), STILL, None, folder / "scene.mp4")
    assemble([folder / "scene.mp4"], folder / "narration.wav", folder / "film.mp4")
    return {
        "video.mp4": ("video/mp4", (folder / "film.mp4").read_bytes()),
        "narration.wav": ("audio/wav", (folder / "narration.wav").read_bytes()),
        "subtitles.srt": ("application/x-subrip", b""),
        "subtitles.vtt": ("text/vtt", b"WEBVTT\n"),
        "credits.json": ("application/json", b"[]"),
    }


@contextlib.contextmanager
def limited(settings: Settings, log: Path) -> Iterator[Server]:
    """Another server of the same house, that takes one job a minute."""
    server = Server(settings, log, VOXREEL_SUBMIT_RATE_LIMIT="1 per minute")
    server.start()
    try:
        yield server
    finally:
        server.stop()
