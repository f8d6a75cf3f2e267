"""The table of a model card: what stands between two lines of MODEL_CARD.md is written anew, all else is left."""

from __future__ import annotations

import os
from pathlib import Path

from voices.training.evaluation.cases import Unjudgeable

NAME = "MODEL_CARD.md"
BEGIN, END = "<!-- evaluation: begin -->", "<!-- evaluation: end -->"


def check(folder: Path) -> None:
    """Raises Unjudgeable where the card has no place for the table, before hours of work for it."""
    path = folder / NAME
    if path.exists():
        _split(path)


def write(folder: Path, table: str) -> bool:
    """Put the table into the card. Whether there is a card."""
    path = folder / NAME
    if not path.exists():
        return False
    before, after = _split(path)
    unfinished = path.with_suffix(".part")
    unfinished.write_text(f"{before}{BEGIN}\n\n{table}\n{END}{after}", encoding="utf-8")
    os.replace(unfinished, path)
    return True


def _split(path: Path) -> tuple[str, str]:
    text = path.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise Unjudgeable(f"{path} has no place for the table. Write the lines {BEGIN} and {END} where it shall stand.")
    return before, after
