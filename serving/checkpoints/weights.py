"""Reading weights from files, as published in their several wrappings."""

from __future__ import annotations

import pickle
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from serving.errors import CheckpointError

#: Keys in which training scripts wrap the weights: the moving average (EMA) of all steps, and the last step itself.
AVERAGED, PLAIN = "ema_model_state_dict", ("model_state_dict", "state_dict")
#: Before the name of each averaged tensor, in .safetensors files and within AVERAGED.
EMA_PREFIX = "ema_model."
#: No weights of the model: counters of the moving average, and a predictor of lengths that some fine-tunings train beside it
#: and nothing here asks.
NOT_WEIGHTS = ("initted", "step", "update_after_step", "duration_predictor.")
#: How torch names what a pickle wanted to call.
CALLED = re.compile(r"(?:GLOBAL|class) (\S+)")


def read(path: Path, use_ema: bool | None = None) -> dict[str, torch.Tensor]:
    """The tensors in a .safetensors, .pt, .pth or .bin file as float32 on the CPU, without wrapper and `ema_model.` prefix.

    use_ema: whether to take the moving average; None takes it where there is one, as it speaks better than the last step.
    Raises CheckpointError: checkpoint_missing, checkpoint_corrupt (numbers that are none, too), checkpoint_unsafe,
    checkpoint_mismatch (the file lacks what use_ema asks for).
    """
    if not path.is_file():
        raise CheckpointError(
            f"{path} is missing. Copy it next to config.yaml or point VOXREEL_CHECKPOINT elsewhere.", "checkpoint_missing"
        )
    averaged, plain = _versions(_loaded(path))
    if not averaged and not plain:
        raise CheckpointError(f"{path} holds no weights. Take the file that holds the model itself.", "checkpoint_corrupt")
    chosen = averaged or plain if use_ema is None else averaged if use_ema else plain
    if not chosen:
        has, value = ("no averaged weights (EMA)", "false") if use_ema else ("averaged weights (EMA) only", "true")
        raise CheckpointError(
            f"{path} holds {has}, and config.yaml says use_ema: {str(use_ema).lower()}. Say {value}, or leave it out.",
            "checkpoint_mismatch",
        )
    exact = {name: value.float() if value.is_floating_point() else value for name, value in chosen.items()}
    spoilt = next((name for name, value in exact.items() if not value.isfinite().all()), None)
    if spoilt is not None:
        raise CheckpointError(
            f"{path} holds numbers that are none, in {spoilt}. Download or copy it again.", "checkpoint_corrupt"
        )
    return exact


def _loaded(path: Path) -> dict[str, Any]:
    """What lies in the file. A pickle is mapped, so that the optimiser's state beside the weights is never read."""
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return dict(torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path) or None))
    except pickle.UnpicklingError as error:
        called = CALLED.search(str(error))
        if called is None:
            raise _unreadable(path, error) from error
        raise CheckpointError(
            f"{path} is a pickle that wants to run code ({called[1].rstrip('.')}) when it is opened, so it was not opened."
            " Take the .safetensors file of the same release, or another release.",
            "checkpoint_unsafe",
        ) from error
    except (SafetensorError, RuntimeError, EOFError, OSError, ValueError, TypeError, KeyError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> CheckpointError:
    reason = str(error).partition("\n")[0][:200]
    return CheckpointError(f"{path} cannot be read ({reason}). Download or copy it again.", "checkpoint_corrupt")


def _versions(loaded: dict[str, Any]) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """The averaged tensors and the plain ones, each under the model's own names, either possibly empty."""
    averaged = _tensors(loaded.get(AVERAGED))
    plain = next((found for wrapper in PLAIN if (found := _tensors(loaded.get(wrapper)))), {})
    if averaged or plain:
        return _bare(averaged), _bare(plain)
    tensors = _tensors(loaded)
    return (
        _bare({name: value for name, value in tensors.items() if name.startswith(EMA_PREFIX)}),
        _bare({name: value for name, value in tensors.items() if not name.startswith(EMA_PREFIX)}),
    )


def _tensors(found: object) -> dict[str, torch.Tensor]:
    return {name: value for name, value in found.items() if isinstance(value, torch.Tensor)} if isinstance(found, dict) else {}


def _bare(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    named = {name.removeprefix(EMA_PREFIX): value for name, value in tensors.items()}
    return {name: value for name, value in named.items() if not name.startswith(NOT_WEIGHTS)}


def fitted(sizes: Mapping[str, Sequence[int]], tensors: dict[str, torch.Tensor], path: Path) -> dict[str, torch.Tensor]:
    """The tensors that `sizes` asks for, all of them and nothing less. `path` names the file in the message.

    Tables that a model computes itself (windows, filter banks, frequencies) may be missing or present.
    Raises CheckpointError checkpoint_mismatch.
    """
    computed = {name for name in (*sizes, *tensors) if name.endswith(("inv_freq", "window", "mel_scale.fb", "freqs_cis"))}
    missing = sorted(set(sizes) - set(tensors) - computed)
    unknown = sorted(set(tensors) - set(sizes) - computed)
    misshaped = [
        f"{name} is {list(tensors[name].shape)}, config.yaml asks for {list(sizes[name])}"
        for name in sorted(set(sizes) & set(tensors))
        if list(tensors[name].shape) != list(sizes[name])
    ]
    if missing or unknown or misshaped:
        wrong = [f"{len(missing)} missing, such as {missing[0]}"] if missing else []
        wrong += [f"{len(unknown)} unknown, such as {unknown[0]}"] if unknown else []
        raise CheckpointError(
            f"The weights in {path} do not fit config.yaml: {'; '.join(wrong + misshaped[:2])}. "
            "Take both files from the same release of the model.",
            "checkpoint_mismatch",
        )
    return {name: value for name, value in tensors.items() if name in sizes}


def fill(module: nn.Module, tensors: dict[str, torch.Tensor], path: Path) -> None:
    """Load `tensors` into `module` where they are `fitted` for it. Raises CheckpointError checkpoint_mismatch."""
    sizes = {name: value.shape for name, value in module.state_dict().items()}
    module.load_state_dict(fitted(sizes, tensors, path), strict=False)
