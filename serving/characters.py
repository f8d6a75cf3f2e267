"""What a text may hold, whoever wrote it."""

from __future__ import annotations


def well_formed(text: str) -> bool:
    """Whether the text can be written as UTF-8. JSON can spell half of a surrogate pair, which is no character, and Python
    makes such halves of the bytes of file names that are not UTF-8."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
