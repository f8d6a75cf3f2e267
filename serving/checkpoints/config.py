"""config.yaml of a checkpoint. It is read without torch, so that a wrong folder is told before Ray is started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from serving.errors import CheckpointError

#: Fields of config.yaml that are not plain values: of which type, and how one looks.
KINDS: dict[str, tuple[type, str]] = {
    **dict.fromkeys(("arch", "mel", "vocoder", "sampling", "source"), (dict, "a mapping, name: value")),
    "language": (list, "a list such as [vi, en]"),
    "lowercase": (bool, "true or false"),
    "name": (str, "a text"),
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
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path} is not YAML: {error}", "checkpoint_config") from error
    if not isinstance(config, dict) or config.get("text_layout") not in ("aligned", "concatenated"):
        raise CheckpointError(f"{path} must be a mapping with text_layout: aligned or concatenated.", "checkpoint_config")
    for name, (kind, looks) in KINDS.items():
        if not isinstance(config.get(name, kind()), kind):
            raise CheckpointError(f"{path}: {name} must be {looks}, not {config[name]!r}.", "checkpoint_config")
    return config
