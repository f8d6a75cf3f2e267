"""Carries out a training: goes on where it was stopped, tells its losses, saves all it needs when told to end."""

from __future__ import annotations

import csv
import random
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
import safetensors.torch
import torch

from voices.training import lock, saved, whole

#: Between two saves.
SAVE_SECONDS = 240.0


class Training(Protocol):
    """What is carried out: `step` of `steps`, and everything that the steps change."""

    steps: int
    tell_every: int

    @property
    def step(self) -> int:
        """How many were made."""

    def advance(self) -> None:
        """One step more."""

    def told(self) -> dict[str, float]:
        """Losses by their names, means since they were last told."""

    def state(self) -> dict[str, Any]:
        """All that `restore` needs to go on as if nothing had happened; `average` holds the weights that are used."""

    def restore(self, state: dict[str, Any]) -> None:
        """Stand where `state` was taken."""


def carry_out(training: Training, folder: Path, name: str) -> None:
    """Train to the end, going on from `<name>.pt` in `folder`. SIGTERM and SIGINT save and end with SystemExit 143."""
    with Run(folder, name) as run:
        if state := run.resume():
            with saved.fitting(folder / f"{name}.pt"):
                training.restore(state)
        while training.step < training.steps:
            training.advance()
            is_last = training.step == training.steps
            if training.step % training.tell_every == 0 or is_last:
                run.tell(training.step, **training.told())
            if run.due() or is_last:
                run.save(training.state())
                if run.stopping:
                    raise SystemExit(143)


def write_half(tensors: Mapping[str, torch.Tensor], path: Path) -> None:
    """Write weights as fp16 .safetensors, whole or not at all."""
    with whole.written(path) as unfinished:
        safetensors.torch.save_file({name: value.half().cpu().contiguous() for name, value in tensors.items()}, unfinished)
        unfinished.chmod(0o644)  # the library writes for its owner alone


class Run:
    """One training's files in a folder: `<name>.pt` (everything to go on with) and `<name>.csv` (losses).

    Within it `stopping` turns true at SIGTERM or SIGINT; afterwards both mean what they did before. One process at a time is
    within it: another ends with SystemExit as it enters.
    """

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.stopping = False
        self.minutes = 0.0
        self._folder, self._name = folder, name
        self._state, self._losses = folder / f"{name}.pt", folder / f"{name}.csv"
        self._saved = self._ticked = time.monotonic()

    def __enter__(self) -> Self:
        self._lock = lock.take(self._folder / f"{self._name}.lock", f"trains the {self._name} in {self._folder}")
        self._before = {number: signal.signal(number, self._stop) for number in (signal.SIGTERM, signal.SIGINT)}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._lock.close()

    def resume(self) -> dict[str, Any] | None:
        """What `save` was last given, or None at the beginning. The random numbers go on as they would have.

        Raises SystemExit, which says what to do, where the file cannot be read.
        """
        if not self._state.exists():
            return None
        state = saved.read(self._state)
        self.minutes = state["minutes"]
        with saved.fitting(self._state):
            python, numpy, torch_state, *of_gpus = state["random"]
            random.setstate(python)
            np.random.set_state(numpy)
            torch.set_rng_state(torch_state)
            torch.cuda.set_rng_state_all(of_gpus)
        return dict(state["kept"])

    def due(self) -> bool:
        """Whether it is time to save. Counts the minutes, so call it once a step."""
        now = time.monotonic()
        self.minutes += (now - self._ticked) / 60
        self._ticked = now
        return self.stopping or now - self._saved > SAVE_SECONDS

    def save(self, state: dict[str, Any]) -> None:
        """Whole or not at all: where the disk is full, SystemExit says so, and what was saved last stays."""
        of_gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
        randomness = (random.getstate(), np.random.get_state(), torch.get_rng_state(), *of_gpus)
        with whole.written(self._state) as unfinished, open(unfinished, "wb") as file:
            torch.save({"kept": state, "minutes": self.minutes, "random": randomness}, file)
        self._saved = time.monotonic()

    def tell(self, step: int, **losses: float) -> None:
        """Add a line to the table of losses, and print it."""
        line = {"step": step, "minutes": round(self.minutes, 2), **{name: round(value, 5) for name, value in losses.items()}}
        with whole.told(self._losses), open(self._losses, "a", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, line)
            if file.tell() == 0:
                table.writeheader()
            table.writerow(line)
        print("  ".join(f"{name} {value}" for name, value in line.items()), flush=True)

    def _stop(self, number: int, frame: object) -> None:
        self.stopping = True
