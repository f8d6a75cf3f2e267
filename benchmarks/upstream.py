"""Upstream's side of the benchmark of speech: `infer_process` of f5-tts, with the loaders that f5-tts has for it.

One part is replaced: `torchaudio.load` wants a system ffmpeg (through torchcodec), so the reference is read by soundfile.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import soundfile
import torch

from benchmarks import load
from serving import torchaudio_guard

torchaudio_guard.install()

import torchaudio  # noqa: E402
import yaml  # noqa: E402
from f5_tts.infer import utils_infer  # noqa: E402
from f5_tts.model import DiT  # noqa: E402

RATE, HOP = 24_000, 256


def read_wave(path: str) -> tuple[torch.Tensor, int]:
    """What `torchaudio.load` gives: float32 [channels, n] and the rate."""
    wave, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return torch.from_numpy(wave.T.copy()), rate


class Upstream:
    """Speaks passages {"text", "voice", "frames"} with upstream's own CFM and the package vocos."""

    def __init__(self, folder: Path) -> None:
        torchaudio.load = read_wave
        self._config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
        weights = folder / "model_1.safetensors"
        self._model = utils_infer.load_model(
            DiT, self._config["arch"], str(weights), vocab_file=str(folder / "vocab.txt"), device="cpu"
        )
        self._vocoder = utils_infer.load_vocoder(is_local=True, local_path=str(folder / "vocos"), device="cpu")
        self._voices = {path.stem: self._voice(path) for path in sorted((folder / "references").glob("*.wav"))}

    def about(self) -> dict[str, Any]:
        return {
            "precision": "float32",
            "versions": {name: version(name) for name in ("f5-tts", "vocos", "torch", "torchaudio")},
        }

    def frames(self, passage: dict[str, Any]) -> int:
        return passage["frames"]

    def serve(self, clients: list[list[dict[str, Any]]], how: str) -> list[load.Answer]:
        """how: "threads", every client in a thread of its own, or "in turn", one passage at a time, first come first served."""
        with ThreadPoolExecutor(len(clients) if how == "threads" else 1) as pool:
            return load.in_turn(lambda passage: pool.submit(self._speak, passage).result(), clients)

    def padding(self) -> float:
        return 0.0  # a batch is one passage, twice

    def long_text(self, passages: list[dict[str, Any]]) -> tuple[float, float, float]:
        """The whole text in one call, which returns when all of it is spoken; upstream splits it by itself."""
        reference = self._voices[passages[0]["voice"]]
        spoken = sum(passage["frames"] - 1 - reference[2] for passage in passages)
        whole = {**passages[0], "text": " ".join(passage["text"] for passage in passages), "frames": reference[2] + 1 + spoken}
        began = time.perf_counter()
        sound = self._speak(whole)
        seconds = time.perf_counter() - began
        return seconds, seconds, sound

    def _speak(self, passage: dict[str, Any]) -> float:
        """Seconds of sound."""
        path, text, _ = self._voices[passage["voice"]]
        # Upstream counts the reference a frame shorter than it is; one frame less on the whole makes the sound as long.
        wave, rate, _ = utils_infer.infer_process(
            path,
            text,
            passage["text"],
            self._model,
            self._vocoder,
            show_info=lambda _: None,
            progress=None,
            nfe_step=self._config["sampling"]["steps"],
            cfg_strength=self._config["sampling"]["cfg_strength"],
            sway_sampling_coef=self._config["sampling"]["sway_sampling_coef"],
            fix_duration=(passage["frames"] - 1 + 0.5) * HOP / RATE,
            device="cpu",
        )
        return len(wave) / rate

    def _voice(self, path: Path) -> tuple[str, str, int]:
        """The wave's path, its text with the end that upstream gives it, and its frames as upstream counts them."""
        text = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["text"]
        return str(path), text + " ", soundfile.info(path).frames // HOP
