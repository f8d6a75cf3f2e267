"""Running heads, running feet and page numbers: what stands in the margins of a page and belongs to no paragraph."""

from __future__ import annotations

import re
from collections import Counter

from pipeline.documents.pdf import Line, Page

#: The share of a page's height, at its top and its bottom, in which running heads and feet are looked for.
MARGIN = 0.12
#: Lines at each end of a page that may be part of a head or foot.
MOST_LINES = 3
#: A line of more characters is no head, whatever number stands at its end.
LONGEST_HEAD = 100
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
    title set large on the first page stays although a smaller running head repeats it. A line that starts or ends with the
    page's number goes as well, though its words stand on one page only ("Chapter 2: Naming 17").
    """
    apart = [_apart(page, body) for page in pages]
    counts = Counter(key for page, lines in zip(pages, apart, strict=True) for key in {_key(page, line) for line in lines})
    needed = 2 if len(pages) < 4 else 3
    running = {key for key, count in counts.items() if count >= needed}
    first = _first_page_number(apart)
    kept = []
    for index, (page, lines) in enumerate(zip(pages, apart, strict=True)):
        number = None if first is None else str(first + index)
        kept.append(_without(page, [line for line in lines if _is_running(page, line, running, number)]))
    return tuple(kept) if any(page.lines for page in kept) else pages


def _is_running(page: Page, line: Line, running: set[tuple], number: str | None) -> bool:
    text = line.text.strip()
    if _PAGE_NUMBER.fullmatch(text) or _key(page, line) in running:
        return True
    return number is not None and len(text) <= LONGEST_HEAD and number in (text.split()[0], text.split()[-1])


def _first_page_number(apart: list[list[Line]]) -> int | None:
    """The printed number of the first page, if numbers that start or end lines in the margins count up with the pages."""
    firsts: Counter[int] = Counter()
    for index, lines in enumerate(apart):
        edges = {edge for line in lines for edge in (line.text.split()[0], line.text.split()[-1])}
        firsts.update({int(edge) - index for edge in edges if edge.isdecimal() and len(edge) < 6})
    first, count = firsts.most_common(1)[0] if firsts else (0, 0)
    return first if count >= 3 and count > len(apart) / 4 else None


def _without(page: Page, running: list[Line]) -> Page:
    dropped = {id(line) for line in running}
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
