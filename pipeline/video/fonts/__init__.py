"""The bundled fonts (SIL Open Font Licence 1.1, see OFL.txt): Inter for text, Be Vietnam Pro for titles.

Both hold all of Vietnamese; Inter has Greek, Cyrillic, arrows and signs as well. They are subsets and
bear names of their own, so that libass never takes a system's font of the same name instead.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

Face = Literal["regular", "semibold", "display"]

#: The folder that libass is shown.
FOLDER = Path(__file__).resolve().parent
#: Family name inside the files of "regular" and "semibold" (libass takes the latter when bold is asked for).
FAMILY = "Voxreel Sans"
#: Line height of that family in ems, (ascent + descent) / units per em: libass and SSA count font sizes in it.
LINE_HEIGHT = (2728 + 680) / 2816

_FILES: dict[Face, str] = {
    "regular": "VoxreelSans-Regular.otf",
    "semibold": "VoxreelSans-SemiBold.otf",
    "display": "VoxreelDisplay-SemiBold.ttf",
}


def font_file(face: Face) -> Path:
    """The font file of a face; "display" is drawn for large sizes."""
    return FOLDER / _FILES[face]
