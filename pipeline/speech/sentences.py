"""Where sentences of a text begin and end. Works on the original text, so offsets need no translation.

Rules of our own, as pysbd knows no Vietnamese.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from pipeline.speech.normalise.english.abbreviations import ABBREVIATIONS as ENGLISH
from pipeline.speech.normalise.english.abbreviations import BEFORE_NUMBER
from pipeline.speech.normalise.vietnamese.abbreviations import ABBREVIATIONS as VIETNAMESE
from pipeline.speech.normalise.vietnamese.abbreviations import BEFORE_NAME

_MARKS = re.compile(r"[.!?…。！？]{1,64}[\"'”’»)\]*_]{0,8}(?=\s|$)|[。！？]|\n")
_LAST_WORD = re.compile(r"[^\s\"'“‘(\[]*$")
_NEXT = re.compile(r"[\s\"'“‘«(\[*_]{0,16}(\S?)")
_INITIAL = re.compile(r"[^\W\d_]\.|(?:[^\W\d_]\.){2,}")
_LIST_NUMBER = re.compile(r"(?:^|\n)[ \t]*(?:\d{1,3}|[A-Za-z]|[IVX]{1,5})\.$")
_LIST_MARK = re.compile(r"[ \t]*(?:[-*•+–#>]|\d{1,3}[.)]|[a-z]\))[ \t]")
#: A shorter line that does not end in the middle of a clause may be a heading.
_HEADING_AT_MOST = 60
_ABBREVIATIONS_AT_ENDS = """
etc. a.m. p.m. v.v. vv. Inc. Ltd. Corp. Co. Jr. Sr. Bros. al. est. min. mins. hr. hrs. sec.
"""
#: May end a sentence: a capital after it tells.
_MAY_END = frozenset(_ABBREVIATIONS_AT_ENDS.split())
_MONTHS = {"Jan.", "Feb.", "Mar.", "Apr.", "Jun.", "Jul.", "Aug.", "Sept.", "Sep.", "Oct.", "Nov.", "Dec."}
_NEVER_END = ({short for short in (*ENGLISH, *VIETNAMESE) if short.endswith(".")} | _MONTHS | {"Th.", "St."}) - _MAY_END
_BEFORE_NUMBER = (set(BEFORE_NUMBER) | set(BEFORE_NAME)) - {"St."}
_OPENING_WORDS = """
The He She It They We I You This That These Those There But And In On At As If When While After Before His Her Its Our Their A
An For So Then However
"""
#: Words that begin a sentence after an abbreviation that may end one: "in the U.S. The ..." but "the U.S. Army".
_OPENERS = frozenset(_OPENING_WORDS.split())
#: Openers that may as well be names or initials themselves, after a single letter: "Nguyễn T. An".
_LIKE_NAMES = frozenset(["A", "An", "I"])
_WORD = re.compile(r"\w+")


@dataclasses.dataclass(frozen=True)
class Sentence:
    """text[start:end] without space around it; `ends_paragraph` when a blank line or the text's end follows."""

    start: int
    end: int
    ends_paragraph: bool


def sentences(text: str) -> Iterator[Sentence]:
    """In order, without overlaps; together they hold every character that is no space."""
    text = text.replace("\r", "\n")
    start = 0
    for match in _MARKS.finditer(text):
        if match.end() <= start:
            continue
        is_line_end = match[0] == "\n"
        if _line_ends_sentence(text, start, match.start()) if is_line_end else _mark_ends_sentence(text, match):
            yield from _trimmed(text, start, match.end())
            start = match.end()
    yield from _trimmed(text, start, len(text))


def _trimmed(text: str, start: int, end: int) -> Iterator[Sentence]:
    stretch = text[start:end]
    body = stretch.strip()
    if body:
        begins = start + len(stretch) - len(stretch.lstrip())
        ends = begins + len(body)
        yield Sentence(begins, ends, _paragraph_ends(text, ends))


def _paragraph_ends(text: str, position: int) -> bool:
    """Is there a blank line, or nothing, after `position`?"""
    lines = 0
    while position < len(text) and text[position].isspace():
        lines += text[position] == "\n"
        position += 1
    return lines >= 2 or position == len(text)


def _line_ends_sentence(text: str, start: int, line_end: int) -> bool:
    """A line's end is a sentence's end before a blank line, before a list item and after a heading."""
    following = text[line_end + 1 : line_end + 200]
    if not following.strip() or _paragraph_ends(text, line_end):
        return True
    if _LIST_MARK.match(following):
        return True
    line = text[max(start, text.rfind("\n", 0, line_end) + 1) : line_end].strip()
    if not line or len(line) > _HEADING_AT_MOST or line[-1] in ",;-–—(":
        return False
    return following.lstrip()[0].isupper() or following.lstrip()[0].isdigit() or _LIST_MARK.match(line + " ") is not None


def _mark_ends_sentence(text: str, match: re.Match[str]) -> bool:
    mark = match[0]
    following = _NEXT.match(text, match.end())
    nxt = following[1] if following else ""
    if not nxt:
        return True
    quoted = mark[-1] not in ".!?…。！？"
    if mark[0] != "." or mark.startswith(".."):
        unclear = quoted or mark[0] in ".…"
        return not (unclear and nxt.islower())
    return _full_stop_ends_sentence(text, match.start(), quoted, following.start(1) if following else match.end(), nxt)


def _full_stop_ends_sentence(text: str, stop: int, quoted: bool, next_at: int, nxt: str) -> bool:
    before = text[max(0, stop - 40) : stop + 1]
    found = _LAST_WORD.search(before)
    word = found[0] if found else ""
    if quoted and nxt.islower():
        return False
    if _LIST_NUMBER.search(before if stop > 40 else f"\n{before}"):
        return False
    if word in _NEVER_END or (word in _BEFORE_NUMBER and nxt.isdigit()):
        return False
    if word in _MAY_END:
        return nxt.isupper()
    if _INITIAL.fullmatch(word):
        opener = _WORD.match(text, next_at)
        return opener is not None and opener[0] in (_OPENERS if len(word) > 2 else _OPENERS - _LIKE_NAMES)
    return True
