"""The shape of a DiT, read from its weights where they tell it and from config.yaml where they cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from serving.errors import CheckpointError

#: Numbers of upstream's DiT that leave no trace in the weights: v1 has (True, None), v0 (False, 1).
UNSEEN = ("text_mask_padding", "pe_attn_head")


def complete(stated: dict[str, Any], tensors: dict[str, torch.Tensor], path: Path) -> dict[str, Any]:
    """Arguments for upstream's DiT. `stated`: the part `arch` of config.yaml; it may be partial but must not contradict.

    Raises CheckpointError: checkpoint_config where something needed is not said, checkpoint_mismatch where it is wrong.
    """
    stated = {name: value for name, value in stated.items() if not name.startswith(("attn_", "checkpoint_"))}
    if stated.pop("backbone", "DiT") != "DiT":
        raise CheckpointError("config.yaml: arch.backbone: only DiT can be served.", "checkpoint_config")
    unsaid = [name for name in UNSEEN if name not in stated]
    if unsaid:
        raise CheckpointError(
            f"config.yaml: arch must say {' and '.join(unsaid)} (v1 models: true and null, v0 models: false and 1).",
            "checkpoint_config",
        )
    try:
        seen = _seen(tensors, stated.get("dim_head", 64))
    except KeyError as error:
        raise CheckpointError(f"{path} is no F5-TTS model: {error} is not in it.", "checkpoint_mismatch") from error
    for name, value in seen.items():
        if stated.get(name, value) != value:
            raise CheckpointError(
                f"config.yaml says arch.{name}: {stated[name]}, the weights in {path} have {value}."
                " Correct it or leave it out.",
                "checkpoint_mismatch",
            )
    return {**stated, **seen}


def _seen(tensors: dict[str, torch.Tensor], dim_head: int) -> dict[str, Any]:
    """What the weights themselves tell. Raises KeyError with the name of a tensor that is not there."""
    shapes = {
        name.removeprefix("transformer."): value.shape for name, value in tensors.items() if name.startswith("transformer.")
    }
    mel_dim, dim = shapes["proj_out.weight"]
    entries, text_dim = shapes["text_embed.text_embed.weight"]
    first = "transformer_blocks.0."
    return {
        "dim": dim,
        "depth": _count(shapes, "transformer_blocks."),
        "heads": shapes[first + "attn.to_q.weight"][0] // dim_head,
        "ff_mult": shapes[first + "ff.ff.0.0.weight"][0] / dim,
        "mel_dim": mel_dim,
        "text_num_embeds": entries - 1,
        "text_dim": text_dim,
        "conv_layers": _count(shapes, "text_embed.text_blocks."),
        "qk_norm": "rms_norm" if first + "attn.q_norm.weight" in shapes else None,
        "long_skip_connection": "long_skip_connection.weight" in shapes,
    }


def _count(shapes: dict[str, torch.Size], prefix: str) -> int:
    return len({name.removeprefix(prefix).split(".")[0] for name in shapes if name.startswith(prefix)})
