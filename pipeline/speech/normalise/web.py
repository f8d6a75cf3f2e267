"""Web addresses and e-mail addresses: what they look like in any language, and how a language spells them out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_DOMAINS = "com|org|net|edu|gov|info|dev|app|io|ai|vn|uk|eu|us|de|fr|jp|tv|me|co|xyz"
_HOST = r"(?:[A-Za-z0-9-]{1,63}\.){1,8}"
URL = r"(?<![\w@.])(?:(?:https?|ftp)://|www\.)[^\s<>\"]{1,300}"
EMAIL = r"(?<![\w.+-])[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b"
DOMAIN = rf"(?<![\w@.-]){_HOST}(?:{_DOMAINS})\b(?!\.[A-Za-z])(?:/[^\s<>\"]{{0,300}})?"

_TRAILING = ".,;:!?)]}'*_-"
_PARTS = re.compile(r"[^\W\d_]+|\d|_|[^\w\s]")


def spell(address: str, signs: Mapping[str, str], digit: Callable[[str], str]) -> str:
    """Say an address: its words as they are, its digits one by one, its signs by name. The scheme and www. go unsaid."""
    said = re.sub(r"^(?:https?|ftp)://", "", address)
    said = re.sub(r"^www\.", "", said)
    words = []
    for part in _PARTS.findall(said.rstrip("/")):
        if part.isdecimal():
            words.append(digit(part))
        else:
            # What counts as part of a word may still be no letter: x² is "x" here.
            words.append("".join(filter(str.isalpha, part)) or signs.get(part, ""))
    return " ".join(word for word in words if word)


def reading(signs: Mapping[str, str], digit: Callable[[str], str]) -> Callable[[re.Match[str]], str | None]:
    """The reading of an address; punctuation that ends the sentence rather than the address stays punctuation."""

    def read(match: re.Match[str]) -> str | None:
        address = match[0].rstrip(_TRAILING)
        words = spell(address, signs, digit)
        if not words:
            return None
        return words + "".join(mark for mark in match[0][len(address) :] if mark in ".,;:!?)")

    return read
