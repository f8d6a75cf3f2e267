"""Roman numerals."""

from __future__ import annotations

import re

_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_WELL_FORMED = re.compile(r"(?=.)M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")


def value(numeral: str) -> int | None:
    """IV -> 4; None when the letters are no well-formed numeral."""
    if not _WELL_FORMED.fullmatch(numeral):
        return None
    total = 0
    for letter, following in zip(numeral, [*numeral[1:], None], strict=True):
        worth = _VALUES[letter]
        total += -worth if following is not None and _VALUES[following] > worth else worth
    return total
