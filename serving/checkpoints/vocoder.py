"""The vocoder of a checkpoint, read from its own files or from those of a published Vocos."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import yaml

from serving.checkpoints import weights
from serving.checkpoints.config import UNREADABLE, is_count
from serving.errors import CheckpointError
from serving.model.vocos import Vocos, VocosShape, sizes

#: No size of a vocoder is larger. Published ones have up to 1,536 channels and a window of 1,024 samples.
MOST = 8192


def load(folder: Path, config: dict[str, Any], device: torch.device) -> Vocos:
    """Load the vocoder of a checkpoint.

    config: the part `vocoder` of config.yaml. Either the shape itself beside `vocoder.safetensors`, or `path: <folder>`
    of a published Vocos (its own config.yaml with pytorch_model.bin or model.safetensors), relative to the checkpoint.
    Its `refinement_rounds` are the checkpoint's to follow.
    Raises CheckpointError.
    """
    try:
        if "path" in config:
            return _published(folder / config["path"], device)
        stated = {name: value for name, value in config.items() if name not in ("kind", "refinement_rounds")}
        return _filled(_shape(stated), folder / "vocoder.safetensors", device)
    except (TypeError, *UNREADABLE) as error:
        raise CheckpointError(
            f"The vocoder's configuration in {folder} is incomplete or wrong: {error}. Take that of its weights' release.",
            "checkpoint_config",
        ) from error


def _published(folder: Path, device: torch.device) -> Vocos:
    config_path = folder / "config.yaml"
    if not config_path.is_file():
        raise CheckpointError(f"{config_path} is missing. Put the published vocoder's files there.", "checkpoint_missing")
    config = yaml.safe_load(config_path.read_text(encoding="utf-8"))
    files = [folder / name for name in ("model.safetensors", "pytorch_model.bin") if (folder / name).is_file()]
    if not files:
        raise CheckpointError(f"{folder} holds neither model.safetensors nor pytorch_model.bin.", "checkpoint_missing")
    shape = _shape({**config["backbone"]["init_args"], **config["head"]["init_args"]})
    return _filled(shape, files[0], device)


def _shape(stated: dict[str, Any]) -> VocosShape:
    """Raises TypeError, ValueError where it is none."""
    for name, value in stated.items():
        if name == "padding" and value not in ("center", "same"):
            raise ValueError(f"padding must be center or same, not {value!r:.80}")
        if name != "padding" and not is_count(value, MOST):
            raise ValueError(f"{name} must be a whole number from 1 to {MOST}, not {value!r:.80}")
    return VocosShape(**stated)


def _filled(shape: VocosShape, path: Path, device: torch.device) -> Vocos:
    tensors = {name: value for name, value in weights.read(path).items() if not name.startswith("feature_extractor.")}
    return Vocos(shape, weights.fitted(sizes(shape), tensors, path), device)
