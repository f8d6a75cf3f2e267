"""A checkpoint: a folder that holds everything needed to speak.

config.yaml           name, text_layout, shape of the model (docs/serving.md tells every field)
vocab.txt             the vocabulary
model*.safetensors    weights of upstream's CFM/DiT (or .pt), bare or as published with `ema_model.`
vocoder.safetensors   the vocoder, or the folder of a published Vocos named in config.yaml
durations.safetensors lengths of characters (layout `aligned`)
references/           voices
"""

from __future__ import annotations

import dataclasses
import hashlib
import warnings
from pathlib import Path
from typing import Any

import torch

from serving import architecture, vocabulary, vocoder, voices, weights
from serving.config import read_config
from serving.durations import Durations
from serving.errors import CheckpointError
from serving.layout import Aligned, Concatenated, Layout
from serving.upstream import CFM, DiT
from serving.vocoder import Vocoder
from serving.voices import Voice

#: What no result depends on.
NOT_HASHED = {"README.md", "aligner.safetensors"}


@dataclasses.dataclass(frozen=True)
class Sampling:
    """How to solve the flow: number of steps (NFE), strength of guidance, and sway (None: uniform time)."""

    steps: int = 32
    cfg_strength: float = 2.0
    sway_sampling_coef: float | None = -1.0


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """Everything loaded, on its device, in evaluation mode. rate: samples a second; hop: samples a frame."""

    name: str
    fingerprint: str
    languages: tuple[str, ...]
    layout: Layout
    cfm: CFM
    vocoder: Vocoder
    voices: dict[str, Voice]
    sampling: Sampling
    rate: int
    hop: int
    device: torch.device


def load(folder: Path, device: torch.device) -> Checkpoint:
    """Load a checkpoint. Raises CheckpointError: checkpoint_missing, _corrupt, _config or _mismatch."""
    config = read_config(folder)
    tokens = vocabulary.read(folder)
    model_path = find_model(folder, config.get("model"))
    cfm = _model(model_path, config, tokens).to(device)
    sound = vocoder.load(folder, config.get("vocoder", {})).to(device)
    layout = _layout(folder, config, tokens)
    found = voices.load(folder, cfm, config.get("reference_rms"), device)
    for voice in found.values():
        layout.check(voice)
    try:
        sampling = Sampling(**config.get("sampling", {}))
    except TypeError as error:
        raise CheckpointError(f"{folder / 'config.yaml'}: sampling: {error}.", "checkpoint_config") from error
    return Checkpoint(
        name=config.get("name", folder.name),
        fingerprint=fingerprint(folder),
        languages=tuple(config.get("language", ())),
        layout=layout,
        cfm=cfm,
        vocoder=sound,
        voices=found,
        sampling=sampling,
        rate=cfm.mel_spec.target_sample_rate,
        hop=cfm.mel_spec.hop_length,
        device=device,
    )


def find_model(folder: Path, name: str | None) -> Path:
    """The file of the weights: the one config.yaml names, or the only model file. Raises CheckpointError."""
    if name is not None:
        return folder / name
    found = sorted(path for suffix in ("safetensors", "pt", "pth") for path in folder.glob(f"model*.{suffix}"))
    if len(found) != 1:
        which = "no model*.safetensors" if not found else "several model files: " + ", ".join(path.name for path in found)
        raise CheckpointError(f"{folder} holds {which}. Name the file in config.yaml as `model:`.", "checkpoint_missing")
    return found[0]


def fingerprint(folder: Path) -> str:
    """SHA-256 (hex) over names and contents of the files, so that work made by other weights is never taken for this."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and path.name not in NOT_HASHED and not any(part.startswith(".") for part in relative.parts):
            with path.open("rb") as file:
                total.update(f"{relative.as_posix()}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()


def _model(path: Path, config: dict[str, Any], tokens: dict[str, int]) -> CFM:
    tensors = {name: value for name, value in weights.read(path).items() if not name.startswith("mel_spec.")}
    shape = architecture.complete(config.get("arch", {}), tensors, path)
    if len(tokens) != shape["text_num_embeds"]:
        raise CheckpointError(
            f"The vocabulary has {len(tokens)} entries, the weights in {path} {shape['text_num_embeds']}."
            " Take both from the same release.",
            "checkpoint_mismatch",
        )
    with warnings.catch_warnings():
        # Every layer advises flash attention for masked batches; the budget of frames bounds their memory here.
        warnings.filterwarnings("ignore", message="attn_mask_enabled=True")
        transformer = DiT(**shape, attn_mask_enabled=True)
    cfm = CFM(
        transformer=transformer,
        mel_spec_kwargs=config.get("mel", {}),
        odeint_kwargs={"method": "euler"},
        vocab_char_map=tokens,
    )
    weights.fill(cfm, tensors, path)
    return cfm.eval()


def _layout(folder: Path, config: dict[str, Any], tokens: dict[str, int]) -> Layout:
    lowercase = bool(config.get("lowercase", False))
    if config["text_layout"] == "concatenated":
        return Concatenated(tokens, lowercase)
    path = folder / "durations.safetensors"
    tensors = weights.read(path)
    try:
        durations = Durations.shaped_like(tensors)
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"{path} holds no duration model of this kind ({error}).", "checkpoint_mismatch") from error
    weights.fill(durations, tensors, path)
    if durations.e.num_embeddings < len(tokens):
        raise CheckpointError(
            f"{path} knows fewer characters than the vocabulary. Take both from the same release.", "checkpoint_mismatch"
        )
    return Aligned(tokens, durations.eval(), lowercase)
