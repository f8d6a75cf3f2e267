"""The bundled checkpoint in upstream's own classes, to compare with."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from serving.checkpoints import weights
from serving.checkpoints.checkpoint import Checkpoint
from serving.upstream import CFM, DiT


def cfm(loaded: Checkpoint, folder: Path) -> CFM:
    """Upstream's sampler with the weights in `folder`/model.safetensors and the shape of `loaded`."""
    made = CFM(transformer=DiT(**dataclasses.asdict(loaded.dit.shape)), odeint_kwargs={"method": "euler"})
    weights.fill(made, weights.read(folder / "model.safetensors"), folder)
    return made.eval()
