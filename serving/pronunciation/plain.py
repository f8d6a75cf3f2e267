"""Text as the English library may be given it: in short runs, without anything that it would misread or be slow at.

It takes cubic time on a run without spaces, its numbers end at 36 digits, its net for unknown words sees 24
letters, and it spells words in capitals that its lexicon lacks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Container, Iterator

from serving.pronunciation.phones import MARKS
from serving.pronunciation.writing import MARK, SYMBOLS

#: Words, numbers and signs of a run without spaces; letters of a word, and digits of a number that are read in one piece.
LONGEST_RUN, LONGEST_WORD, LONGEST_NUMBER = 9, 24, 15

_LETTER = r"[^\W\d_]"
_SIGN = f"[{re.escape(SYMBOLS)}]"
_PIECES = re.compile(
    rf"(?P<word>{_LETTER}+(?:'{_LETTER}+)*)|(?P<number>\d+)"
    # The point of "U.S." and "example.com", and the marks in "1,000", "3.14" and "12:30".
    rf"|(?P<inner>(?<=[^\W_])\.(?=[^\W_])|(?<=\d)[,:](?=\d))|(?P<mark>{MARK}(?: |{MARK})*)"
    # "well-known" and "-5".
    r"|(?P<hyphen>(?<=[^\W_])-(?=[^\W_])|(?<![^\W_])-(?=\d))"
    rf"|(?P<symbol>(?<!{_SIGN}){_SIGN}{{1,2}}(?!{_SIGN}))|(?P<rest>.)",
    re.DOTALL,
)
_VOWEL = "AEIOUY"
_UNSAYABLE = re.compile(rf"[{_VOWEL}]{{3}}|[^{_VOWEL}]{{4}}|^[^{_VOWEL}]{{3}}|[^{_VOWEL}]{{3}}$")

#: One character, and its place in the text that was given.
_Sign = tuple[str, int]


def plain(text: str, letters: Container[str], is_word: Callable[[str], bool]) -> tuple[str, list[int]]:
    """Written text (`writing.Written.text`, or a part of it) made plain, and for each of its characters the place in `text`.
    letters: those the library knows. is_word: whether its lexicon has a word."""
    signs: list[_Sign] = []
    run = 0
    for piece in _PIECES.finditer(text):
        if run == LONGEST_RUN:
            signs.append((" ", piece.start()))
            run = 0
        signs += _signs(piece, letters, is_word)
        run = 0 if signs and signs[-1][0] == " " else run + 1
    return "".join(sign for sign, _ in signs), [place for _, place in signs]


def _signs(piece: re.Match[str], letters: Container[str], is_word: Callable[[str], bool]) -> Iterator[_Sign]:
    if piece.lastgroup == "word":
        yield from _parted(_cased(_known(piece[0], letters), is_word), piece.start(), LONGEST_WORD)
    elif piece.lastgroup == "number":
        yield from _parted(piece[0], piece.start(), 1 if len(piece[0]) > LONGEST_NUMBER else LONGEST_NUMBER)
    elif piece.lastgroup == "mark":
        yield min(piece[0].replace(" ", ""), key=MARKS.index), piece.start()
        yield " ", piece.end() - 1
    elif piece.lastgroup == "rest":
        yield " ", piece.start()
    else:
        yield from zip(piece[0], range(*piece.span()), strict=True)


def _parted(characters: str | list[str], start: int, longest: int) -> Iterator[_Sign]:
    """The characters in parts of at most `longest`; empty ones are left out."""
    for number, character in enumerate(characters):
        if number and number % longest == 0:
            yield " ", start + number
        if character:
            yield character, start + number


def _known(word: str, letters: Container[str]) -> list[str]:
    """The letters of a word: those the library knows as they are, others without their marks, or none ("")."""
    return [letter if letter == "'" or (letter in letters and len(letter.lower()) == 1) else _bare(letter) for letter in word]


def _bare(letter: str) -> str:
    base = unicodedata.normalize("NFD", letter)[0]
    return base if base.isascii() else ""


def _cased(word: list[str], is_word: Callable[[str], bool]) -> list[str]:
    """A word in capitals in small letters where the library would spell it though it can be said: "VOXREEL" and "DON'T", but
    not IEEE, ODBC or HTTPS."""
    whole = "".join(word)
    said = is_word(whole) if "'" in whole else len(whole) > 3 and not is_word(whole) and not _UNSAYABLE.search(whole)
    return [letter.lower() for letter in word] if said and whole.isupper() else word
