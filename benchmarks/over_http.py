"""Sixty-four clients through the real serving process: Ray Serve, HTTP and all. Only where ray and its kin are installed."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from benchmarks import bare, load

#: What it takes besides torch: of these, serving itself and the checkpoint that is written for it are made.
NEEDED = ("ray", "safetensors", "yaml", "soundfile", "msgpack", "requests", "environs", "f5_tts")
CLIENTS, REQUESTS, STEPS = 64, 4, 16
#: Seconds that starting may take: Ray, and a large model.
START_SECONDS = 240.0
ROOT = Path(__file__).resolve().parents[1]


def measure(model: bare.Model, device: torch.device, batch_frames: int, until: float) -> dict[str, Any]:
    """What clients see, or {"not_measured": why}. until: moment of time.monotonic() after which it is not begun."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        return {"not_measured": f"{', '.join(missing)} not installed here"}
    if time.monotonic() > until:
        return {"not_measured": "no time left; give it more with --minutes"}
    from benchmarks import published

    torch.cuda.empty_cache()
    with tempfile.TemporaryDirectory() as name:
        folder = published.write(Path(name) / "checkpoint", model.shape, model.vocoder, STEPS)
        with started(folder, device, batch_frames) as url:
            return spoken(url, model)


@contextlib.contextmanager
def started(checkpoint: Path, device: torch.device, batch_frames: int) -> Iterator[str]:
    """`python -m serving.run` on a free port; yields its address once it is healthy."""
    port = free_port()
    set_here = {
        "VOXREEL_CHECKPOINT": str(checkpoint),
        "VOXREEL_DEVICE": str(device),
        "VOXREEL_MAX_BATCH_FRAMES": str(batch_frames),
        "VOXREEL_LOG_LEVEL": "WARNING",
    }
    process = start(port, set_here)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_healthy(url, process)
        yield url
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def start(port: int, environment: dict[str, str]) -> subprocess.Popen:
    command = [sys.executable, "-m", "serving.run", "--port", str(port)]
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment})


def wait_until_healthy(url: str, process: subprocess.Popen) -> None:
    import requests

    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(requests.RequestException):
            if requests.get(url + "/healthz", timeout=5).status_code == 200:
                return
        time.sleep(0.25)
    raise RuntimeError("Serving did not become healthy; its own words are above.")


def spoken(url: str, model: bare.Model) -> dict[str, Any]:
    from benchmarks.published import VOICES
    from serving.client import SpeechClient

    client = SpeechClient(url, threads=CLIENTS)

    def ask(passage: tuple[int, float]) -> float:
        number, seconds = passage
        voice = VOICES[number % len(VOICES)][0]
        speech = client.speak(key=f"{number}", text=bare.text(seconds), voice=voice, seed=abs(number))
        return len(speech.samples) / speech.rate

    lengths = enumerate(load.mixed(*model.speech, count=11))
    asked = [[next(lengths) for _ in range(REQUESTS)] for _ in range(CLIENTS)]
    load.in_turn(ask, [[(-1 - number, model.speech[0])] for number in range(CLIENTS)])
    began = time.perf_counter()
    answers = load.in_turn(ask, asked)
    latencies = [answer.latency for answer in answers]
    return {
        "clients": CLIENTS,
        "steps": STEPS,
        "passages": len(answers),
        "times_real_time": round(sum(answer.sound for answer in answers) / (time.perf_counter() - began), 2),
        "latency_p50": round(load.percentile(latencies, 0.5), 4),
        "latency_p95": round(load.percentile(latencies, 0.95), 4),
    }
