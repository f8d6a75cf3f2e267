"""Writes small checkpoints with random weights in the layout in which F5-TTS and Vocos are published."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
import yaml
from safetensors.torch import save_file

from serving.upstream import CFM, DiT, ISTFTHead, VocosBackbone

ENTRIES = [" ", *"abcdefghijklmnopqrstuvwxyz.,!?ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
SHAPE = {"dim": 64, "depth": 3, "heads": 1, "ff_mult": 2, "text_dim": 32, "conv_layers": 2, "qk_norm": None}
UNSEEN = {"text_mask_padding": False, "pe_attn_head": 1}
VOCODER = {"dim": 32, "n_fft": 1024, "hop_length": 256, "padding": "center"}
BACKBONE = {"input_channels": 100, "dim": 32, "intermediate_dim": 64, "num_layers": 2}


@dataclasses.dataclass(frozen=True)
class Release:
    """How one release is laid out. wrapping: as `write` has it. beside: what a training script leaves beside the weights."""

    file: str
    wrapping: str
    arch: dict[str, Any]
    depth: int = SHAPE["depth"]
    half: bool = False
    vocabulary: str = "vocab.txt"
    entries: tuple[str, ...] = tuple(ENTRIES)
    config: dict[str, Any] = dataclasses.field(default_factory=dict)
    beside: dict[str, Any] = dataclasses.field(default_factory=dict)


V1 = {"text_mask_padding": True, "pe_attn_head": None}
EMA_COUNTERS = {"initted": torch.tensor(True), "step": torch.tensor(1000)}
#: What `accelerate` saves: the optimiser's state is far larger than the model, and nothing here wants it.
TRAINING = {"optimizer_state_dict": {"state": {0: {"exp_avg": torch.ones(8)}}, "param_groups": [{"lr": 1e-5}]}, "update": 1000}
VIETNAMESE = (" ", *"aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵ.,!?")

#: One of every layout in which F5-TTS and its fine-tunings are published.
RELEASES = {
    "v1": Release("model_1250000.safetensors", "ema_model.", V1, beside=EMA_COUNTERS),
    "v0": Release("model_1200000.pt", "ema_model_state_dict", UNSEEN, beside=EMA_COUNTERS),
    "vivoice": Release(
        "model_last.pt",
        "both",
        UNSEEN,
        vocabulary="config.json",
        entries=VIETNAMESE,
        config={"lowercase": True, "language": ["vi"]},
        beside=TRAINING,
    ),
    "erax": Release(
        "model_48000.safetensors",
        "",
        V1,
        depth=2,
        entries=VIETNAMESE,
        config={"lowercase": True, "use_ema": False, "language": ["vi"]},
    ),
    "not averaged": Release("model_9.pt", "model_state_dict", V1, config={"use_ema": False}, beside=TRAINING),
    "bare pickle": Release("model.pth", "bare", V1),
    "half": Release("model_7.safetensors", "ema_model.", V1, half=True, beside=EMA_COUNTERS),
    "entries twice": Release("model_8.safetensors", "ema_model.", V1, entries=(*ENTRIES, "a", "?")),
}


def write(folder: Path, wrapping: str = "ema_model.", **config: Any) -> Path:
    """A published checkpoint: model_1000.safetensors, vocab.txt, vocos/, references/ and the config.yaml a user adds.

    wrapping: "ema_model." (safetensors with that prefix), "ema_model_state_dict" or "model_state_dict" (.pt).
    """
    suffix = "safetensors" if wrapping == "ema_model." else "pt"
    beside = EMA_COUNTERS if wrapping == "ema_model." else {"update": 1000}
    return write_release(folder, Release(f"model_1000.{suffix}", wrapping, UNSEEN, config=config, beside=beside))


def write_release(folder: Path, release: Release) -> Path:
    """A checkpoint in the layout of `release`. Its weights depend on nothing but its shape."""
    folder.mkdir(parents=True, exist_ok=True)
    save(weights(release), folder / release.file, release)
    (folder / release.vocabulary).write_text("".join(entry + "\n" for entry in release.entries), encoding="utf-8")
    whole = {
        "name": "tiny",
        "text_layout": "concatenated",
        "arch": release.arch,
        "vocoder": {"path": "vocos"},
        "sampling": {"steps": 3},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump({**whole, **release.config}), encoding="utf-8")
    write_vocos(folder / "vocos")
    write_reference(folder / "references")
    return folder


def weights(release: Release) -> dict[str, torch.Tensor]:
    """Random weights by the names of upstream's CFM, the same at every call. Entries that stand twice count once."""
    torch.manual_seed(0)
    shape = {**SHAPE, "depth": release.depth, **release.arch}
    cfm = CFM(transformer=DiT(**shape, text_num_embeds=len(set(release.entries)), mel_dim=100))
    for parameter in cfm.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    return {name: value.clone() for name, value in cfm.state_dict().items()}


def save(tensors: dict[str, torch.Tensor], path: Path, release: Release) -> None:
    """The file of the weights: wrapped, prefixed and in half precision as `release` says."""
    if release.half:
        tensors = {name: value.half() for name, value in tensors.items()}
    averaged = {**{"ema_model." + name: value for name, value in tensors.items()}, **EMA_COUNTERS}
    wrapped = {
        "ema_model.": averaged,
        "ema_model_state_dict": {"ema_model_state_dict": averaged},
        "model_state_dict": {"model_state_dict": tensors},
        # The last step is another model than the average of all.
        "both": {"model_state_dict": {name: value + 1 for name, value in tensors.items()}, "ema_model_state_dict": averaged},
    }.get(release.wrapping, tensors)
    if path.suffix == ".safetensors":
        save_file(wrapped, path)
    else:
        torch.save({**wrapped, **release.beside}, path)


def write_vocos(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    vocoder = torch.nn.ModuleDict({"backbone": VocosBackbone(**BACKBONE), "head": ISTFTHead(**VOCODER)})
    table = {"feature_extractor.mel_spec.mel_scale.fb": torch.zeros(513, 100)}
    torch.save({**vocoder.state_dict(), **table}, folder / "pytorch_model.bin")
    config = {
        "feature_extractor": {"class_path": "vocos.feature_extractors.MelSpectrogramFeatures", "init_args": {"n_mels": 100}},
        "backbone": {"class_path": "vocos.models.VocosBackbone", "init_args": BACKBONE},
        "head": {"class_path": "vocos.heads.ISTFTHead", "init_args": VOCODER},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")


def write_reference(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    wave = 0.2 * np.sin(2 * np.pi * 220 * np.arange(24_000) / 24_000)
    soundfile.write(folder / "amy.wav", wave, 24_000)
    (folder / "amy.json").write_text(json.dumps({"text": "Hello there, this is me.", "language": "en"}), encoding="utf-8")
