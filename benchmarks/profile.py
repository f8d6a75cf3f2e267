"""Where the time goes while speaking: the most expensive operations, beside what the arithmetic alone would take.

    python -m benchmarks.profile [--device cpu|cuda] [--precision auto|float32|float16|bfloat16] [--passages N] [--out FOLDER]

Speaks a batch of passages with the checkpoint that VOXREEL_CHECKPOINT names, the bundled voice unless it is set, once to
warm up, once by the clock and once under torch's profiler. Writes <device>-<precision>.json and .txt, and a trace for
chrome://tracing or ui.perfetto.dev (*.trace.json, not kept in the repository). docs/performance.md tells how to read them.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Torch's profiler tells its own steps on standard error, unless it is told not to before torch is there.
os.environ.setdefault("KINETO_LOG_LEVEL", "99")

import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from benchmarks import flops, machine
from serving.engine import Engine, Work

FOLDER = Path(__file__).resolve().parent / "results" / "profile"
#: Operations that are named.
MOST = 10
TALE = (
    "The evening wind came over the water.",
    "The boats turned slowly towards the lights of the small harbour, one after the other.",
    "Nobody spoke, and the only sound was that of the oars.",
    "When the last of them had landed, the bell of the old church rang, as it does on every evening of the year.",
)
#: Side of the square matrices whose product is timed: large enough to fill the device, small enough for a laptop.
MATRIX = {"cpu": 1024, "cuda": 8192}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--precision", default="auto", choices=["auto", "float32", "float16", "bfloat16"])
    parser.add_argument("--passages", type=int, default=4)
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.exit(2, "There is no CUDA device here, or PyTorch was installed without CUDA. Run it on a machine with a GPU.\n")
    import settings
    from serving.checkpoints import checkpoint

    loaded = checkpoint.load(settings.get().checkpoint, torch.device(options.device), options.precision)
    engine = Engine(loaded)
    voice = next(iter(loaded.voices))
    works = [engine.plan(TALE[number % len(TALE)], voice, 1.0, number) for number in range(options.passages)]
    found = profiled(engine, works, options.out)
    print(table(found))


def profiled(engine: Engine, works: list[Work], folder: Path) -> dict[str, Any]:
    """Speak `works` as one batch under the profiler. Writes the three files and returns what is in the JSON."""
    device, dtype = engine.checkpoint.device, str(engine.checkpoint.dit.dtype).removeprefix("torch.")
    speak(engine, works)
    seconds, sound = timed(lambda: speak(engine, works), device)
    with profile(activities=_activities(device), experimental_config=_all_threads()) as watched:
        speak(engine, works)
        flops.synchronise(device)
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{device.type}-{dtype}"
    watched.export_chrome_trace(str(folder / f"{name}.trace.json"))
    shape = engine.checkpoint.dit.shape
    needed = sum(flops.of_passage(shape, work.frames, work.sampling.steps) for work in works)
    rates = {kind: flops.measured(device, getattr(torch, kind), MATRIX[device.type]) for kind in {"float32", dtype}}
    found = {
        **machine.about(device),
        "precision": dtype,
        "passages": len(works),
        "frames": sum(work.frames for work in works),
        "steps": works[0].sampling.steps,
        "seconds_of_sound": round(sound, 3),
        "seconds": round(seconds, 4),
        "tflop": round(needed / 1e12, 5),
        "matrix_product_tflops": {kind: round(rate, 4) for kind, rate in sorted(rates.items())},
        "seconds_by_arithmetic_alone": round(needed / 1e12 / rates[dtype], 4),
        "operations": operations(watched, device),
    }
    (folder / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (folder / f"{name}.txt").write_text(table(found) + "\n", encoding="utf-8")
    return found


def speak(engine: Engine, works: list[Work]) -> float:
    """Seconds of sound."""
    states = [engine.prepare(work) for work in works]
    while not all(map(engine.done, states)):
        engine.step([state for state in states if not engine.done(state)])
    sounds = engine.finish(states)
    for sound in sounds:
        if isinstance(sound, Exception):
            raise sound
    return sum(sound.frames for sound in sounds if not isinstance(sound, Exception)) / flops.FRAMES_PER_SECOND


def timed(work: Callable[[], float], device: torch.device) -> tuple[float, float]:
    """Seconds it took, and what it returned."""
    flops.synchronise(device)
    began = time.perf_counter()
    returned = work()
    flops.synchronise(device)
    return time.perf_counter() - began, returned


def operations(watched: profile, device: torch.device) -> list[dict[str, Any]]:
    """The most expensive ones: name, calls, milliseconds in itself (on a CPU of all threads together), share of all.

    On a GPU they are its kernels; what started them bears their time too and is left out, so that nothing counts twice.
    """
    on_gpu = device.type == "cuda"
    kind = "self_device_time_total" if on_gpu else "self_cpu_time_total"
    events = [event for event in watched.key_averages() if (event.device_type == DeviceType.CUDA) == on_gpu]
    every = [(event.key, event.count, getattr(event, kind)) for event in events]
    total = sum(microseconds for _, _, microseconds in every)
    every.sort(key=lambda event: -event[2])
    return [
        {"name": name, "calls": calls, "ms": round(microseconds / 1000, 2), "share": round(microseconds / total, 4)}
        for name, calls, microseconds in every[:MOST]
    ]


def table(found: dict[str, Any]) -> str:
    """What was found, as text."""
    rates = ", ".join(f"{kind} {rate:.3g}" for kind, rate in found["matrix_product_tflops"].items())
    operations = found["operations"]
    lines = [
        f"{found['machine'].get('gpu') or found['machine']['processor']}, {found['precision']}: {found['passages']} passages,"
        f" {found['seconds_of_sound']} s of sound in {found['seconds']} s",
        f"The arithmetic is {found['tflop']} TFLOP: {found['seconds_by_arithmetic_alone']} s at the rate of a matrix product"
        f" here (TFLOP/s: {rates})",
        "",
        f"{'share':>6}  {'ms':>9}  {'calls':>6}  operation",
    ]
    lines += [f"{each['share']:6.1%}  {each['ms']:9.2f}  {each['calls']:6}  {each['name'][:90]}" for each in operations]
    return "\n".join(lines)


def _activities(device: torch.device) -> list[ProfilerActivity]:
    return [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if device.type == "cuda" else [])]


def _all_threads() -> Any:
    """On a CPU rows are stepped in threads, which the profiler watches only when told to (torch 2.7 and newer can)."""
    try:
        return torch._C._profiler._ExperimentalConfig(profile_all_threads=True)
    except TypeError:
        return None


if __name__ == "__main__":
    main()
