"""From a text to its phones: words, and the marks and spaces between them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from serving.pronunciation import english, languages
from serving.pronunciation.phones import MARKS, SPACE, Phone, spread
from serving.pronunciation.writing import MARK, SYMBOLS, Written, write

#: Symbols have names in English; in a Vietnamese passage the normaliser has read them.
_UNSAID = str.maketrans(dict.fromkeys(SYMBOLS, " "))
#: A mark, or hyphens that stand for a dash; those of "--help" do not.
_MARK = re.compile(rf"{MARK}|(?<= )-(?= )|(?<=[^\W_])--+|--+(?![^\W_-])")


class _Item(NamedTuple):
    """Tokens said for the characters [start, end) of the written text. joined: one word with the item before it."""

    start: int
    end: int
    tokens: Sequence[str]
    joined: bool


class Pronunciation:
    """Reads texts aloud, on paper. One object may serve many threads."""

    def read(self, text: str, language: str = "en") -> tuple[Phone, ...]:
        """The phones of `text` in order; none where there is nothing that can be said. Never raises, whatever the text holds.

        Starts never fall, nor do ends; every phone has at least one character; each word is covered by its phones. `language`
        ("vi"; anything else is English) decides only where the words themselves do not. Takes time in proportion to the text.
        """
        written = write(text)
        items = list(_items(written.text, language))
        return tuple(phone for place, item in enumerate(items) for phone in _phones(written, items, place, item))


def _items(text: str, language: str) -> Iterator[_Item]:
    """What is said, word by word: Vietnamese words by their letters, and the stretches between them in English."""
    if languages.is_vietnamese(text, language):
        text = text.translate(_UNSAID)
        words = languages.of_vietnamese(text)
    else:
        words = languages.of_english(text)
    position = 0
    for word in words:
        yield from _english(text, position, word.start)
        yield _Item(word.start, word.end, word.letters or (), False)
        position = word.end
    yield from _english(text, position, len(text))


def _english(text: str, start: int, end: int) -> Iterator[_Item]:
    stretch = text[start:end]
    if any(character.isalnum() or character in SYMBOLS for character in stretch):
        for said in english.read(stretch):
            yield _Item(start + said.start, start + said.end, said.tokens, said.joined)


def _phones(written: Written, items: list[_Item], place: int, item: _Item) -> Iterator[Phone]:
    """The item's phones, and the mark and the space after it."""
    yield from spread(item.tokens, written.spans[item.start : item.end])
    last = place + 1 == len(items)
    following = len(written.text) if last else items[place + 1].start
    marks = _marks(written.text, item.end, following)
    if last and not marks:
        marks = _marks(written.text, item.end - 1, item.end)  # "in the U.S." ends the sentence, too
    after = item.end
    if marks:
        after = marks[-1].end()
        yield Phone(_strongest(marks), written.spans[marks[0].start()][0], written.spans[after - 1][1])
    if not last and not items[place + 1].joined:
        first = min(after, following - 1)
        yield Phone(SPACE, written.spans[first][0], written.spans[following - 1][1])


def _marks(text: str, start: int, end: int) -> list[re.Match[str]]:
    """The marks in [start, end). What stands at `end` is looked at: ".NET" begins with none."""
    return [mark for mark in _MARK.finditer(text, start, min(end + 1, len(text))) if mark.end() <= end]


def _strongest(marks: list[re.Match[str]]) -> str:
    return min(("—" if mark[0].startswith("-") else mark[0] for mark in marks), key=MARKS.index)
