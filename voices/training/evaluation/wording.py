"""What counts as the same word: both sides of a comparison are brought into one form before their words are counted."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Any

#: Letters said one by one: a listener writes "GNU" for what the text spells "G N U".
_SPELLED = re.compile(r"\b\w(?: \w\b)+")


def english(text: str) -> list[str]:
    """Words in the form of Whisper's own normaliser: small letters, no marks, contractions and numbers one way only."""
    return joined(_whispers()(text)).split()


def vietnamese(text: str) -> list[str]:
    """Syllables: small letters, composed, no marks."""
    return re.sub(r"[\W_]+", " ", unicodedata.normalize("NFC", text).lower()).split()


def bare(words: list[str]) -> str:
    """The letters of the words without tones and hooks, in one row: what is left when a listener hears no tones."""
    letters = unicodedata.normalize("NFD", "".join(words)).replace("đ", "d")
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def joined(text: str) -> str:
    """Letters that stand alone, two or more in a row, as one word."""
    return _SPELLED.sub(lambda found: found[0].replace(" ", ""), text)


@functools.cache
def _whispers() -> Any:
    from whisper_normalizer.english import EnglishTextNormalizer

    return EnglishTextNormalizer()


WORDS = {"en": english, "vi": vietnamese}
