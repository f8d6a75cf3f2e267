"""The aligner that listens to what a checkpoint speaks: its own, or that of the bundled voice."""

from __future__ import annotations

import functools
import logging
from pathlib import Path

import torch

import settings
from serving.alignment.aligner import Aligner
from serving.alignment.listener import Listener
from serving.checkpoints import vocabulary, weights
from serving.errors import CheckpointError
from serving.model import precision
from serving.pronunciation import inventory

#: Folder of the voice that comes with Voxreel.
BUNDLED = settings.ROOT / "voices" / "sample"

logger = logging.getLogger(__name__)


def load(folder: Path, device: torch.device, precision_wanted: str = "auto") -> Aligner:
    """The aligner in a folder: aligner.safetensors, whose tokens are those of the vocab.txt beside it.

    Raises CheckpointError: checkpoint_missing, _corrupt or _mismatch.
    """
    path = folder / "aligner.safetensors"
    tensors = weights.read(path)
    try:
        listener = Listener.shaped_like(tensors)
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"{path} holds no aligner of this kind ({error}).", "checkpoint_mismatch") from error
    weights.fill(listener, tensors, path)
    tokens = vocabulary.read(folder)
    lacking = [token for token in inventory() if token not in tokens]
    classes = listener.out.out_features
    if lacking or classes != len(tokens) + 1:
        wrong = (
            f"lacks the phone {lacking[0]!r}" if lacking else f"has {len(tokens)} tokens, the weights tell {classes - 1} apart"
        )
        raise CheckpointError(
            f"{path} does not fit: the vocabulary beside it {wrong}. Take both from the same release.", "checkpoint_mismatch"
        )
    # Float16 would do no harm on a GPU, and no good: the listener is small.
    exact = device.type != "cpu" or precision.choose(precision_wanted, device) == torch.float32
    return Aligner(listener.to(device), tokens, torch.float32 if exact else torch.bfloat16)


@functools.cache
def bundled(device: torch.device, precision_wanted: str = "auto") -> Aligner | None:
    """The aligner of the bundled voice, which hears what other checkpoints speak too: one for all of them. None where it
    cannot be had."""
    try:
        return load(BUNDLED, device, precision_wanted)
    except CheckpointError as error:
        logger.warning("times of words are shared out by syllables: there is no aligner. %s", error)
        return None
