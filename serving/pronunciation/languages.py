"""Which words of a text are read in Vietnamese: told by each word itself, by its passage, and by the words beside it."""

from __future__ import annotations

import re
from typing import NamedTuple

from serving.pronunciation import english, vietnamese

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
#: Also digits, and the marks inside a number: what a Vietnamese passage says in its own words.
_WORD_OR_DIGIT = re.compile(rf"{_WORD.pattern}|\d|(?<=\d)[,.](?=\d)")
_DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_SAID = {**{str(digit): word for digit, word in enumerate(_DIGITS)}, ",": "phẩy", ".": "chấm"}
#: English words that carry a sentence and that Vietnamese cannot have: terms and names are borrowed, these are not.
_FRAMEWORK = """
and are as at for from had has have his if is it of or our she that their there these they this was were what when which who
will with would your
"""
_FRAME = frozenset(_FRAMEWORK.split())
#: How many other words such a one counts for, where the text is not known to be Vietnamese.
_FRAME_WEIGHT = 3
#: English words before names that could be parts of Vietnamese ones: "In Huế".
_NO_NAMES = frozenset(
    ("an", "can", "do", "go", "he", "him", "in", "me", "my", "no", "on", "so", "than", "the", "them", "then", "to")
)
_VOWELS = frozenset("aeiouy")


class Word(NamedTuple):
    """A word of written text. letters: those it is said by in Vietnamese, None where that is impossible."""

    text: str
    start: int
    end: int
    letters: tuple[str, ...] | None

    @property
    def is_marked(self) -> bool:
        """Whether it is Vietnamese wherever it stands."""
        return self.letters is not None and vietnamese.is_marked(self.text)

    @property
    def is_unknown(self) -> bool:
        """Whether it is possible in Vietnamese, and no word of the English lexicon."""
        return self.letters is not None and len(self.text) > 1 and not english.is_known(self.text)

    @property
    def is_name(self) -> bool:
        """Whether it may be a part of a Vietnamese name."""
        return self.letters is not None and len(self.text) > 1 and self.text[0].isupper() and self.text.lower() not in _NO_NAMES

    @property
    def is_impossible(self) -> bool:
        """Whether it speaks against a Vietnamese passage. Abbreviations ("km", "C") are at home in both languages."""
        return self.letters is None and not _VOWELS.isdisjoint(self.text.lower())

    @property
    def is_frame(self) -> bool:
        return self.text.lower() in _FRAME


def is_vietnamese(text: str, language: str) -> bool:
    """Whether a passage has more words that only Vietnamese has than words that it cannot have. `language` decides in a tie,
    and where it is not "vi", a few words that carry English sentences weigh more."""
    words = _words(text)
    frame = 1 if language == "vi" else _FRAME_WEIGHT
    against = sum(frame if word.is_frame else 1 for word in words if word.is_impossible)
    marked = sum(word.is_marked for word in words)
    return marked > against or (marked == against and language == "vi")


def of_vietnamese(text: str) -> list[Word]:
    """Words and digits of a Vietnamese passage that are read in Vietnamese: all that can be."""
    found = _WORD_OR_DIGIT.finditer(text)
    words = (Word(match[0], *match.span(), _spell(_SAID.get(match[0], match[0]))) for match in found)
    return [word for word in words if word.letters]


def of_english(text: str) -> list[Word]:
    """Words of an English passage that are read in Vietnamese: those with marks, beside them those that only Vietnamese can
    have, and capitalised ones that touch a Vietnamese word ("Việt Nam", "Nam Định")."""
    words = _words(text)
    chosen = [word.is_marked for word in words]
    if any(chosen):
        chosen = [word.is_marked or word.is_unknown for word in words]
    forwards = [(place, place + 1) for place in range(len(words) - 1)]
    for place, beside in (*forwards, *((after, before) for before, after in reversed(forwards))):
        if chosen[place] and not chosen[beside] and words[beside].is_name:
            before, after = sorted((words[place], words[beside]), key=lambda word: word.start)
            chosen[beside] = text[before.end : after.start] in (" ", "-")
    return [word for word, is_chosen in zip(words, chosen, strict=True) if is_chosen]


def _words(text: str) -> list[Word]:
    return [Word(match[0], *match.span(), _spell(match[0])) for match in _WORD.finditer(text)]


def _spell(word: str) -> tuple[str, ...] | None:
    """The letters of a word; "Hà Nội's" has an English end."""
    name, apostrophe, ending = word.partition("'")
    letters = vietnamese.spell(name)
    if not apostrophe:
        return letters
    return (*letters, "/z/") if letters and ending in ("s", "S") and vietnamese.is_marked(name) else None
