"""Characters made fit for reading aloud and for screens: composed, without ligatures or invisible ones."""

from __future__ import annotations

import re
import unicodedata

# Compatibility forms that PDFs are full of. NFKC would also rewrite "m²" and "½", which have readings of their own.
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f\x80-\x84\x86-\x9f]")
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile(r"\s+")


def cleaned(text: str) -> str:
    """`text` in NFC, ligatures spelled out, without control or invisible characters; every line end is a newline."""
    text = _LINE_ENDS.sub("\n", text).translate(_LIGATURES)
    return unicodedata.normalize("NFC", _CONTROL.sub("", _INVISIBLE.sub("", text)))


def one_line(text: str) -> str:
    """`text` cleaned, with every stretch of white space as one space and none at its ends."""
    return _SPACES.sub(" ", cleaned(text)).strip()


def has_words(text: str) -> bool:
    """Whether there is a letter or a digit in `text`, so that it says something when read aloud."""
    return any(character.isalnum() for character in text)
