"""How many floating point operations speaking needs, counted from the model's shape, and how many devices can do.

Counted is the DiT: its matrix products, its attention and its convolutions, two operations a multiplication and addition,
for the passage with text and the one without (guidance). Left out are the text encoder and the vocoder, which run once a
passage (together under one per cent of 16 steps), and all that is done element by element.
"""

from __future__ import annotations

import re
import statistics
import time

import torch

from serving.model.shape import POSITION_GROUPS, POSITION_KERNEL, Shape

#: Frames a second of sound: 24 kHz, hop 256.
FRAMES_PER_SECOND = 24_000 / 256
#: Dense half-precision TFLOP/s with float32 sums, as the makers' data sheets have them, by whole words of the device's name.
#: The first that fits counts.
DATA_SHEETS = {
    "H100 PCIe": 756.0,
    "H100": 989.0,
    "H200": 989.0,
    "A100": 312.0,
    "L40S": 362.0,
    "L20": 119.5,
    "L4": 121.0,
    "A10": 125.0,
    "RTX 4090": 165.2,
    "RTX 3090": 71.0,
    "V100": 125.0,
    "T4": 65.0,
}


def of_step(shape: Shape, frames: int) -> float:
    """FLOPs of one step of one passage, guidance included. frames: reference and speech together."""
    linear = 4 * shape.dim * shape.inner + 2 * shape.dim * int(shape.ff_mult * shape.dim)
    attention = 2 * frames * shape.inner
    positions = 2 * shape.dim * (shape.dim // POSITION_GROUPS) * POSITION_KERNEL
    ends = (2 * shape.mel_dim + shape.text_dim) * shape.dim + shape.dim * shape.mel_dim
    return 2.0 * 2 * frames * (shape.depth * (linear + attention) + positions + ends)


def of_passage(shape: Shape, frames: int, steps: int) -> float:
    """FLOPs of a whole passage. frames: reference and speech together; steps: NFE."""
    return steps * of_step(shape, frames)


def of_speech(shape: Shape, reference_seconds: float, speech_seconds: float, steps: int) -> float:
    """FLOPs for each second of speech, of passages this long behind a reference this long."""
    frames = round((reference_seconds + speech_seconds) * FRAMES_PER_SECOND)
    return of_passage(shape, frames, steps) / speech_seconds


def bound(shape: Shape, reference_seconds: float, speech_seconds: float, steps: int, tflops: float) -> float:
    """Seconds of speech a second at most, where `tflops` (10^12 FLOPs a second) are all that can be done."""
    return tflops * 1e12 / of_speech(shape, reference_seconds, speech_seconds, steps)


def data_sheet(device_name: str) -> float | None:
    """TFLOP/s that the maker states for a device, None where it is not known here."""
    return next((tflops for words, tflops in DATA_SHEETS.items() if re.search(rf"\b{words}\b", device_name)), None)


def measured(device: torch.device, dtype: torch.dtype, size: int, repeats: int = 9) -> float:
    """TFLOP/s of a product of two square matrices of random numbers on this device, the median of `repeats`."""
    left, right = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    for _ in range(3):
        left @ right
    seconds = [_seconds(left, right, 10 if device.type == "cuda" else 1) for _ in range(repeats)]
    return 2.0 * size**3 / statistics.median(seconds) / 1e12


def _seconds(left: torch.Tensor, right: torch.Tensor, products: int) -> float:
    """Seconds a product takes. Several in a row on a GPU, as one is too short for the clock."""
    synchronise(left.device)
    began = time.perf_counter()
    for _ in range(products):
        left @ right
    synchronise(left.device)
    return (time.perf_counter() - began) / products


def synchronise(device: torch.device) -> None:
    """Wait until the device has done what it was told, so that a clock can be read."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
