"""The colours of a film's cards. One palette a film, so that its scenes belong together."""

from __future__ import annotations

import dataclasses
import hashlib


@dataclasses.dataclass(frozen=True)
class Palette:
    """Colours as #rrggbb. ground, ink, quiet: paper, text, lesser text. accent: number and marks. tones: the shapes."""

    name: str
    ground: str
    ink: str
    quiet: str
    accent: str
    tones: tuple[str, str, str, str]


# Text stands out from its ground by 7:1 or more, lesser text and marks by 4.5:1 (WCAG 2.2); a test measures it.
PALETTES = (
    Palette("terracotta", "#F3EDE2", "#20242E", "#4E5260", "#A63D22", ("#C8553D", "#E3B05A", "#2F4858", "#E6DAC6")),
    Palette("harbour", "#0F2233", "#F5F1E8", "#BFCBD3", "#F2B45C", ("#1C3B54", "#F2B45C", "#D96C4F", "#7FA9B8")),
    Palette("moss", "#EEF0E6", "#1C2B24", "#47574D", "#2B6A4B", ("#2F6B4F", "#A9BF8C", "#E2B44F", "#DBE0CD")),
    Palette("plum", "#241A2E", "#F6EFEA", "#CFC2CE", "#F0A58F", ("#3E2C4D", "#E2806B", "#F3C98B", "#8A6E9E")),
    Palette("slate", "#F1F2F4", "#1B2430", "#4A5563", "#1F5FA8", ("#245C9E", "#93B7D9", "#F0A63C", "#DCE1E8")),
    Palette("pine", "#12271F", "#F3F1E7", "#BCCCBF", "#E9C46A", ("#1F4436", "#E9C46A", "#D97B4A", "#7FA58C")),
)


def palette_for(film: str) -> Palette:
    """The palette of a film, by its title or any other word that all its scenes share."""
    return PALETTES[hashlib.sha256(f"palette {film}".encode()).digest()[0] % len(PALETTES)]
