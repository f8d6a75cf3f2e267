"""From text to tokens: a vocabulary is a file with one entry a line; the line number is the token."""

from __future__ import annotations

from pathlib import Path

from serving.errors import CheckpointError

#: Names under which a vocabulary is published. Some Vietnamese checkpoints call theirs config.json; it is not JSON.
FILES = ("vocab.txt", "config.json")


def read(folder: Path) -> dict[str, int]:
    """Entry -> token. Raises CheckpointError checkpoint_missing, checkpoint_corrupt."""
    for path in (folder / name for name in FILES):
        if path.is_file():
            break
    else:
        raise CheckpointError(
            f"{folder / FILES[0]} is missing. Copy the vocabulary that belongs to the weights.", "checkpoint_missing"
        )
    if path.suffix == ".json" and path.read_bytes().lstrip()[:1] == b"{":
        raise CheckpointError(
            f"{path} is settings in JSON, no vocabulary. Copy the vocabulary of the same release as {folder / FILES[0]}.",
            "checkpoint_missing",
        )
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise CheckpointError(f"{path} is not UTF-8 text. Copy it again.", "checkpoint_corrupt") from error
    # An entry that stands twice counts where it stands last, as it did in training.
    return {entry: token for token, entry in enumerate(lines[:-1] if lines[-1] == "" else lines)}


def fitted(tokens: dict[str, int], known: int, weights: Path) -> dict[str, int]:
    """The entries that weights know which embed `known` tokens. Raises CheckpointError checkpoint_mismatch.

    Where entries stand twice, training counted either the lines or, as upstream does, the distinct entries. The last lines
    then have no embedding; their entries are left out, and so are spoken as any unknown character is.
    """
    lines = max(tokens.values(), default=-1) + 1
    if known not in (len(tokens), lines):
        twice = f" ({len(tokens)} distinct)" if len(tokens) != lines else ""
        raise CheckpointError(
            f"The vocabulary has {lines} entries{twice}, the weights in {weights} know {known}."
            " Take both from the same release; a vocabulary must not be edited.",
            "checkpoint_mismatch",
        )
    return {entry: token for entry, token in tokens.items() if token < known}
