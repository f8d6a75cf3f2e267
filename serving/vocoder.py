"""The vocoder: mel spectrogram -> waveform, with the Vocos classes of upstream."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import yaml
from torch import nn

from serving import weights
from serving.errors import CheckpointError
from serving.upstream import ISTFTHead, VocosBackbone


class Vocoder(nn.Module):
    """VocosBackbone and ISTFTHead. The names of the parameters are those of a published Vocos."""

    def __init__(self, backbone: dict[str, Any], head: dict[str, Any]) -> None:
        super().__init__()
        self.backbone = VocosBackbone(**backbone)
        self.head = ISTFTHead(**head)

    @torch.inference_mode()
    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        """mel: float32 [batch, frames, channels] -> samples [batch, n], n = (frames - 1) * hop for padding "center"."""
        return self.head(self.backbone(mel.transpose(1, 2)))


def load(folder: Path, config: dict[str, Any]) -> Vocoder:
    """Load the vocoder of a checkpoint.

    config: the part `vocoder` of config.yaml. Either the shape itself beside `vocoder.safetensors`, or `path: <folder>`
    of a published Vocos (its own config.yaml with pytorch_model.bin or model.safetensors), relative to the checkpoint.
    Raises CheckpointError.
    """
    try:
        if "path" in config:
            return _published(folder / config["path"])
        backbone = {name: config[name] for name in ("input_channels", "dim", "intermediate_dim", "num_layers")}
        head = {name: config[name] for name in ("dim", "n_fft", "hop_length", "padding")}
        return _filled(Vocoder(backbone, head), folder / "vocoder.safetensors")
    except (KeyError, TypeError) as error:
        raise CheckpointError(
            f"The vocoder's configuration in {folder} is incomplete: {error}.", "checkpoint_config"
        ) from error


def _published(folder: Path) -> Vocoder:
    config_path = folder / "config.yaml"
    if not config_path.is_file():
        raise CheckpointError(f"{config_path} is missing. Put the published vocoder's files there.", "checkpoint_missing")
    config = yaml.safe_load(config_path.read_text(encoding="utf-8"))
    files = [folder / name for name in ("model.safetensors", "pytorch_model.bin") if (folder / name).is_file()]
    if not files:
        raise CheckpointError(f"{folder} holds neither model.safetensors nor pytorch_model.bin.", "checkpoint_missing")
    return _filled(Vocoder(config["backbone"]["init_args"], config["head"]["init_args"]), files[0])


def _filled(vocoder: Vocoder, path: Path) -> Vocoder:
    tensors = {name: value for name, value in weights.read(path).items() if not name.startswith("feature_extractor.")}
    weights.fill(vocoder, tensors, path)
    return vocoder.eval()
