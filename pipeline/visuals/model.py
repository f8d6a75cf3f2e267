"""What a scene shows."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

Source = Literal["card", "upload", "folder"]


@dataclasses.dataclass(frozen=True)
class Credit:
    """Where a picture comes from. author, license, url: None where nobody told."""

    source: Source
    title: str
    author: str | None = None
    license: str | None = None
    url: str | None = None


@dataclasses.dataclass(frozen=True)
class Illustration:
    """A picture ready for motion: a PNG or JPEG file of the frame's aspect, somewhat larger than the frame.

    kind: "card" bears the scene's title and phrases; "image" bears no text.
    """

    path: Path
    kind: Literal["card", "image"]
    credit: Credit


def credits_to_json(credits: Sequence[Credit]) -> list[dict[str, Any]]:
    """The content of credits.json: one object a scene, in order, scenes counted from 1."""
    return [{"scene": number, **dataclasses.asdict(credit)} for number, credit in enumerate(credits, 1)]


def picture_size(size: tuple[int, int]) -> tuple[int, int]:
    """Size in pixels of the picture for a frame of `size`: room for motion without blur, both sides even."""
    return 2 * round(size[0] * 0.65), 2 * round(size[1] * 0.65)
