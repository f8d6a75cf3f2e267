"""Running heads, running feet and page numbers: what stands in the margins of a page and belongs to no paragraph."""

from __future__ import annotations

import re
from collections import Counter

from pipeline.documents.pdf import Line, Page

#: The share of a page's height, at its top and its bottom, in which running heads and feet are looked for.
MARGIN = 0.12
#: Lines at each end of a page that may be part of a head or foot.
MOST_LINES = 3

_ROMAN = r"(?=[ivxlcdm])m{0,3}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})"
_PAGE_NUMBER = re.compile(
    rf"[-–—|\[(\s]*(?:(?:page|p\.|pg\.|trang|tr\.)\s*)?(?:\d{{1,5}}|{_ROMAN})(?:\s*(?:/|of|trên|trong)\s*\d{{1,5}})?[-–—|\])\s]*",
    re.IGNORECASE,
)


def without_margins(pages: tuple[Page, ...]) -> tuple[Page, ...]:
    """`pages` without page numbers, and without lines that come back near the top or bottom of page after page.

    A line comes back when its words, place and size are the same, digits apart: on three pages, or on both of two. So a
    title set large on the first page stays although a smaller running head repeats it.
    """
    counts = Counter(key for page in pages for key in {_key(page, line) for line in _marginal(page)})
    needed = 2 if len(pages) < 4 else 3
    return tuple(_without(page, {key for key, count in counts.items() if count >= needed}) for page in pages)


def _without(page: Page, running: set[tuple]) -> Page:
    dropped = {id(line) for line in _marginal(page) if _PAGE_NUMBER.fullmatch(line.text.strip()) or _key(page, line) in running}
    return Page(page.bottom, page.height, tuple(line for line in page.lines if id(line) not in dropped))


def _marginal(page: Page) -> list[Line]:
    by_height = sorted(page.lines, key=lambda line: -line.y)
    top = [line for line in by_height[:MOST_LINES] if line.y > page.bottom + page.height * (1 - MARGIN)]
    bottom = [line for line in by_height[-MOST_LINES:] if line.y < page.bottom + page.height * MARGIN]
    return top + bottom


def _key(page: Page, line: Line) -> tuple:
    words = re.sub(r"\d+", "#", " ".join(line.text.split()).lower())
    return words, line.y > page.bottom + page.height / 2, round(line.size)
