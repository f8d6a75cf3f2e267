"""Trying a checkpoint: everything is loaded, every voice speaks, and what is found is written down."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch

from serving.checkpoints import checkpoint, presets
from serving.checkpoints.checkpoint import Checkpoint
from serving.checkpoints.config import read_config
from serving.engine import Engine, Sound
from serving.errors import CheckpointError, VoiceUnusable
from serving.model.shape import sizes

#: What a voice says, by its language; of another language it says the beginning of its own text.
SENTENCES = {"vi": "Xin chào, tôi là một giọng đọc.", "en": "Hello, this is how I speak."}
#: Level (RMS) below which speech is silence.
SILENT = 1e-3


@dataclasses.dataclass(frozen=True)
class Heard:
    """What a voice said. seconds: of sound; level: RMS, 0 to 1. score: part of the text's phones that the aligner heard in
    their place, None where it could not listen. wrong: what is wrong with it and what to do, or None."""

    voice: str
    language: str
    text: str
    seconds: float
    level: float
    score: float | None
    wrong: str | None


@dataclasses.dataclass(frozen=True)
class Report:
    """What a checkpoint is. shape: as upstream's DiT names it; parameters: of the DiT."""

    name: str
    folder: str
    layout: str
    languages: tuple[str, ...]
    device: str
    shape: dict[str, Any]
    parameters: int
    voices: tuple[Heard, ...]

    @property
    def fits(self) -> bool:
        return not any(heard.wrong for heard in self.voices)


def examine(folder: Path, device: torch.device, precision: str = "auto") -> Report:
    """Load the checkpoint in `folder` and let every voice speak. precision: as checkpoint.load takes it.

    Raises CheckpointError where it cannot be loaded.
    """
    _check_file(folder)
    loaded = checkpoint.load(folder, device, precision)
    if not loaded.voices:
        raise CheckpointError(
            f"{folder / 'references'} holds no .wav. Add a reference wave and its .json.", "checkpoint_missing"
        )
    return Report(
        name=loaded.name,
        folder=str(folder),
        layout=loaded.layout.kind,
        languages=loaded.languages,
        device=str(device),
        shape=dataclasses.asdict(loaded.dit.shape),
        parameters=sum(math.prod(size) for size in sizes(loaded.dit.shape).values()),
        voices=tuple(_hear(loaded, name) for name in sorted(loaded.voices)),
    )


def _check_file(folder: Path) -> None:
    """Compare the weights with what is known of them: that they are as pulled, and which generation they are of."""
    config = read_config(folder)
    path = checkpoint.find_model(folder, config.get("model"))
    if not path.is_file():
        return  # which loading says better
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if config.get("source", {}).get("sha256", sha256) != sha256:
        raise CheckpointError(
            f"{path} is not the file that was pulled: its SHA-256 is {sha256}. Remove {folder} and pull it again, or take"
            " `source` out of config.yaml if you changed the weights yourself.",
            "checkpoint_corrupt",
        )
    generation = presets.architecture_of(sha256)
    arch = config.get("arch", {})
    if generation and any(arch.get(name, value) != value for name, value in presets.ARCHITECTURES[generation].items()):
        says = ", ".join(f"{name}: {arch.get(name)}" for name in presets.ARCHITECTURES[generation])
        right = ", ".join(f"{name}: {value}" for name, value in presets.ARCHITECTURES[generation].items())
        raise CheckpointError(
            f"{path} is a {generation} model, whose arch is {right}; config.yaml says {says}. Correct it: it would speak"
            " nonsense.",
            "checkpoint_mismatch",
        )


def _hear(loaded: Checkpoint, name: str) -> Heard:
    try:
        voice = loaded.voices[name]
    except VoiceUnusable as error:
        return Heard(name, "", "", 0.0, 0.0, None, error.message)
    text = SENTENCES.get(voice.language, voice.text[:40])
    engine = Engine(loaded)
    state = engine.prepare(engine.plan(text, name, speed=1.0, seed=1))
    while not engine.done(state):
        engine.step([state])
    [sound] = engine.finish([state])
    if not isinstance(sound, Sound):
        return Heard(name, voice.language, text, 0.0, 0.0, None, str(sound))
    level = float(np.sqrt(np.mean(sound.samples**2))) if len(sound.samples) else 0.0
    wrong = None
    if level < SILENT:
        wrong = f"It is silent (level {level:.1e}). The weights are not those of a trained model, or the vocoder is another's."
    aligner = loaded.aligner
    heard = aligner.align(text, voice.language, aligner.hear(sound.samples, sound.rate)) if aligner else None
    score = round(heard.score, 3) if heard else None
    return Heard(name, voice.language, text, len(sound.samples) / sound.rate, level, score, wrong)
