"""What the recipe's commands are told: the size, where the corpus lies and where the runs do, numbers to compare."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from voices.training.recipe import DATA, RUNS, SIZES


def parser(module: str | None) -> argparse.ArgumentParser:
    """module: the command's docstring, whose first line is its help. Parsed: `size`, `data`, and `runs`."""
    arguments = argparse.ArgumentParser(description=(module or "").split("\n")[0])
    arguments.add_argument("--size", choices=SIZES, default="cpu")
    arguments.add_argument("--data", type=Path, default=DATA)
    arguments.add_argument("--runs", type=Path, default=RUNS)
    return arguments


def numbers(text: str) -> tuple[int, ...]:
    """Of an argument such as 5,7,10,16: each 1 or more."""
    parts = text.split(",")
    if not all(part.strip().isdecimal() and int(part) for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} must be numbers from 1 on, with commas between them, such as 5,7,10,16.")
    return tuple(map(int, parts))


def device(size: str) -> torch.device:
    """Where a size is trained. Raises SystemExit, which says what to do, where `gpu` finds none."""
    if size == "gpu" and not torch.cuda.is_available():
        raise SystemExit("No GPU was found here. Train --size cpu, or install torch for your GPU.")
    return torch.device("cuda" if size == "gpu" else "cpu")
