"""Reading weights from files, as published in their several wrappings."""

from __future__ import annotations

import pickle
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from serving.errors import CheckpointError

#: Keys in which training scripts wrap the weights, best first: the moving average speaks better than the last step.
WRAPPERS = ("ema_model_state_dict", "model_state_dict", "state_dict")
#: Parameters that are no weights of the model: counters of the moving average, tables that are computed anew.
NOT_WEIGHTS = ("initted", "step", "update_after_step")


def read(path: Path) -> dict[str, torch.Tensor]:
    """The tensors in a .safetensors, .pt, .pth or .bin file as float32 on the CPU, without wrapper and `ema_model.` prefix.

    Raises CheckpointError: checkpoint_missing, checkpoint_corrupt.
    """
    if not path.is_file():
        raise CheckpointError(
            f"{path} is missing. Copy it next to config.yaml or point VOXREEL_CHECKPOINT elsewhere.", "checkpoint_missing"
        )
    try:
        loaded = load_file(path) if path.suffix == ".safetensors" else torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}). Download or copy it again.", "checkpoint_corrupt") from error
    for wrapper in WRAPPERS:
        if isinstance(loaded, dict) and isinstance(loaded.get(wrapper), dict):
            loaded = loaded[wrapper]
            break
    tensors = {name: value for name, value in dict(loaded).items() if isinstance(value, torch.Tensor)}
    if not tensors:
        raise CheckpointError(f"{path} holds no weights. Take the file that holds the model itself.", "checkpoint_corrupt")
    named = {name.removeprefix("ema_model."): value for name, value in tensors.items()}
    return {
        name: value.float() if value.is_floating_point() else value for name, value in named.items() if name not in NOT_WEIGHTS
    }


def below(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """The tensors whose names start with `prefix`, without it."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def fill(module: nn.Module, tensors: dict[str, torch.Tensor], path: Path) -> None:
    """Load `tensors` into `module`, all of them and nothing less. `path` names the file in the message.

    Tables that the module computes itself (windows, filter banks, frequencies) may be missing or present.
    Raises CheckpointError checkpoint_mismatch.
    """
    own = module.state_dict()
    computed = {name for name in (*own, *tensors) if name.endswith(("inv_freq", "window", "mel_scale.fb", "freqs_cis"))}
    missing = sorted(set(own) - set(tensors) - computed)
    unknown = sorted(set(tensors) - set(own) - computed)
    misshaped = [
        f"{name} is {list(tensors[name].shape)}, config.yaml asks for {list(own[name].shape)}"
        for name in sorted(set(own) & set(tensors))
        if own[name].shape != tensors[name].shape
    ]
    if missing or unknown or misshaped:
        wrong = [f"{len(missing)} missing, such as {missing[0]}"] if missing else []
        wrong += [f"{len(unknown)} unknown, such as {unknown[0]}"] if unknown else []
        raise CheckpointError(
            f"The weights in {path} do not fit config.yaml: {'; '.join(wrong + misshaped[:2])}. "
            "Take both files from the same release of the model.",
            "checkpoint_mismatch",
        )
    module.load_state_dict({name: value for name, value in tensors.items() if name in own}, strict=False)
