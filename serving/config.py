"""config.yaml of a checkpoint. It is read without torch, so that a wrong folder is told before Ray is started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from serving.errors import CheckpointError


def read_config(folder: Path) -> dict[str, Any]:
    """config.yaml as a mapping. Raises CheckpointError checkpoint_missing, checkpoint_config."""
    path = folder / "config.yaml"
    if not path.is_file():
        raise CheckpointError(
            f"{path} is missing. VOXREEL_CHECKPOINT must name the folder of a checkpoint;"
            " for a published one write the file as docs/serving.md shows.",
            "checkpoint_missing",
        )
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path} is not YAML: {error}", "checkpoint_config") from error
    if not isinstance(config, dict) or config.get("text_layout") not in ("aligned", "concatenated"):
        raise CheckpointError(f"{path} must be a mapping with text_layout: aligned or concatenated.", "checkpoint_config")
    return config
