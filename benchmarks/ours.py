"""Our side of the benchmark of speech: scheduler and engine, in this process, without HTTP and remembering nothing."""

from __future__ import annotations

import itertools
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from benchmarks import load
from serving.batching.scheduler import Scheduler
from serving.checkpoints import checkpoint
from serving.engine import Engine, Work

#: Frames that may wait: more than any benchmark asks for.
ROOM = 10**9


class Ours:
    """Speaks passages {"text", "voice", "seed"}."""

    def __init__(self, folder: Path, precision: str) -> None:
        loaded = checkpoint.load(folder, torch.device("cpu"), precision)
        self._engine = Engine(loaded)
        self._scheduler = Scheduler(self._engine, self._engine.warm_up(), ROOM, remembered_frames=0)
        self._scheduler.start()
        self._keys = itertools.count()
        self._before = self._engine.worked

    def about(self) -> dict[str, Any]:
        dtype = str(self._engine.checkpoint.dit.dtype).removeprefix("torch.")
        return {"precision": dtype, "versions": {"torch": version("torch")}}

    def frames(self, passage: dict[str, Any]) -> int:
        return self._plan(passage).frames

    def serve(self, clients: list[list[dict[str, Any]]], how: str) -> list[load.Answer]:
        self._before = self._engine.worked
        return load.in_turn(self._speak, clients)

    def padding(self) -> float:
        wanted, computed = (now - before for now, before in zip(self._engine.worked, self._before, strict=True))
        return 1 - wanted / computed

    def long_text(self, passages: list[dict[str, Any]]) -> tuple[float, float, float]:
        """All passages asked for at once, as a job does; the first sound is that of the first passage."""
        began = time.perf_counter()
        futures = [self._scheduler.submit(next(self._keys), self._plan(passage)) for passage in passages]
        sounds, ended = [], []
        for future in futures:
            sounds.append(self._seconds(future.result()))
            ended.append(time.perf_counter() - began)
        return ended[0], ended[-1], sum(sounds)

    def _plan(self, passage: dict[str, Any]) -> Work:
        return self._engine.plan(passage["text"], passage["voice"], 1.0, passage["seed"])

    def _speak(self, passage: dict[str, Any]) -> float:
        return self._seconds(self._scheduler.submit(next(self._keys), self._plan(passage)).result())

    def _seconds(self, spoken: Any) -> float:
        """Seconds that the vocoder made. Silence at the ends, which is cut off afterwards, was spoken too."""
        return (spoken.sound.frames - 1) * self._engine.checkpoint.hop / spoken.sound.rate
