"""A tiny real engine for the scheduler's tests: it integrates x' = rate * x for as many steps as a work says, with numpy."""

from __future__ import annotations

import dataclasses
import math
import threading
from collections.abc import Sequence

import numpy as np


@dataclasses.dataclass(frozen=True)
class Sum:
    """Work: `steps` Euler steps from 1. `bad` names the phase in which it fails. `name` is for a test to know it by."""

    frames: int
    steps: int = 4
    rate: float = 1.0
    bad: str = ""
    name: int = 0

    @property
    def cost(self) -> float:
        """Its frames where it takes the usual 4 steps."""
        return self.frames * self.steps / 4

    def alone(self) -> float:
        """What it gives when nobody is beside it."""
        value = 1.0
        for _ in range(self.steps):
            value += self.rate / self.steps * value
        return value


@dataclasses.dataclass
class Running:
    work: Sum
    value: float = 1.0
    index: int = 0


class NumpyEngine:
    """Notes every batch it steps. `gate` closed: it waits inside a step, so that a test can arrange what waits meanwhile.

    memory: frames of a batch beyond which a step fails, though each of its passages alone is good.
    """

    def __init__(self, memory: float = math.inf) -> None:
        self.memory = memory
        self.batches: list[list[Sum]] = []
        self.prepared: list[Sum] = []
        self.finished: list[list[Sum]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.inside = threading.Event()

    def prepare(self, work: Sum) -> Running:
        self.prepared.append(work)
        if work.bad == "prepare":
            raise ValueError("cannot be prepared")
        return Running(work)

    def step(self, states: Sequence[Running]) -> None:
        self.inside.set()
        self.gate.wait(20)
        if any(state.work.bad == "step" for state in states):
            raise ValueError("cannot be stepped")
        if len(states) > 1 and sum(state.work.frames for state in states) > self.memory:
            raise MemoryError("the batch is too large")
        self.batches.append([state.work for state in states])
        values = np.array([state.value for state in states])
        rates = np.array([state.work.rate / state.work.steps for state in states])
        for state, value in zip(states, values + rates * values, strict=True):
            state.value, state.index = float(value), state.index + 1

    def done(self, state: Running) -> bool:
        return state.index >= state.work.steps

    def finish(self, states: Sequence[Running]) -> list[float | Exception]:
        self.finished.append([state.work for state in states])
        if any(state.work.bad == "finish together" for state in states):
            raise ValueError("nothing can be finished")
        return [ValueError("cannot be finished") if state.work.bad == "finish" else state.value for state in states]
