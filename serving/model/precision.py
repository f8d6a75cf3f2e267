"""In which number format the matrix products are done."""

from __future__ import annotations

import torch

FORMATS = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


def choose(wanted: str, device: torch.device) -> torch.dtype:
    """wanted: a name in FORMATS, or "auto": float16 on a GPU, as upstream; on a CPU bfloat16 where it has instructions
    for it, which make a product four times as fast there, else float32.

    Times, noise, the state of the ODE, sums and normalisations are float32 in every case.
    """
    if wanted != "auto":
        return FORMATS[wanted]
    if device.type == "cuda":
        return torch.float16
    if device.type == "cpu" and has_bfloat16():
        return torch.bfloat16
    return torch.float32


def has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 itself (AVX-512 BF16 or AMX), and torch can tell."""
    asked = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, bool)() for name in asked)
