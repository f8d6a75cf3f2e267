"""The recipe from the corpus to a voice folder; whatever is there already is gone on from.

python -m voices.training --size cpu --to voices/sample
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from voices.training.recipe import SIZES

#: In this order; what stands together runs at the same time, a core each.
STAGES = (("aligner",), ("durations",), ("dit", "vocoder"))
#: Seconds between two looks at what runs.
LOOK = 0.5


def main() -> None:
    arguments = argparse.ArgumentParser(prog="voices.training", description=__doc__.split("\n")[0])
    arguments.add_argument("--size", choices=SIZES, default="cpu")
    arguments.add_argument("--to", type=Path, default=Path("voices/sample"))
    chosen = arguments.parse_args()
    for stage in STAGES:
        print(f"{' and '.join(stage)} ...", flush=True)
        together([_module(name, "--size", chosen.size) for name in stage])
    together([_module("export", "--size", chosen.size, "--to", str(chosen.to))])


def _module(name: str, *rest: str) -> list[str]:
    return [sys.executable, "-m", f"voices.training.{name}", *rest]


def together(commands: Sequence[Sequence[str]]) -> None:
    """Run commands side by side and wait for all.

    When one fails, or this process is told to end, all are told to end (trainings save then), and SystemExit has the code.
    """
    cores = str(max(1, (os.cpu_count() or 1) // len(commands)))
    running = [subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": cores}) for command in commands]
    told: list[int] = []
    before = {number: signal.signal(number, lambda got, _: told.append(got)) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        while any(process.poll() is None for process in running) and not told and not any(map(_failed, running)):
            time.sleep(LOOK)
        for process in running:
            process.terminate()  # does nothing where it has ended
        codes = [process.wait() for process in running]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if told:
        raise SystemExit(128 + told[0])
    if any(codes):
        # Who failed by itself, before those who were told to end because of it.
        raise SystemExit(next((code for code in codes if code not in (0, 143, -signal.SIGTERM)), 143))


def _failed(process: subprocess.Popen[bytes]) -> bool:
    return bool(process.poll())


if __name__ == "__main__":
    main()
