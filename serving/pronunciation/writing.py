"""What of a text is said: Latin letters, digits and marks, each with its place in the text as given.

Everything else (quotes, brackets, emoji, control characters, other scripts) becomes a space; what is invisible inside a word
(zero-width characters, soft hyphens) stays with the letter before it.
"""

from __future__ import annotations

import dataclasses
import functools
import unicodedata
from collections.abc import Iterator

#: What is said by name in English where the normaliser left it.
SYMBOLS = "&@%+=/$£€"
#: A mark of `Written.text`, as a pattern. The point of ".NET" is none.
MARK = r"(?!(?<![^\W_])\.(?=[^\W_]))[,.!?:;—]"
_KEPT = frozenset(",.!?:;—'-" + SYMBOLS)
_FOLDED = {
    **dict.fromkeys("’‘ʼ＇", "'"),
    **dict.fromkeys("‐‑−", "-"),
    **dict.fromkeys("–―", "—"),
    **dict.fromkeys("…‥。．", "."),
    **dict.fromkeys("，、،", ","),
    **dict.fromkeys("！‼", "!"),
    **dict.fromkeys("？⁇⁈⁉؟", "?"),
    "：": ":",
    "；": ";",
}
#: Combining marks looked at on one letter. No language has more; a letter may bear thousands.
_MOST_MARKS = 4


@dataclasses.dataclass(frozen=True, slots=True)
class Written:
    """text: plain characters, as many as there are spans; spans: the place of each in the text as given."""

    text: str
    spans: tuple[tuple[int, int], ...]


def write(text: str) -> Written:
    """Any string, plainly. Letters are composed (NFC), so that decomposed text reads the same."""
    characters: list[str] = []
    spans: list[tuple[int, int]] = []
    for start, end in _clusters(text):
        for character in _plain(_composed(text[start : min(end, start + 1 + _MOST_MARKS)])):
            characters.append(character)
            spans.append((start, end))
    return Written("".join(characters), tuple(spans))


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """A character together with all that stands on it or is invisible behind it."""
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or not _joins(text[at]):
            yield start, at
            start = at


def _joins(character: str) -> bool:
    return not character.isascii() and unicodedata.category(character) in ("Mn", "Mc", "Me", "Cf")


def _composed(cluster: str) -> str:
    """The letter, with those of its marks that make one letter with it."""
    if len(cluster) == 1:
        return cluster
    seen = "".join(character for character in cluster if unicodedata.category(character) != "Cf")
    return unicodedata.normalize("NFC", seen)[:1]


@functools.lru_cache(maxsize=8192)
def _plain(character: str) -> str:
    """One character as those that are said: mostly itself, a space for what is not said."""
    character = _FOLDED.get(character, character)
    if character in _KEPT or (character.isascii() and character.isalnum()):
        return character
    if unicodedata.category(character or " ") == "Nd":
        return str(unicodedata.decimal(character))
    if character.isalpha():
        letters = "".join(filter(_is_latin, unicodedata.normalize("NFKC", character)))
        return letters or " "
    return " "


def _is_latin(character: str) -> bool:
    return character.isalpha() and unicodedata.name(character, "").startswith("LATIN ")
