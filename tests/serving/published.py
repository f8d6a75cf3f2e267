"""Writes small checkpoints with random weights in the layout in which F5-TTS and Vocos are published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
import yaml
from safetensors.torch import save_file

from serving.upstream import CFM, DiT
from serving.vocoder import Vocoder

ENTRIES = [" ", *"abcdefghijklmnopqrstuvwxyz.,!?ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
SHAPE = {"dim": 64, "depth": 3, "heads": 1, "ff_mult": 2, "text_dim": 32, "conv_layers": 2, "qk_norm": None}
UNSEEN = {"text_mask_padding": False, "pe_attn_head": 1}
VOCODER = {"dim": 32, "n_fft": 1024, "hop_length": 256, "padding": "center"}
BACKBONE = {"input_channels": 100, "dim": 32, "intermediate_dim": 64, "num_layers": 2}


def write(folder: Path, wrapping: str = "ema_model.", **config: Any) -> Path:
    """A published checkpoint: model_1000.safetensors, vocab.txt, vocos/, references/ and the config.yaml a user adds.

    wrapping: "ema_model." (safetensors with that prefix), "ema_model_state_dict" or "model_state_dict" (.pt).
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    cfm = CFM(transformer=DiT(**SHAPE, **UNSEEN, text_num_embeds=len(ENTRIES), mel_dim=100))
    for parameter in cfm.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    weights = {name: value.clone() for name, value in cfm.state_dict().items()}
    if wrapping == "ema_model.":
        extra = {"initted": torch.tensor(True), "step": torch.tensor(1000)}
        save_file({**{wrapping + name: value for name, value in weights.items()}, **extra}, folder / "model_1000.safetensors")
    else:
        prefix = "ema_model." if wrapping.startswith("ema") else ""
        torch.save(
            {wrapping: {prefix + name: value for name, value in weights.items()}, "update": 1000}, folder / "model_1000.pt"
        )
    (folder / "vocab.txt").write_text("".join(entry + "\n" for entry in ENTRIES), encoding="utf-8")
    whole = {
        "name": "tiny",
        "text_layout": "concatenated",
        "arch": UNSEEN,
        "vocoder": {"path": "vocos"},
        "sampling": {"steps": 3},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump({**whole, **config}), encoding="utf-8")
    _vocos(folder / "vocos")
    _reference(folder / "references")
    return folder


def _vocos(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    vocoder = Vocoder(BACKBONE, VOCODER)
    table = {"feature_extractor.mel_spec.mel_scale.fb": torch.zeros(513, 100)}
    torch.save({**vocoder.state_dict(), **table}, folder / "pytorch_model.bin")
    config = {
        "feature_extractor": {"class_path": "vocos.feature_extractors.MelSpectrogramFeatures", "init_args": {"n_mels": 100}},
        "backbone": {"class_path": "vocos.models.VocosBackbone", "init_args": BACKBONE},
        "head": {"class_path": "vocos.heads.ISTFTHead", "init_args": VOCODER},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")


def _reference(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    wave = 0.2 * np.sin(2 * np.pi * 220 * np.arange(24_000) / 24_000)
    soundfile.write(folder / "amy.wav", wave, 24_000)
    (folder / "amy.json").write_text(json.dumps({"text": "Hello there, this is me.", "language": "en"}), encoding="utf-8")
