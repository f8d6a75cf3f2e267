"""Generated texts: lists of words, syllables and numbers, which documentation alone would leave rare."""

from __future__ import annotations

import random
import re
from pathlib import Path

from pipeline.speech.passages import split

_WORD = re.compile(r"[a-z]{3,12}")
_SYLLABLE = re.compile(r"[a-zà-ỹđ]{1,7}")
_DATES = {
    "en": "On {day}/{month}/{year}, {count} people paid ${price}.",
    "vi": "Ngày {day}/{month}/{year} có {count} người, giá {price} đồng.",
}
_COUNTS = {"en": "Page {count} of {year}, {price} percent.", "vi": "Trang {count} trên {year}, {price} phần trăm."}


def english_words(lexicon: list[str], count: int) -> list[str]:
    """`count` lists of four to seven words out of a lexicon, as sentences."""
    return _lists([word for word in lexicon if _WORD.fullmatch(word)], count, 4, 7)


def vietnamese_syllables(hunspell: Path, count: int) -> list[str]:
    """`count` lists of five to nine syllables out of the word list of the Vietnamese spelling checker."""
    words = hunspell.read_text(encoding="utf-8").split("\n")[1:]
    return _lists([word for word in words if _SYLLABLE.fullmatch(word)], count, 5, 9)


def numbers(language: str, count: int) -> list[str]:
    """`count` sentences with dates, amounts and counts, written out as the product does."""
    chance = random.Random(language)
    found = []
    for number in range(count):
        pattern = (_DATES, _COUNTS)[number % 2][language]
        written = pattern.format(
            day=chance.randint(1, 28), month=chance.randint(1, 12), year=chance.randint(1700, 2090),
            count=chance.choice([chance.randint(1, 99), chance.randint(100, 9_999)]), price=chance.randint(1, 999),
        )  # fmt: skip
        found.append(" ".join(passage.spoken for passage in split(written, language)))
    return found


def _lists(words: list[str], count: int, fewest: int, most: int) -> list[str]:
    chance = random.Random(count)
    # Every word comes before one comes twice.
    row: list[str] = []
    found: list[str] = []
    while len(found) < count:
        length = chance.randint(fewest, most)
        if len(row) < length:
            row += chance.sample(words, len(words))
        taken, row = row[:length], row[length:]
        separator = chance.choice([", ", " ", ", "])
        found.append(separator.join(taken).capitalize() + chance.choice([".", ".", "?", "!"]))
    return found
