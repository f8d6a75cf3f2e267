from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Paint = Callable[[str, tuple[int, int, int]], Path]


@pytest.fixture
def paint(tmp_path: Path) -> Paint:
    """paint(name, colour) makes a picture of one colour, 416 x 234 pixels."""

    def painted(name: str, colour: tuple[int, int, int]) -> Path:
        path = tmp_path / name
        Image.new("RGB", (416, 234), colour).save(path)
        return path

    return painted


@pytest.fixture
def grain(tmp_path: Path) -> Path:
    """A picture with much detail, 416 x 234 pixels, which keeps an encoder busy."""
    path = tmp_path / "grain.png"
    Image.fromarray(np.random.default_rng(5).integers(0, 255, (234, 416, 3), dtype=np.uint8)).save(path)
    return path
