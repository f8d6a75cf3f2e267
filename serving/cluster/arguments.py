"""The application's arguments: settings under their own names, which travel to the machines where its replicas run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import Any

#: Those of docs/settings.md that a replica, or the number of replicas, depends on.
NAMES = (
    "VOXREEL_CHECKPOINT",
    "VOXREEL_DATA_DIR",
    "VOXREEL_DEVICE",
    "VOXREEL_DRAIN_SECONDS",
    "VOXREEL_LOG_LEVEL",
    "VOXREEL_MAX_BATCH_FRAMES",
    "VOXREEL_MAX_QUEUED_FRAMES",
    "VOXREEL_MODELS_BYTES",
    "VOXREEL_MODELS_DIR",
    "VOXREEL_PRECISION",
    "VOXREEL_REPLICAS",
    "VOXREEL_REPLICA_GPUS",
    "VOXREEL_SERVING_THREADS",
    "VOXREEL_TARGET_ONGOING",
    "VOXREEL_VOICE_CACHE_BYTES",
)


def here() -> dict[str, str]:
    """Those that are set in this process."""
    return {name: os.environ[name] for name in NAMES if name in os.environ}


def checked(arguments: Mapping[str, Any]) -> dict[str, str]:
    """The arguments as environment variables (YAML makes numbers of some). Raises ValueError."""
    unknown = sorted(set(arguments) - set(NAMES))
    if unknown:
        raise ValueError(f"The application has no argument {', '.join(unknown)}. It takes {', '.join(NAMES)}.")
    return {name: str(value) for name, value in arguments.items()}


@contextlib.contextmanager
def applied(arguments: Mapping[str, str]) -> Iterator[None]:
    """Let the environment hold the arguments inside the block only: Ray gives the process to other work afterwards."""
    before = {name: os.environ.get(name) for name in arguments}
    os.environ.update(arguments)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
