"""What dates of both languages share."""

from __future__ import annotations

#: Two digits from here on are of the last century.
_LAST_CENTURY_FROM = 70


def full_year(written: str) -> str:
    """26 -> 2026, 99 -> 1999; four digits stay."""
    if len(written) == 4:
        return written
    return f"{'19' if int(written) >= _LAST_CENTURY_FROM else '20'}{written}"
