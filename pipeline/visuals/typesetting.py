"""Setting text into a given width: measured with the real font, wrapped in even lines, shrunk or shortened to fit."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import re
import unicodedata

from fontTools.ttLib import TTFont
from PIL import ImageFont

from pipeline.video import fonts

#: Line height in ems where nothing wants more.
LEADING = {"display": 1.2, "regular": 1.38, "semibold": 1.25}
#: Room between what hangs lowest in a line and what stands highest in the next, in ems.
_AIR = 0.06


@dataclasses.dataclass(frozen=True)
class Block:
    """Lines of text set in one face at one size. size: the em in pixels."""

    lines: tuple[str, ...]
    face: fonts.Face
    size: int

    @property
    def font(self) -> ImageFont.FreeTypeFont:
        return load_font(self.face, self.size)

    @functools.cached_property
    def leading(self) -> int:
        """Pixels from one line to the next; more than usual where Vietnamese capitals bear two marks."""
        boxes = [self.font.getbbox(line, anchor="ls") for line in self.lines]
        wanted = [above[3] - below[1] + _AIR * self.size for above, below in itertools.pairwise(boxes)]
        return round(max([self.size * LEADING[self.face], *wanted]))

    @property
    def height(self) -> int:
        return self.leading * len(self.lines)


@functools.lru_cache(maxsize=64)
def load_font(face: fonts.Face, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(fonts.font_file(face)), size)


def displayable(text: str) -> str:
    """The text composed (NFC), on one line, without signs that the bundled fonts do not have, such as emoji."""
    known = _characters("regular")
    composed = " ".join(unicodedata.normalize("NFC", text).split())
    return " ".join("".join(sign for sign in composed if sign == " " or ord(sign) in known).split())


def heading_face(text: str) -> fonts.Face:
    """The face for a title: the display face wherever it has all the signs."""
    return "display" if all(ord(sign) in _characters("display") for sign in text) else "semibold"


@functools.lru_cache(maxsize=256)
def fit(text: str, face: fonts.Face, sizes: tuple[int, ...], width: int, most_lines: int) -> Block:
    """The text at the largest of `sizes` (falling) at which it takes `most_lines` or fewer of `width` pixels.

    Where not even the smallest will do, words are cut and the last line ends in an ellipsis.
    """
    for size in sizes:
        font = load_font(face, size)
        lines = _wrap(text, font, width)
        if lines is not None and len(lines) <= most_lines:
            return Block(_evened(text, font, width, lines), face, size)
    font = load_font(face, sizes[-1])
    return Block(_shortened(text, font, width, most_lines), face, sizes[-1])


def _wrap(text: str, font: ImageFont.FreeTypeFont, width: float) -> tuple[str, ...] | None:
    """Lines filled one after the other; None when a single word is too wide."""
    lines: list[str] = []
    for word in text.split():
        if font.getlength(word) > width:
            return None
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return tuple(lines)


def _evened(text: str, font: ImageFont.FreeTypeFont, width: int, filled: tuple[str, ...]) -> tuple[str, ...]:
    """As many lines, but of like length: wrapped at the least width that needs no further line."""
    low, high, best = width / 2, float(width), filled
    while high - low > font.size / 8:
        middle = (low + high) / 2
        lines = _wrap(text, font, middle)
        if lines is not None and len(lines) <= len(filled):
            high, best = middle, lines
        else:
            low = middle
    return best


def _shortened(text: str, font: ImageFont.FreeTypeFont, width: int, most_lines: int) -> tuple[str, ...]:
    words = [part for word in text.split() for part in _pieces(word, font, width)]
    lines = list(_wrap(" ".join(words), font, width) or ())
    if len(lines) <= most_lines:
        return tuple(lines)
    last = lines[most_lines - 1]
    if " " in last and font.getlength(last + "…") > width:
        last = last.rpartition(" ")[0]
    while last and font.getlength(last + "…") > width:
        last = last[:-1]
    return (*lines[: most_lines - 1], last.rstrip(" ,.;:–—-") + "…")


def _pieces(word: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """The word, cut where the line is full, after a hyphen or a slash where it has one."""
    pieces = [""]
    for part in re.findall(r"[^-/–—]*[-/–—]|[^-/–—]+", word):
        if font.getlength(part) <= width:
            if pieces[-1] and font.getlength(pieces[-1] + part) > width:
                pieces.append("")
            pieces[-1] += part
            continue
        for sign in part:
            if pieces[-1] and font.getlength(pieces[-1] + sign) > width:
                pieces.append("")
            pieces[-1] += sign
    return pieces


@functools.lru_cache(maxsize=4)
def _characters(face: fonts.Face) -> frozenset[int]:
    with TTFont(fonts.font_file(face)) as font:
        return frozenset(font.getBestCmap())
