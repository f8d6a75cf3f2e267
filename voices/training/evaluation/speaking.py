"""The voice that is judged speaks: the product's own engine, one passage after the other."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import numpy as np
import torch

from serving.checkpoints import checkpoint
from serving.engine import Engine
from voices.training.evaluation.cases import Case


@dataclasses.dataclass(frozen=True)
class Spoken:
    """samples: float32 [n], silence at the ends cut off. seconds: of the sound. took: seconds of work."""

    samples: np.ndarray
    rate: int
    took: float

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


class Speech:
    """A voice folder, loaded as serving loads it on a CPU."""

    def __init__(self, folder: Path) -> None:
        """Raises CheckpointError."""
        self.checkpoint = checkpoint.load(folder, torch.device("cpu"))
        self._engine = Engine(self.checkpoint)
        self._engine.warm_up()

    @property
    def steps(self) -> int:
        """Of the flow, where nothing else is asked for."""
        return self.checkpoint.sampling.steps

    def speak(self, case: Case, steps: int | None = None, speed: float = 1.0) -> Spoken:
        """By the engine, alone. steps: None for the folder's own number. Raises what the engine gives in a sound's place."""
        sampling = self.checkpoint.sampling
        if steps is not None:
            sampling = dataclasses.replace(sampling, steps=steps)
        began = time.perf_counter()
        work = self._engine.plan(case.text, case.voice.name, speed, case.number, sampling)
        state = self._engine.prepare(work)
        while not self._engine.done(state):
            self._engine.step([state])
        [sound] = self._engine.finish([state])
        took = time.perf_counter() - began
        if isinstance(sound, Exception):
            raise sound
        return Spoken(sound.samples, sound.rate, took)

    def tokens_of_frames(self, case: Case) -> np.ndarray:
        """The token that is to be spoken in each frame of the passage at speed 1, integers [frames]. Layout `aligned` only."""
        work = self._engine.plan(case.text, case.voice.name, 1.0, case.number)
        return work.laid.tokens[work.voice.frames :].numpy()
