"""Words broken at the end of a line, made whole."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: Characters at the end of a text that are looked at for a broken word; texts grow long, and are looked at once a line.
LONGEST_WORD = 100

_WORD = re.compile(r"[^\W\d_]+(?:[-‐][^\W\d_]+)*")
_BREAK = re.compile(r"([\w'’]+(?:[-‐][\w'’]+)*)([-‐\u00ad])$")
_NEXT = re.compile(r"([\w'’]+(?:[-‐][\w'’]+)*)")
#: First parts after which English keeps the hyphen of a compound.
_COMPOUNDING_WORDS = (
    "all anti cross deep double ex fast first five four full half hand hard high ill large left light long low multi "
    "near new non off old on one open part peer post pre real right second self semi seven short single six small so "
    "state ten third three time top two up user vice well wide world"
)
_COMPOUNDING = frozenset(_COMPOUNDING_WORDS.split())
_ENGLISH_LETTERS = re.compile(r"[a-zA-Z'’]+")


def words_in(texts: Iterable[str]) -> set[str]:
    """The words and hyphenated compounds of `texts` in lower case, save the parts of words broken at a line's end."""
    found: set[str] = set()
    for text in texts:
        words = [word.lower() for word in _WORD.findall(text)]
        found.update(words[1:-1] if text.rstrip().endswith(("-", "‐", "\u00ad")) else words[1:])
    return found


def joined(before: str, after: str, vocabulary: set[str]) -> str:
    """The lines `before` and `after` as one text.

    At a hyphen between letters the word is made whole: "docu-" + "ment" becomes "document". The hyphen stays where the
    document has the compound elsewhere and the whole word nowhere; where the next part begins with a capital or holds a
    digit; after first parts that make compounds ("well-" + "known"); and between syllables that are not English.
    """
    before, after = before.rstrip(), after.lstrip()
    end, start = _BREAK.search(before[-LONGEST_WORD:]), _NEXT.match(after)
    if end is None or start is None:
        return f"{before} {after}" if before and after else before or after
    if end[2] == "\u00ad" or not _keeps_hyphen(end[1], start[1], vocabulary):
        return before[:-1] + after
    return before + after


def _keeps_hyphen(first: str, second: str, vocabulary: set[str]) -> bool:
    whole, compound = (first + second).lower(), f"{first}-{second}".lower()
    if whole in vocabulary:
        return False
    if compound in vocabulary or "-" in first or not second[0].islower():
        return True
    if not (_ENGLISH_LETTERS.fullmatch(first) and _ENGLISH_LETTERS.match(second)):
        return True
    return first.lower() in _COMPOUNDING
