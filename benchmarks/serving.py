"""Throughput of speech: passages at the same time through the scheduler, against upstream's sampler one at a time.

    python benchmarks/serving.py [--device cpu|cuda] [--checkpoint FOLDER] [--rounds N]

Both sides speak the same passages with the same model, steps and vocoder. Rounds alternate between the sides, so that a
machine with other work to do is unfair to neither. RTF is seconds of work per second of sound; less is faster.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from rich.console import Console
from rich.table import Table

import settings
from serving import checkpoint
from serving.engine import Engine, Work
from serving.scheduler import Scheduler
from version import VERSION

TEXT = "The quick brown fox jumps over the lazy dog, and then it sleeps."
CONCURRENCY = (1, 2, 4, 8)
RESULTS = settings.ROOT / "benchmarks" / "results"


@dataclasses.dataclass
class Row:
    """Medians over the rounds. Audio seconds per wall second, RTF, and ours by the peer's."""

    concurrent: int
    batched: float
    one_at_a_time: float
    upstream: float

    def figures(self) -> dict[str, float]:
        return {
            "concurrent": self.concurrent,
            "batched_audio_seconds_per_second": round(self.batched, 3),
            "batched_rtf": round(1 / self.batched, 3),
            "one_at_a_time_audio_seconds_per_second": round(self.one_at_a_time, 3),
            "upstream_audio_seconds_per_second": round(self.upstream, 3),
            "upstream_rtf": round(1 / self.upstream, 3),
            "ratio_to_upstream": round(self.batched / self.upstream, 3),
        }


def plans(engine: Engine, count: int) -> list[Work]:
    """Passages of mixed lengths: each is a little shorter than the one before."""
    voice = next(iter(engine.checkpoint.voices))
    return [engine.plan(TEXT[: len(TEXT) - 6 * n], voice, 1.0, seed=n) for n in range(count)]


def through_scheduler(engine: Engine, works: list[Work], batch_frames: int) -> float:
    """Speak all at once. Returns seconds of sound."""
    scheduler = Scheduler(engine, batch_frames, max_queued_frames=10**9, remembered_frames=0)
    scheduler.start()
    try:
        futures = [scheduler.submit(n, work) for n, work in enumerate(works)]
        return sum(len(future.result().sound.samples) for future in futures) / engine.checkpoint.rate
    finally:
        scheduler.stop()


@torch.inference_mode()
def through_upstream(engine: Engine, works: list[Work]) -> float:
    """Speak one after the other with `CFM.sample` and the vocoder. Returns seconds of sound."""
    loaded, samples = engine.checkpoint, 0
    for work in works:
        sampling = dataclasses.asdict(loaded.sampling)
        tokens = work.laid.tokens[None].to(loaded.device)
        with torch.autocast("cuda", dtype=torch.float16, enabled=loaded.device.type == "cuda"):
            mel, _ = loaded.cfm.sample(work.voice.mel[None], tokens, work.frames, seed=work.seed, **sampling)
        samples += loaded.vocoder(mel[:, work.voice.frames :].float()).shape[-1]
    if loaded.device.type == "cuda":
        torch.cuda.synchronize()
    return samples / loaded.rate


def speed(speak: Callable[[], float]) -> float:
    began = time.perf_counter()
    return speak() / (time.perf_counter() - began)


def measure(engine: Engine, concurrent: int, rounds: int, batch_frames: int) -> Row:
    works = plans(engine, concurrent)
    sides: dict[str, Callable[[], float]] = {
        "batched": lambda: through_scheduler(engine, works, batch_frames),
        "one_at_a_time": lambda: through_scheduler(engine, works, 1),
        "upstream": lambda: through_upstream(engine, works),
    }
    found: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, speak in sides.items():
            found[name].append(speed(speak))
    return Row(concurrent, **{name: statistics.median(speeds) for name, speeds in found.items()})


def machine(device: torch.device) -> dict[str, str | int]:
    cpu = next((line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")), platform.processor())
    gpu = {"gpu": torch.cuda.get_device_name(device)} if device.type == "cuda" else {}
    return {
        "cpu": cpu,
        "threads": torch.get_num_threads(),
        **gpu,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.is_file() else []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--checkpoint", type=Path, default=settings.ROOT / "voices" / "sample")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    device = torch.device(options.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        parser.exit(2, "There is no CUDA device here, or PyTorch was installed without CUDA. Run it on a machine with a GPU.\n")
    engine = Engine(checkpoint.load(options.checkpoint, device), max_frames=8192)
    batch_frames = engine.warm_up(16_384)
    rows = [measure(engine, concurrent, options.rounds, batch_frames) for concurrent in CONCURRENCY]
    table = Table(
        "passages", "batched, s/s", "RTF", "one at a time, s/s", "upstream, s/s", "ratio", title=f"Speech on {device}"
    )
    for row in rows:
        cells = (row.batched, 1 / row.batched, row.one_at_a_time, row.upstream, row.batched / row.upstream)
        table.add_row(str(row.concurrent), *(f"{cell:.2f}" for cell in cells))
    Console().print(table)
    report = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "voxreel": VERSION,
        "checkpoint": engine.checkpoint.name,
        "steps": engine.checkpoint.sampling.steps,
        "rounds": options.rounds,
        "machine": machine(device),
        "rows": [row.figures() for row in rows],
    }
    name = "serving.json" if device.type == "cpu" else "serving_gpu.json"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / name).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
