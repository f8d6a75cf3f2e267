"""Running heads, running feet and page numbers: what stands in the margins of a page and belongs to no paragraph."""

from __future__ import annotations

import re
from collections import Counter

from pipeline.documents.pdf import Line, Page

#: The share of a page's height, at its top and its bottom, in which running heads and feet are looked for.
MARGIN = 0.12
#: Lines at each end of a page that may be part of a head or foot.
MOST_LINES = 3
#: The distance, in heights of letters, by which a head or foot stands off the text.
GAP = 1.7

_ROMAN = r"(?=[ivxlcdm])m{0,3}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})"
_PAGE_NUMBER = re.compile(
    rf"[-–—|\[(\s]*(?:(?:page|p\.|pg\.|trang|tr\.)\s*)?(?:\d{{1,5}}|{_ROMAN})(?:\s*(?:/|of|trên|trong)\s*\d{{1,5}})?[-–—|\])\s]*",
    re.IGNORECASE,
)


def without_margins(pages: tuple[Page, ...], body: float) -> tuple[Page, ...]:
    """`pages` without page numbers, and without lines that come back near the top or bottom of page after page.

    body: size of the letters of the text, in points. Only a line that is set apart counts, by a gap or by its size. It
    comes back when its words, place and size are the same, digits apart: on three pages, or on two of two or three. So a
    title set large on the first page stays although a smaller running head repeats it.
    """
    apart = [_apart(page, body) for page in pages]
    counts = Counter(key for page, lines in zip(pages, apart, strict=True) for key in {_key(page, line) for line in lines})
    needed = 2 if len(pages) < 4 else 3
    running = {key for key, count in counts.items() if count >= needed}
    kept = tuple(_without(page, lines, running) for page, lines in zip(pages, apart, strict=True))
    return kept if any(page.lines for page in kept) else pages


def _without(page: Page, apart: list[Line], running: set[tuple]) -> Page:
    dropped = {id(line) for line in apart if _PAGE_NUMBER.fullmatch(line.text.strip()) or _key(page, line) in running}
    return Page(page.bottom, page.height, tuple(line for line in page.lines if id(line) not in dropped))


def _apart(page: Page, body: float) -> list[Line]:
    """The lines in the upper and lower margin that are set apart from the text between them."""
    by_height = sorted((line for line in page.lines if line.text.strip()), key=lambda line: -line.y)
    top = [line for line in by_height if line.y > page.bottom + page.height * (1 - MARGIN)]
    bottom = [line for line in by_height if line.y < page.bottom + page.height * MARGIN]
    return _outside(by_height, top, body) + _outside(by_height[::-1], bottom[::-1], body)


def _outside(lines: list[Line], marginal: list[Line], body: float) -> list[Line]:
    """Of `marginal`, the first of `lines` from an edge inwards: those before a gap, and those of another size than the body."""
    last_gap = 0
    for number in range(1, min(len(marginal), MOST_LINES) + 1):
        beyond = lines[number] if number < len(lines) else None
        if beyond is None or abs(lines[number - 1].y - beyond.y) > GAP * max(body, beyond.size):
            last_gap = number
    return [line for number, line in enumerate(marginal[:MOST_LINES]) if number < last_gap or abs(line.size - body) > 0.6]


def _key(page: Page, line: Line) -> tuple:
    words = re.sub(r"\d+", "#", " ".join(line.text.split()).lower())
    return words, line.y > page.bottom + page.height / 2, round(line.size)
