"""A checkpoint: a folder that holds everything needed to speak.

config.yaml           name, text_layout, shape of the model (docs/checkpoints.md tells every field)
vocab.txt             the vocabulary; phones, one a line, in the layout `aligned`
model*.safetensors    weights of upstream's CFM/DiT (or .pt), bare or as published with `ema_model.`
vocoder.safetensors   the vocoder, or the folder of a published Vocos named in config.yaml
durations.safetensors lengths of phones (layout `aligned`)
aligner.safetensors   which phone is heard when (layout `aligned`)
references/           voices
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from pathlib import Path
from typing import Any

import torch

from serving.alignment.aligner import Aligner
from serving.checkpoints import aligner, architecture, vocabulary, vocoder, weights
from serving.checkpoints.config import is_count, is_number, read_config
from serving.errors import CheckpointError
from serving.layouts.durations import Durations
from serving.layouts.layout import Aligned, Concatenated, Layout
from serving.model import precision
from serving.model.dit import DiT
from serving.model.flow import Sampling
from serving.model.mel import Mel
from serving.model.refinement import Refined, Vocoder
from serving.model.shape import Shape, below, sizes
from serving.replica.validation import MAX_GUIDANCE, MAX_STEPS
from serving.voices import saying
from serving.voices import voice as voices
from serving.voices.cache import KEPT_BYTES, Voices

#: What no result depends on, and the voices, which come and go while serving runs: each has a fingerprint of its own.
NOT_HASHED = {"README.md", "MODEL_CARD.md", "evaluation.json", "losses.svg", "references"}

#: Samples a second of a recording at most, and any other number of a mel.
HIGHEST_RATE, MOST = 192_000, 8192


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """Everything loaded, on its device. rate: samples a second; hop: samples a frame. aligner: None where there is none."""

    name: str
    fingerprint: str
    languages: tuple[str, ...]
    vocabulary: dict[str, int]
    layout: Layout
    dit: DiT
    mel: Mel
    vocoder: Vocoder
    aligner: Aligner | None
    voices: Voices
    sampling: Sampling
    rate: int
    hop: int
    device: torch.device


def load(folder: Path, device: torch.device, precision_wanted: str = "auto", voice_bytes: int = KEPT_BYTES) -> Checkpoint:
    """Load a checkpoint. precision_wanted: as `precision.choose` takes it. voice_bytes: kept of references that were read.

    Raises CheckpointError: checkpoint_missing, _corrupt, _config, _mismatch or _unsafe.
    """
    config = read_config(folder)
    mel = _mel(folder, config.get("mel", {})).to(device)
    dtype = precision.choose(precision_wanted, device)
    dit, tokens = _model(find_model(folder, config.get("model")), config, vocabulary.read(folder), device, dtype)
    if dit.shape.mel_dim != mel.channels:
        raise CheckpointError(
            f"The weights in {folder} make mels of {dit.shape.mel_dim} channels, config.yaml says mel.n_mel_channels:"
            f" {mel.channels}. Correct it or leave it out.",
            "checkpoint_mismatch",
        )
    layout = _layout(folder, config, tokens)
    ears = _aligner(folder, layout, mel, device, precision_wanted)
    hear = functools.partial(saying.hear, ears, layout.kind, mel.rate)
    found = voices.load(folder, mel, config.get("reference_rms"), device, hear, voice_bytes)
    return Checkpoint(
        name=config.get("name", folder.name),
        fingerprint=fingerprint(folder),
        languages=tuple(config.get("language", ())),
        vocabulary=tokens,
        layout=layout,
        dit=dit,
        mel=mel,
        vocoder=_vocoder(folder, config, mel, device),
        aligner=ears,
        voices=found,
        sampling=_sampling(folder, config.get("sampling", {})),
        rate=mel.rate,
        hop=mel.hop,
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
        left_out = any(part in NOT_HASHED or part.startswith(".") for part in relative.parts)
        if path.is_file() and not left_out:
            with path.open("rb") as file:
                total.update(f"{relative.as_posix()}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()


def _mel(folder: Path, config: dict[str, Any]) -> Mel:
    """The spectrogram, from upstream's own words for it (all of them have defaults)."""
    known = {
        "target_sample_rate": "rate",
        "n_fft": "n_fft",
        "hop_length": "hop",
        "win_length": "win_length",
        "n_mel_channels": "channels",
    }
    stated = {name: value for name, value in config.items() if name != "mel_spec_type"}
    whole = all(is_count(value, HIGHEST_RATE if name == "target_sample_rate" else MOST) for name, value in stated.items())
    if config.get("mel_spec_type", "vocos") != "vocos" or not stated.keys() <= known.keys() or not whole:
        raise CheckpointError(
            f"{folder / 'config.yaml'}: mel: may have {', '.join(known)}, all whole numbers from 1 to {MOST}"
            f" (the rate to {HIGHEST_RATE}), and mel_spec_type: vocos, the only kind that can be served.",
            "checkpoint_config",
        )
    # As upstream has it where nothing is said.
    hop, window, n_fft = (stated.get(*each) for each in (("hop_length", 256), ("win_length", 1024), ("n_fft", 1024)))
    if not hop <= window <= n_fft:
        raise CheckpointError(
            f"{folder / 'config.yaml'}: mel: has hop_length {hop}, win_length {window} and n_fft {n_fft}."
            " None may be larger than the next.",
            "checkpoint_config",
        )
    return Mel(**{known[name]: value for name, value in stated.items()})


