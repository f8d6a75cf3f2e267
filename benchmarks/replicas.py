"""What a second replica on a second core brings: two replicas with a core each beside one with one core, over HTTP.

Both servers are up all the time and are measured in turn, round by round, so that whatever else the machine does meets both
alike. The replicas are pinned. The clients, Ray's proxy and its other processes are not: they take their share of both cores
from either server, which the one with a core to spare hardly feels, so the ratio is rather too low than too high.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import requests
import torch

from benchmarks import load, machine, over_http
from serving.client import SpeechClient

RESULT = Path(__file__).parent / "results" / "replicas.json"
ROUNDS, PASSAGES, CLIENTS = 5, 24, 8
TEXT = "The quick brown fox jumps over the lazy dog, and the dog looks up for a moment."
ONE, TWO = "one replica on one core", "two replicas on a core each"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--passages", type=int, default=PASSAGES, help="of one round")
    parser.add_argument("--save", type=Path, default=RESULT, help="where the record goes")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        raise SystemExit("Two replicas on a core each want two cores; this machine lends one.")
    with contextlib.ExitStack() as stack:
        # Both keep to the first two cores, however many there are: their children inherit it.
        os.sched_setaffinity(0, cores)
        urls = {name: stack.enter_context(started(replicas)) for name, replicas in ((ONE, 1), (TWO, 2))}
        clients = {name: SpeechClient(url, threads=CLIENTS) for name, url in urls.items()}
        record = measure(clients, options.rounds, options.passages)
    options.save.parent.mkdir(exist_ok=True)
    options.save.write_text(json.dumps(record, indent=1) + "\n")
    print(json.dumps(record, indent=1))


@contextlib.contextmanager
def started(replicas: int) -> Iterator[str]:
    """A real serving with the bundled voice and so many replicas of one thread each, all of them pinned; its address."""
    with tempfile.TemporaryDirectory() as folder:
        port = over_http.free_port()
        environment = {
            "VOXREEL_REPLICAS": str(replicas),
            "VOXREEL_SERVING_THREADS": "1",
            "VOXREEL_DEVICE": "cpu",
            "VOXREEL_SERVING_LOG": f"{folder}/serving.log",
        }
        process = over_http.start(port, environment)
        try:
            url = f"http://127.0.0.1:{port}"
            over_http.wait_until_healthy(url, process)
            if replicas == 1:
                pin(url)
            require_pinned(url, replicas)
            yield url
        finally:
            process.terminate()
            process.wait()


def pin(url: str) -> None:
    """Keep a lone replica to the first core: by itself it would take any."""
    number = requests.get(url + "/healthz", timeout=10).json()["replica"]["process"]
    for thread in psutil.Process(number).threads():
        os.sched_setaffinity(thread.id, {min(os.sched_getaffinity(0))})


def require_pinned(url: str, replicas: int) -> None:
    """Wait until every replica has answered, and see that each has one core, and no two the same."""
    deadline = time.monotonic() + over_http.START_SECONDS
    cores: dict[str, list[int]] = {}
    while len(cores) < replicas:
        if time.monotonic() > deadline:
            raise SystemExit(f"Only {len(cores)} of {replicas} replicas answer.")
        replica = requests.get(url + "/healthz", timeout=10).json()["replica"]
        cores[replica["id"]] = replica["cores"]
    if sorted(len(each) for each in cores.values()) != [1] * replicas or len({each[0] for each in cores.values()}) != replicas:
        raise SystemExit(f"The replicas are not pinned to a core each, but so: {cores}.")


def measure(clients: dict[str, SpeechClient], rounds: int, passages: int) -> dict[str, Any]:
    for name, client in clients.items():
        speak(client, f"warm {name}", CLIENTS)
    rates: dict[str, list[float]] = {name: [] for name in clients}
    for number in range(rounds):
        for name in (ONE, TWO) if number % 2 == 0 else (TWO, ONE):
            rates[name].append(speak(clients[name], f"round {number}", passages))
    ratios = [two / one for one, two in zip(rates[ONE], rates[TWO], strict=True)]
    return {
        **machine.about(torch.device("cpu")),
        "what": "seconds of speech a second of the clock, over HTTP, bundled voice, replicas pinned to a core each;"
        " clients, Ray's proxy and raylet use the same two cores",
        "clients": CLIENTS,
        "passages_a_round": passages,
        "rounds": {name: [round(rate, 3) for rate in each] for name, each in rates.items()},
        "median": {name: round(statistics.median(each), 3) for name, each in rates.items()},
        "ratios": [round(ratio, 3) for ratio in ratios],
        "median_ratio": round(statistics.median(ratios), 3),
    }


def speak(client: SpeechClient, key: str, passages: int) -> float:
    """Speak so many passages with CLIENTS clients. Returns seconds of speech a second of the clock."""

    def ask(number: int) -> float:
        spoken = client.speak(key=key, text=TEXT, voice="en_female", seed=number)
        return len(spoken.samples) / spoken.rate

    began = time.perf_counter()
    answers = load.in_turn(ask, [range(client, passages, CLIENTS) for client in range(CLIENTS)])
    return sum(answer.sound for answer in answers) / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
