"""Loading a model and warming it up. Imports torch: only replicas import this module."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from serving.batching.scheduler import Scheduler
from serving.checkpoints import checkpoint
from serving.engine import Engine
from serving.replica.knobs import Knobs
from serving.replica.shelf import Model
from settings import Settings

logger = logging.getLogger(__name__)


def prepare(configured: Settings, threads: int, gpu_share: float) -> torch.device:
    """Set torch up for this process, once. gpu_share: part of a GPU's memory that is ours. Returns the device."""
    torch.set_num_threads(threads)
    wanted = configured.device
    device = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if wanted == "auto" else wanted)
    if device.type == "cuda" and device.index is None:
        device = torch.device("cuda", torch.cuda.current_device())  # memory can be shared out by number only
    if device.type == "cuda" and 0 < gpu_share < 1:
        torch.cuda.set_per_process_memory_fraction(gpu_share, device)
    return device


def load(name: str, folder: Path, device: torch.device, threads: int, configured: Settings, knobs: Knobs) -> Model:
    """A model that is warm, its scheduler running. threads: on a CPU. Raises CheckpointError, SpeechFailed."""
    torch.set_num_threads(threads)  # a model that speaks meanwhile lowers the number for the rows of its own
    loaded = checkpoint.load(folder, device, configured.precision, configured.voice_cache_bytes)
    engine = Engine(loaded)
    budget = engine.warm_up(configured.max_batch_frames)
    scheduler = Scheduler(engine, knobs.batch_frames(budget), knobs.max_queued_frames, knobs.remembered_frames)
    scheduler.start()
    logger.info(
        "the model is warm",
        extra={
            "checkpoint": loaded.name,
            "device": str(device),
            "threads": torch.get_num_threads(),
            "batch_frames": budget,
        },
    )
    return Model(name, engine, scheduler, sum(_storages((loaded.dit, loaded.vocoder)).values()), budget)


def _storages(holder: Any) -> dict[int, int]:
    """The memory of all tensors that are reached from here, in bytes by address: views of one memory count once."""
    if isinstance(holder, torch.Tensor):
        memory = holder.untyped_storage()
        return {memory.data_ptr(): memory.nbytes()}
    if isinstance(holder, Mapping):
        held = list(holder.values())
    elif isinstance(holder, list | tuple):
        held = list(holder)
    else:
        held = list(vars(holder).values()) if type(holder).__module__.startswith("serving.") else []
    return {address: size for each in held for address, size in _storages(each).items()}