def _vocoder(folder: Path, config: dict[str, Any], mel: Mel, device: torch.device) -> Vocoder:
    """The vocoder, which must take the mel's frames and give as many samples for each; refined if config.yaml asks for it."""
    stated = config.get("vocoder", {})
    loaded = vocoder.load(folder, stated, device)
    takes = loaded.shape.input_channels, loaded.shape.hop_length
    if takes != (mel.channels, mel.hop):
        raise CheckpointError(
            f"The vocoder of {folder} takes mels of {takes[0]} channels and {takes[1]} samples a frame, the model makes"
            f" {mel.channels} and {mel.hop}. Take one that was trained on the model's mels.",
            "checkpoint_mismatch",
        )
    if "refinement_rounds" not in stated:
        return loaded
    if loaded.shape.padding != "center" or not mel.invertible:
        raise CheckpointError(
            f"{folder / 'config.yaml'}: vocoder.refinement_rounds needs a vocoder with padding: center, and in mel: an even"
            " n_fft and a win_length of at least twice the hop_length. Leave refinement_rounds out.",
            "checkpoint_config",
        )
    return Refined(loaded, mel, stated["refinement_rounds"])


def _sampling(folder: Path, config: dict[str, Any]) -> Sampling:
    def right(name: str, value: Any) -> bool:
        if name == "steps":
            return is_count(value, MAX_STEPS)
        if name == "cfg_strength":
            return is_number(value) and 0 <= value <= MAX_GUIDANCE
        return name == "sway_sampling_coef" and (value is None or (is_number(value) and -1 <= value <= 1))

    if not all(right(name, value) for name, value in config.items()):
        raise CheckpointError(
            f"{folder / 'config.yaml'}: sampling: may have steps (1 to {MAX_STEPS}), cfg_strength (0 to"
            f" {MAX_GUIDANCE:g}) and sway_sampling_coef (-1 to 1, or null for none).",
            "checkpoint_config",
        )
    return Sampling(**config)


def _model(
    path: Path, config: dict[str, Any], tokens: dict[str, int], device: torch.device, dtype: torch.dtype
) -> tuple[DiT, dict[str, int]]:
    """The transformer, and the part of the vocabulary that it knows."""
    tensors = weights.read(path, config.get("use_ema"))
    shape = architecture.complete(config.get("arch", {}), tensors, path)
    tokens = vocabulary.fitted(tokens, shape["text_num_embeds"], path)
    try:
        known = Shape(**shape)
    except TypeError as error:
        raise CheckpointError(f"{path.parent / 'config.yaml'}: arch: {error}.", "checkpoint_config") from error
    return DiT(known, weights.fitted(sizes(known), below(tensors, "transformer."), path), device, dtype), tokens


def _layout(folder: Path, config: dict[str, Any], tokens: dict[str, int]) -> Layout:
    if config["text_layout"] == "concatenated":
        return Concatenated(tokens, bool(config.get("lowercase", False)))
    path = folder / "durations.safetensors"
    tensors = weights.read(path)
    try:
        durations = Durations.shaped_like(tensors)
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"{path} holds no duration model of this kind ({error}).", "checkpoint_mismatch") from error
    weights.fill(durations, tensors, path)
    if durations.e.num_embeddings < len(tokens):
        raise CheckpointError(
            f"{path} knows fewer phones than the vocabulary. Take both from the same release.", "checkpoint_mismatch"
        )
    if not durations.eval().is_likely:
        raise CheckpointError(
            f"{path} gives phones lengths that no speech has, so it was never trained or is spoilt. Download or copy it again.",
            "checkpoint_corrupt",
        )
    return Aligned(tokens, durations)


def _aligner(folder: Path, layout: Layout, mel: Mel, device: torch.device, precision_wanted: str) -> Aligner | None:
    """Its own where the layout speaks by phones, as references must be cut up as they were in training; else the bundled."""
    if layout.kind == "concatenated":
        return aligner.bundled(device, precision_wanted)
    own = aligner.load(folder, device, precision_wanted)
    if (mel.rate, mel.hop) != (own.rate, own.hop):
        raise CheckpointError(
            f"{folder / 'config.yaml'}: mel: must be that of the aligner, {own.hop} samples a frame at"
            f" {own.rate} Hz, for text_layout: aligned.",
            "checkpoint_mismatch",
        )
    return own
