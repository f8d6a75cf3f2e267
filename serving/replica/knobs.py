"""What can be changed while the application runs: `user_config` of its deployment, checked."""

from __future__ import annotations

import dataclasses
from typing import Any

from serving.errors import ServingError
from serving.replica.validation import MAX_STEPS
from settings import Settings

#: Results remembered, in frames of about 1 KB: 64 MB or 11 minutes of speech.
REMEMBERED_FRAMES = 65_536
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class KnobsWrong(ServingError):
    code = "bad_user_config"


@dataclasses.dataclass(frozen=True)
class Knobs:
    """max_batch_frames: 0 for what was measured when the model was warmed up, which no number lifts. steps: of passages
    that say none, or None for what each checkpoint says. The others are frames, and the level of the log."""

    max_batch_frames: int
    max_queued_frames: int
    remembered_frames: int
    steps: int | None
    log_level: str

    def batch_frames(self, measured: int) -> int:
        return min(self.max_batch_frames, measured) if self.max_batch_frames else measured


def read(user_config: Any, configured: Settings) -> Knobs:
    """The knobs that user_config turns, the others as the settings have them. Raises KnobsWrong."""
    if user_config is None:
        user_config = {}
    names = [field.name for field in dataclasses.fields(Knobs)]
    if not isinstance(user_config, dict) or set(user_config) - set(names):
        raise KnobsWrong(f"user_config must be an object with any of {', '.join(names)}, not {user_config!r}.")
    defaults = {
        "max_batch_frames": configured.max_batch_frames,
        "max_queued_frames": configured.max_queued_frames,
        "remembered_frames": REMEMBERED_FRAMES,
        "steps": None,
        "log_level": configured.log_level,
    }
    knobs = Knobs(**{**defaults, **user_config})
    _require_frames("max_batch_frames", knobs.max_batch_frames, 0)
    _require_frames("max_queued_frames", knobs.max_queued_frames, 1)
    _require_frames("remembered_frames", knobs.remembered_frames, 0)
    if knobs.steps is not None and not _is_count(knobs.steps, 1, MAX_STEPS):
        raise KnobsWrong(f"user_config: steps must be an integer from 1 to {MAX_STEPS}, or null for the checkpoint's own.")
    if knobs.log_level not in LEVELS:
        raise KnobsWrong(f"user_config: log_level must be one of {', '.join(LEVELS)}.")
    return knobs


def _require_frames(name: str, value: Any, least: int) -> None:
    if not _is_count(value, least, 2**40):
        raise KnobsWrong(f"user_config: {name} must be a whole number of frames from {least} on.")


def _is_count(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
