"""Writes a checkpoint as F5-TTS and Vocos are published, with random weights, so that both sides can load the same files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import soundfile
import torch
import yaml
from safetensors.torch import save_file

from benchmarks import weights
from serving.model.shape import Shape
from serving.model.vocos import VocosShape, sizes

RATE = 24_000
#: Voices: name, language, seconds of reference, text of the reference (about 15 characters a second).
VOICES = (
    ("anna", "en", 4.0, "The river was high, and the ferry came late again, as it often did."),
    ("bert", "en", 5.0, "Nobody at the station could tell us when the next train would leave for the coast."),
)


def write(folder: Path, shape: Shape, vocoder: VocosShape, steps: int, seed: int = 0) -> Path:
    """model_1.safetensors, vocab.txt, vocos/, references/ and the config.yaml that a user adds. Returns `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    named = {f"ema_model.transformer.{name}": value for name, value in weights.model(shape, seed).items()}
    named["ema_model.transformer.rotary_embed.inv_freq"] = 1.0 / (10_000 ** (torch.arange(0, 64, 2).float() / 64))
    save_file(named, folder / "model_1.safetensors")
    entries = [" ", *(chr(code) for code in range(33, 33 + shape.text_num_embeds - 1))]
    (folder / "vocab.txt").write_text("".join(entry + "\n" for entry in entries), encoding="utf-8")
    config = {
        "name": "random",
        "language": ["en"],
        "text_layout": "concatenated",
        "arch": {name: getattr(shape, name) for name in weights.ARCH},
        "vocoder": {"path": "vocos"},
        "sampling": {"steps": steps, "cfg_strength": 2.0, "sway_sampling_coef": -1.0},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    _vocos(folder / "vocos", vocoder, seed)
    _references(folder / "references", seed)
    return folder


def _vocos(folder: Path, shape: VocosShape, seed: int) -> None:
    folder.mkdir(exist_ok=True)
    tables = {
        "feature_extractor.mel_spec.spectrogram.window": torch.hann_window(shape.n_fft),
        "feature_extractor.mel_spec.mel_scale.fb": torch.zeros(shape.n_fft // 2 + 1, shape.input_channels),
        "head.istft.window": torch.hann_window(shape.n_fft),
    }
    torch.save({**weights.drawn(sizes(shape), seed), **tables}, folder / "pytorch_model.bin")
    backbone = {
        "input_channels": shape.input_channels,
        "dim": shape.dim,
        "intermediate_dim": shape.intermediate_dim,
        "num_layers": shape.num_layers,
    }
    head = {"dim": shape.dim, "n_fft": shape.n_fft, "hop_length": shape.hop_length, "padding": shape.padding}
    mel = {"sample_rate": RATE, "n_fft": shape.n_fft, "hop_length": shape.hop_length, "n_mels": shape.input_channels}
    config = {
        "feature_extractor": {"class_path": "vocos.feature_extractors.MelSpectrogramFeatures", "init_args": mel},
        "backbone": {"class_path": "vocos.models.VocosBackbone", "init_args": backbone},
        "head": {"class_path": "vocos.heads.ISTFTHead", "init_args": head},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")


def _references(folder: Path, seed: int) -> None:
    """Tones that swell four times a second as syllables do, and are loud at both ends, so that nothing is cut off there.
    Loud enough on the whole (0.12) that upstream does not bring them to another level."""
    folder.mkdir(exist_ok=True)
    dice = np.random.default_rng(seed)
    for name, language, seconds, text in VOICES:
        times = np.arange(round(seconds * RATE)) / RATE
        swelling = 0.28 * np.cos(4 * np.pi * times) ** 2
        wave = swelling * np.sin(2 * np.pi * 180 * times) + 2e-4 * dice.standard_normal(times.shape)
        soundfile.write(folder / f"{name}.wav", wave, RATE)
        (folder / f"{name}.json").write_text(json.dumps({"text": text, "language": language}), encoding="utf-8")
