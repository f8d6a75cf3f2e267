"""Real speech for tests: spoken by the bundled voice, put together as a person's recording would be."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence

import numpy as np
import soundfile

from serving.engine import Engine, Sound
from serving.model.flow import Sampling
from serving.voices import silence

RATE = 24_000


#: Fewer steps than the voice's own: rhythm and level are right already, which is what these tests look at.
QUICK = Sampling(steps=5, cfg_strength=0.0)


def say(engine: Engine, text: str, voice: str, seed: int = 1, sampling: Sampling = QUICK) -> Sound:
    state = engine.prepare(engine.plan(text, voice, 1.0, seed, sampling))
    while not engine.done(state):
        engine.step([state])
    (sound,) = engine.finish([state])
    assert isinstance(sound, Sound), sound
    return sound


def speech_of(engine: Engine, text: str, voice: str) -> np.ndarray:
    """Without silence at its ends."""
    sound = say(engine, text, voice)
    first, last = silence.trim(sound.samples, sound.rate, head=0.0, tail=0.0)
    return sound.samples[first:last]


def joined(pieces: Sequence[np.ndarray], pause: float, noise: float = 1e-4) -> np.ndarray:
    """Pieces with pauses between them, in the noise of a quiet room."""
    gap = np.zeros(round(pause * RATE))
    whole = np.concatenate([part for piece in pieces for part in (piece, gap)][:-1])
    return (whole + noise * np.random.default_rng(0).standard_normal(len(whole))).astype(np.float32)


def wave(samples: np.ndarray, rate: int = RATE, subtype: str = "FLOAT") -> bytes:
    """The contents of a .wav; samples are [n] or [n, channels]."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV", subtype=subtype)
    return file.getvalue()


def about(text: str, language: str = "en", **more: object) -> bytes:
    """The contents of a voice's .json."""
    return json.dumps({"text": text, "language": language, **more}).encode()
