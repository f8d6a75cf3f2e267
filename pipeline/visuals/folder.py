"""Pictures from a folder of the server's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pipeline.errors import PipelineError

_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp"})
T = TypeVar("T")


def images_in(folder: Path) -> list[Path]:
    """The picture files of a folder in the order people expect (2 before 10); hidden ones and folders are passed over.

    Raises PipelineError with code image_folder_missing or image_folder_empty.
    """
    if not folder.is_dir():
        message = f"There is no image folder {folder.name}; check the name, or leave it out to have cards drawn."
        raise PipelineError(message, code="image_folder_missing")
    files = (path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    found = sorted((path for path in files if path.suffix.lower() in _SUFFIXES), key=_natural)
    if not found:
        message = f"The image folder {folder.name} holds no PNG, JPEG or WebP file; add some or leave the folder out."
        raise PipelineError(message, code="image_folder_empty")
    return found


def picture_for(scene: int, pictures: Sequence[T]) -> T:
    """The picture of a scene (counted from 0): in order, and from the first again when they are used up."""
    return pictures[scene % len(pictures)]


def _natural(path: Path) -> list[tuple[int, int, str]]:
    """Runs of digits compare as numbers. The name itself comes last, so that the order is never left to chance."""
    parts = re.split(r"([0-9]+)", path.name.casefold())
    keys = [(0, int(part), "") if part.isdigit() and part.isascii() else (1, 0, part) for part in parts if part]
    return [*keys, (2, 0, path.name)]
