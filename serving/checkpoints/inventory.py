"""Which checkpoints there are: on this machine, and among the presets. It opens no weights and needs no torch."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from serving.checkpoints.config import read_config
from serving.checkpoints.presets import PRESETS, VOCODER_MEGABYTES, Preset
from serving.errors import CheckpointError


@dataclasses.dataclass(frozen=True)
class Entry:
    """A checkpoint. name: by which requests name it, that of its folder. folder: None where it is still to be pulled.

    bytes: on the disk, or to download; None where unknown. problem: the code of what is wrong with its config.yaml, or None.
    """

    name: str
    folder: str | None
    default: bool
    layout: str
    languages: tuple[str, ...]
    voices: tuple[str, ...]
    bytes: int | None
    licence: str | None
    problem: str | None = None


def entries(models_dir: Path, default: Path) -> list[Entry]:
    """The checkpoint that serving loads first, then those in the models folder, then the presets that are not there."""
    folders = [path.parent for path in sorted(models_dir.glob("[!.]*/config.yaml"))]
    here = [_here(folder, default) for folder in (default, *(folder for folder in folders if folder != default))]
    names = {entry.name for entry in here}
    return here + [_to_pull(preset) for preset in PRESETS.values() if preset.name not in names]


def _here(folder: Path, default: Path) -> Entry:
    problem, config = None, {}
    try:
        config = read_config(folder)
    except CheckpointError as error:
        problem = error.code
    known = PRESETS.get(config.get("name", ""))
    return Entry(
        name=folder.name,
        folder=str(folder),
        default=folder == default,
        layout=config.get("text_layout", ""),
        languages=tuple(config.get("language", ())),
        voices=tuple(sorted(path.stem for path in (folder / "references").glob("*.wav"))),
        bytes=sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
        licence=config.get("source", {}).get("licence") or (known.licence if known else None),
        problem=problem,
    )


def _to_pull(preset: Preset) -> Entry:
    return Entry(
        name=preset.name,
        folder=None,
        default=False,
        layout="concatenated",
        languages=preset.languages,
        voices=(),
        bytes=None if preset.megabytes is None else (preset.megabytes + VOCODER_MEGABYTES) * 1_000_000,
        licence=preset.licence,
    )
