"""Raw text -> text the reading rules can rely on, with the place of every character in the original.

Composed letters (NFC), ASCII digits, plain quotes and dashes, plain spaces; emoji, control and zero-width characters
are dropped. Line ends stay, as one kind.
"""

from __future__ import annotations

import dataclasses
import functools
import unicodedata
from collections.abc import Iterator

_REPLACED = {
    **dict.fromkeys("“”„‟«»″〝〞＂", '"'),
    **dict.fromkeys("‘’‚‛′‹›ʼ", "'"),
    **dict.fromkeys("–‐‑‒−﹘﹣", "-"),
    **dict.fromkeys("—―", " - "),
    **dict.fromkeys("•●▪◦‣·", " "),
    **dict.fromkeys("。｡", ". "),
    **dict.fromkeys("、，", ", "),
    **dict.fromkeys("©®™℠\u00ad", ""),
    "…": "...",
    "№": "No. ",
    "⁄": "/",
    "∕": "/",
    "×": "×",
    "º": "°",
    "\r": "\n",
    "\v": "\n",
    "\f": "\n",
    "\x85": "\n",
    "\u2028": "\n",
    "\u2029": "\n",
    "\n": "\n",
    "\t": " ",
}
#: Raised digits and vulgar fractions are left to the rules: m² is "square metres", not "m two".
_KEPT = set("⁰¹²³⁴⁵⁶⁷⁸⁹°×")


@dataclasses.dataclass(frozen=True)
class CleanText:
    """`text`, and for each of its characters the original's range [starts, ends) that it stands for."""

    text: str
    starts: list[int]
    ends: list[int]


def clean(original: str) -> CleanText:
    """Linear in the text's length; never raises."""
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for cluster, start, end in _clusters(original):
        for composed in cluster if len(cluster) == 1 else unicodedata.normalize("NFC", cluster):
            for character in plain(composed):
                if _is_mark(character) and not (characters and _carries_marks(characters[-1])):
                    continue
                characters.append(character)
                starts.append(start)
                ends.append(end)
    return CleanText("".join(characters), starts, ends)


def _clusters(text: str) -> Iterator[tuple[str, int, int]]:
    """A base character together with the marks that follow it, so that composing them keeps its place."""
    if unicodedata.is_normalized("NFC", text):
        for index, character in enumerate(text):
            yield character, index, index + 1
        return
    start = 0
    for index in range(1, len(text) + 1):
        if index == len(text) or not _joins(text[index]):
            if start < index:
                yield text[start:index], start, index
            start = index


def _joins(character: str) -> bool:
    # Marks, and the Korean vowels and finals that compose with what stands before them.
    return unicodedata.combining(character) != 0 or "\u1160" <= character <= "\u11ff"


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M"


def _carries_marks(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM"


@functools.lru_cache(maxsize=8192)
def plain(character: str) -> str:
    """What one character becomes: itself, a plainer form, or nothing."""
    if character in _REPLACED:
        return _REPLACED[character]
    if character in _KEPT or character.isascii():
        return character if character.isprintable() else ""
    category = unicodedata.category(character)
    if category == "Zs":
        return " "
    if category[0] == "C" or "\ufe00" <= character <= "\ufe0f":
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(character))
    compatible = unicodedata.normalize("NFKC", character)
    if compatible != character and (category[0] in "NS" or category == "Lm" or "\uff00" <= character <= "\uffef"):
        # 3½ is "3 1/2" and ①② is "1 2": what was one sign must not grow together with its neighbour.
        plainer = "".join(plain(part) for part in compatible)
        return f" {plainer} " if category in ("No", "So") and plainer[:1].isdigit() else plainer
    if category[0] == "N":
        digit = unicodedata.digit(character, None)
        return "" if digit is None else f" {digit} "
    return "" if category in ("So", "Sk") else character
