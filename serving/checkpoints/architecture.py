"""The shape of a DiT, read from its weights where they tell it and from config.yaml where they cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from serving.errors import CheckpointError

#: Numbers of upstream's DiT that leave no trace in the weights: v1 has (True, None), v0 (False, 1).
UNSEEN = ("text_mask_padding", "pe_attn_head")
#: Tensors by which weights of other models are known that look like those of F5-TTS.
OTHERS = {
    "layers.0.0.weight": "E2 TTS (UNetT)",
    "layers.0.2.to_q.weight": "E2 TTS (UNetT)",
    "transformer_blocks.0.attn.to_q_c.weight": "an MMDiT",
}


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
    seen = seen_in(tensors, path, stated.get("dim_head", 64))
    for name, value in seen.items():
        if stated.get(name, value) != value:
            raise CheckpointError(
                f"config.yaml says arch.{name}: {stated[name]!r}, the weights in {path} have {value!r}."
                " Correct it or leave it out.",
                "checkpoint_mismatch",
            )
    positioned = stated["pe_attn_head"]
    if positioned is not None and positioned > seen["heads"]:
        raise CheckpointError(
            f"config.yaml says arch.pe_attn_head: {positioned}, and the model has {seen['heads']} heads. It is null for v1"
            " models and 1 for v0 models.",
            "checkpoint_config",
        )
    return {**stated, **seen}


def seen_in(tensors: dict[str, torch.Tensor], path: Path, dim_head: int = 64) -> dict[str, Any]:
    """What the weights themselves tell of their shape. Raises CheckpointError checkpoint_mismatch, naming what they lack."""
    shapes = {
        name.removeprefix("transformer."): value.shape for name, value in tensors.items() if name.startswith("transformer.")
    }
    for name, model in OTHERS.items():
        if name in shapes:
            raise CheckpointError(
                f"{path} holds {model}, which cannot be served. Take a model of F5-TTS (DiT).", "checkpoint_mismatch"
            )
    try:
        seen = _seen(shapes, dim_head)
    except (KeyError, ValueError) as error:
        raise CheckpointError(
            f"{path} is no F5-TTS model: {error} is not in it. Take the file that holds the model itself.",
            "checkpoint_mismatch",
        ) from error
    _agree(shapes, seen, path)
    return seen


def _seen(shapes: dict[str, torch.Size], dim_head: int) -> dict[str, Any]:
    """Raises KeyError with the name of a tensor that is not there."""
    mel_dim, dim = shapes["proj_out.weight"]
    entries, text_dim = shapes["text_embed.text_embed.weight"]
    first = "transformer_blocks.0."
    return {
        "dim": dim,
        "depth": len(_numbers(shapes, "transformer_blocks.")),
        "heads": shapes[first + "attn.to_q.weight"][0] // dim_head,
        "ff_mult": shapes[first + "ff.ff.0.0.weight"][0] / dim,
        "mel_dim": mel_dim,
        "text_num_embeds": entries - 1,
        "text_dim": text_dim,
        "conv_layers": len(_numbers(shapes, "text_embed.text_blocks.")),
        "qk_norm": "rms_norm" if first + "attn.q_norm.weight" in shapes else None,
        "long_skip_connection": "long_skip_connection.weight" in shapes,
    }


def _agree(shapes: dict[str, torch.Size], seen: dict[str, Any], path: Path) -> None:
    """Raise CheckpointError where the tensors contradict each other, as those of a file put together by hand do."""
    for prefix in ("transformer_blocks.", "text_embed.text_blocks."):
        numbers = _numbers(shapes, prefix)
        if numbers != list(range(len(numbers))):
            raise CheckpointError(
                f"{path} has the layers {', '.join(map(str, numbers))} of {prefix.rstrip('.')}, so some are missing or were"
                " cut out. Number those that are left from 0 on without a gap, or take the whole file.",
                "checkpoint_mismatch",
            )
    dim, inputs = shapes.get("input_embed.proj.weight", (seen["dim"], 2 * seen["mel_dim"] + seen["text_dim"]))
    if inputs - 2 * seen["mel_dim"] != seen["text_dim"]:
        raise CheckpointError(
            f"{path} embeds text in {seen['text_dim']} channels (text_embed), but its input layer takes"
            f" {inputs - 2 * seen['mel_dim']} (input_embed). The two are not of one model; take the whole file of one release.",
            "checkpoint_mismatch",
        )
    if dim != seen["dim"]:
        raise CheckpointError(
            f"{path} is {dim} channels wide at its input and {seen['dim']} at its output. Take the whole file of one release.",
            "checkpoint_mismatch",
        )


def _numbers(shapes: dict[str, torch.Size], prefix: str) -> list[int]:
    return sorted({int(name.removeprefix(prefix).split(".")[0]) for name in shapes if name.startswith(prefix)})
