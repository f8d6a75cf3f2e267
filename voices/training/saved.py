"""What a training saved, `<name>.pt` in the folder of a run: read without running anything that lies in it.

It may have come in a pack from elsewhere, and a pickle can hold any code.
"""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from voices.training import whole

#: What the state of numpy's random numbers is made of: all that is read beside tensors, numbers, texts, lists and dicts.
_OF_NUMPY: list[Any] = [np.ndarray, np.dtype, type(np.dtype(np.uint32)), np.empty(0).__reduce__()[0]]


def kept(folder: Path, name: str) -> dict[str, Any]:
    """The state that the training `name` last saved in `folder`, on the CPU. Raises SystemExit, which says what to do, where
    there is none that can be read."""
    return dict(_existing(folder, name)["kept"])


def average(folder: Path, name: str) -> dict[str, torch.Tensor]:
    """The weights that are used, of what `kept` gives."""
    state = kept(folder, name)
    with fitting(folder / f"{name}.pt"):
        return dict(state["average"])


def minutes(folder: Path, name: str) -> float:
    """How long the training `name` has run in `folder`, over all its stops. Raises SystemExit as `kept` does."""
    return float(_existing(folder, name)["minutes"])


def _existing(folder: Path, name: str) -> dict[str, Any]:
    path = folder / f"{name}.pt"
    if not path.exists():
        raise SystemExit(f"{path} is missing. Train first: {_command(path)}")
    return read(path, "cpu")


def read(path: Path, device: str | None = None) -> dict[str, Any]:
    """`kept` (the training's own state), `minutes` and `random`, as `Run.save` wrote them. Raises SystemExit.

    device: of the tensors, None for where each was saved.
    """
    with fitting(path), torch.serialization.safe_globals(_OF_NUMPY):
        state = torch.load(path, map_location=device, weights_only=True)
        return {"kept": dict(state["kept"]), "minutes": float(state["minutes"]), "random": tuple(state["random"])}


@contextlib.contextmanager
def fitting(path: Path) -> Iterator[None]:
    """Around whatever takes the state of `path` apart: what is not as it should be ends with SystemExit, which says what to do.

    A file that is cut off or another recipe's shows in too many errors to be named.
    """
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        raise SystemExit(
            f"{path} is cut off, or was saved by another recipe: {_reason(error)}."
            f" Move it away and train anew: {_command(path)}"
        ) from error


def _reason(error: Exception) -> str:
    if isinstance(error, pickle.UnpicklingError):  # torch's own words advise to run what lies in it
        return "it holds what no training saves"
    if isinstance(error, KeyError):
        return f"it has no {error}"
    return whole.reason(error)


def _command(path: Path) -> str:
    return f"python -m voices.training.{path.stem} --size {path.parent.name}"
