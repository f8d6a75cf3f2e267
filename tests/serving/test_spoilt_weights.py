"""Weights that load and would make a voice that roars, hums or never ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from .test_checkpoint import refused

PARTS = ("model", "vocoder", "durations", "aligner")
Tensors = dict[str, torch.Tensor]


def spoil(folder: Path, part: str, edit: Callable[[str, torch.Tensor], torch.Tensor]) -> None:
    path = folder / f"{part}.safetensors"
    save_file({name: edit(name, value).contiguous() for name, value in load_file(path).items()}, path)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_file_that_holds_a_number_that_is_none_is_refused(copy: Path, part: str, number: float) -> None:
    last = sorted(load_file(copy / f"{part}.safetensors"))[-1]
    spoil(copy, part, lambda name, value: torch.full_like(value, number) if name == last else value)
    error = refused(copy)
    assert error.code == "checkpoint_corrupt"
    assert f"{part}.safetensors holds numbers that are none, in {last}. Download or copy it again." in error.message


@pytest.mark.parametrize(
    "edit",
    [
        lambda name, value: value * 0,
        lambda name, value: value * 0 + 100 if name == "o.bias" else value,
        lambda name, value: value * 0 + 15 if name == "o.bias" else value,
        lambda name, value: value * 0 - 100 if name == "o.bias" else value,
    ],
    ids=["zeros", "endless", "hours", "nothing"],
)
def test_lengths_of_phones_that_no_speech_has_are_refused(
    copy: Path, edit: Callable[[str, torch.Tensor], torch.Tensor]
) -> None:
    spoil(copy, "durations", edit)
    error = refused(copy)
    assert error.code == "checkpoint_corrupt"
    assert "durations.safetensors gives phones lengths that no speech has" in error.message


@pytest.mark.parametrize(("part", "convolution"), [("durations", "c.0.weight"), ("aligner", "blocks.0.time.weight")])
def test_convolutions_of_another_shape_are_told(copy: Path, part: str, convolution: str) -> None:
    whole = load_file(copy / f"{part}.safetensors")[convolution]
    spoil(copy, part, lambda name, value: whole[..., :4] if name == convolution else value)
    error = refused(copy)
    assert error.code == "checkpoint_mismatch"
    assert "(its kernel of 4 is even)" in error.message
    spoil(copy, part, lambda name, value: torch.tensor(1.0) if name == convolution else value)
    assert refused(copy).code == "checkpoint_mismatch"
