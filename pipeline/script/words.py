"""Words, and which of them carry no topic."""

from __future__ import annotations

import dataclasses
import functools
import re
from pathlib import Path

WORD = re.compile(r"\w+(?:[-'’.,:/]\w+)*(?:\s?%)?")

_LISTS = Path(__file__).with_name("stopwords")


@dataclasses.dataclass(frozen=True)
class StopWords:
    """`single` stop words and those of several syllables, `phrases`, by their first one; the longest first."""

    single: frozenset[str]
    phrases: dict[str, tuple[tuple[str, ...], ...]]

    def length_at(self, words: list[str], position: int) -> int:
        """How many of `words`, in lower case, from `position` on make a stop word; 0 for none."""
        for phrase in self.phrases.get(words[position], ()):
            if tuple(words[position : position + len(phrase)]) == phrase:
                return len(phrase)
        return int(words[position] in self.single)


@functools.cache
def stop_words(language: str) -> StopWords:
    """The stop words of "vi" or "en". A Vietnamese list has one word a line, since a word may have several syllables."""
    lines = (_LISTS / f"{language}.txt").read_text(encoding="utf-8").splitlines()
    entries = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if language == "en":
        entries = [word for entry in entries for word in entry.split()]
    phrases: dict[str, list[tuple[str, ...]]] = {}
    for entry in entries:
        syllables = tuple(entry.split())
        if len(syllables) > 1:
            phrases.setdefault(syllables[0], []).append(syllables)
    ordered = {first: tuple(sorted(group, key=len, reverse=True)) for first, group in phrases.items()}
    return StopWords(frozenset(entry for entry in entries if " " not in entry), ordered)


def content_words(text: str, language: str) -> list[str]:
    """The words of `text` in lower case, without stop words and bare numbers; for weighing sentences."""
    stops = stop_words(language)
    words = [match[0].lower().replace("’", "'") for match in WORD.finditer(text)]
    kept, position = [], 0
    while position < len(words):
        stop = stops.length_at(words, position)
        if not stop and any(character.isalpha() for character in words[position]):
            kept.append(words[position])
        position += stop or 1
    return kept
