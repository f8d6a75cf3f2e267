"""config.yaml of a checkpoint. It is read without torch, so that a wrong folder is told before Ray is started."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from serving.errors import CheckpointError

#: What reading YAML raises: dates and numbers that are none, and lists in lists without end, are no errors of its own.
UNREADABLE = (yaml.YAMLError, ValueError, LookupError, RecursionError)

#: Rounds of refinement after a vocoder at most: eight take as long as the bundled vocoder itself.
MOST_ROUNDS = 32


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != ""


def is_number(value: Any, kind: Any = int | float) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def is_count(value: Any, most: int = 2**31) -> bool:
    """Whether it is a whole number above 0."""
    return is_number(value, int) and 0 < value <= most


def _or_null(right: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or right(value)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value))


#: Fields of config.yaml, "part.field" within a part: what may stand in them, and how it looks.
KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("arch", "mel", "vocoder", "sampling", "source"), (_is_mapping, "a mapping, name: value")),
    "language": (lambda value: isinstance(value, list) and all(map(_is_text, value)), "a list such as [vi, en]"),
    "lowercase": (_is_flag, "true or false"),
    "use_ema": (_or_null(_is_flag), "true, false or null"),
    "name": (_is_text, "a text"),
    "model": (_or_null(_is_text), "the name of a file"),
    "reference_rms": (_or_null(lambda value: is_number(value) and 0 < value <= 1), "above 0 and at most 1, or null"),
    "arch.dim_head": (lambda value: is_count(value) and value % 2 == 0, "an even number above 0"),
    "arch.pe_attn_head": (_or_null(is_count), "a whole number above 0, or null for all heads"),
    **dict.fromkeys(("arch.text_mask_padding", "arch.text_embedding_average_upsampling"), (_is_flag, "true or false")),
    "vocoder.path": (_is_text, "the name of a folder"),
    "vocoder.refinement_rounds": (lambda value: is_count(value, MOST_ROUNDS), f"a whole number from 1 to {MOST_ROUNDS}"),
}


def read_config(folder: Path) -> dict[str, Any]:
    """config.yaml as a mapping. Raises CheckpointError checkpoint_missing, checkpoint_config."""
    path = folder / "config.yaml"
    if not path.is_file():
        raise CheckpointError(
            f"{path} is missing. VOXREEL_CHECKPOINT must name the folder of a checkpoint;"
            " `voxreel models pull` makes one of a published model, and docs/checkpoints.md tells the file's fields.",
            "checkpoint_missing",
        )
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except UNREADABLE as error:
        raise CheckpointError(f"{path} is not YAML: {error}", "checkpoint_config") from error
    if not isinstance(config, dict) or config.get("text_layout") not in ("aligned", "concatenated"):
        raise CheckpointError(f"{path} must be a mapping with text_layout: aligned or concatenated.", "checkpoint_config")
    for name, (is_right, looks) in KINDS.items():
        part, _, field = name.rpartition(".")
        within = config.get(part, {}) if part else config
        if field in within and not is_right(within[field]):
            raise CheckpointError(f"{path}: {name} must be {looks}, not {within[field]!r:.80}.", "checkpoint_config")
    return config
