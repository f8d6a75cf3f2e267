"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from safetensors import SafetensorError


@contextlib.contextmanager
def written(path: Path) -> Iterator[Path]:
    """A file beside `path` to write to, which takes its place in the end.

    Where that fails it is removed, so that it does not keep a full disk full, and `path` is what it was.
    """
    unfinished = path.with_suffix(".part")
    with told(path):
        try:
            yield unfinished
            os.replace(unfinished, path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """Around writing to `path`: what the disk does not take ends with SystemExit, which says what to do."""
    try:
        yield
    except Exception as error:
        if (refused := _by_the_disk(error)) is None:
            raise
        there = next(folder for folder in path.absolute().parents if folder.exists())
        free = shutil.disk_usage(there).free / 1e6
        raise SystemExit(
            f"{path} could not be written: {reason(refused)}. Mend that, or make room: {free:,.0f} MB are free on that disk."
            " Then run the same command again; what was saved there before is whole."
        ) from error


def _by_the_disk(error: BaseException | None) -> BaseException | None:
    """What the disk said: torch closes a file that was refused with an error of its own, which says nothing."""
    while error is not None and not isinstance(error, (OSError, SafetensorError)):
        error = error.__context__
    return error


def reason(error: BaseException) -> str:
    """An error in a line."""
    return " ".join(str(error).split())[:200].rstrip(".:") or type(error).__name__
