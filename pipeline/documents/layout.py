"""From the lines of a PDF's pages to headings, paragraphs and list items."""

from __future__ import annotations

import dataclasses
import itertools
import re
import statistics
from collections import Counter

from pipeline.documents import hyphens
from pipeline.documents.characters import one_line
from pipeline.documents.margins import without_margins
from pipeline.documents.model import Block
from pipeline.documents.pdf import Line, PdfText

#: How much larger than the body a heading's letters are, at least.
HEADING_SCALE = 1.15
LONGEST_HEADING = 120
#: A gap between lines this many times the usual one parts paragraphs.
PARAGRAPH_GAP = 1.3
#: A line that is this much shorter than usual, in characters, can end a paragraph.
SHORT_LINE = 0.75
#: Points by which the first line of a paragraph is set in, at least.
INDENT = 6.0
#: Fewer distances between lines than this say little about which is the usual one.
FEW_GAPS = 8

_BULLET = re.compile(r"[•◦▪▫‣●○■□–—*·\uf0b7\uf0a7-]\s+(?=\S)")
_NUMBER = re.compile(r"(?:\d{1,2}[.)]|\(\d{1,2}\)|[a-z][.)])\s+(?=\S)")
_SENTENCE_END = re.compile(r"[.!?…:][\"'”’)\]]*$")
#: The dots that lead to the page number in a table of contents.
_LEADERS = re.compile(r"(?:\.\s?){5,}\s*(?:\d+|[ivxlc]+)?\s*$")
_NO_HEADING_END = re.compile(r"[.;,](?<!\.\.\.)$")


@dataclasses.dataclass
class _Run:
    """Lines that are becoming one block. `page` is that of the last line; `x` is where the first one starts."""

    kind: str
    style: tuple[float, bool]
    text: str
    last: Line
    page: int
    x: float


class _Builder:
    """Reads lines in order and decides for each whether it carries on the block under way."""

    def __init__(self, lines: list[tuple[int, Line]]):
        self.body = _body_size([line for _, line in lines])
        body_lines = [(page, line) for page, line in lines if abs(line.size - self.body) < 0.6]
        self.gap = _usual_gap(body_lines, self.body)
        lengths = sorted(len(line.text.strip()) for _, line in body_lines)
        self.length = lengths[int(len(lengths) * 0.8)] if lengths else 0
        self.vocabulary = hyphens.words_in(line.text for _, line in lines)
        self.runs: list[_Run] = []
        typed = sum(len(line.text) for _, line in lines if line.mono)
        self.mono_is_code = 2 * typed < sum(len(line.text) for _, line in lines)

    def add(self, page: int, line: Line) -> None:
        """Take the next line."""
        text = _text(line)
        run = self.runs[-1] if self.runs else None
        if run is not None and self._continues(run, page, line, text):
            run.text = f"{run.text}\n{text}" if run.kind == "code" else hyphens.joined(run.text, text, self.vocabulary)
            run.last, run.page = line, page
            return
        kind = self._kind(line, text)
        if kind == "item":
            text = text[_mark_length(text) :]
        self.runs.append(_Run(kind, (round(line.size), line.bold), text, line, page, line.x))

    def _kind(self, line: Line, text: str) -> str:
        if line.mono and self.mono_is_code:
            return "code"
        if len(text) <= LONGEST_HEADING and not _NO_HEADING_END.search(text) and not _BULLET.match(text):
            large = line.size >= self.body * HEADING_SCALE
            if large or (line.bold and line.size >= self.body - 0.6 and len(text) <= 80 and text[-1] != ":"):
                return "heading"
        return "item" if _mark_length(text) else "paragraph"

    def _continues(self, run: _Run, page: int, line: Line, text: str) -> bool:
        if run.kind == "code" or self._kind(line, text) == "code":
            return run.kind == self._kind(line, text)
        same_row = page == run.page and abs(line.y - run.last.y) < 0.3 * max(line.size, 1)
        if same_row:
            return run.kind != "heading" or (round(line.size), line.bold) == run.style
        if _BULLET.match(text) or (_NUMBER.match(text) and run.kind != "paragraph"):
            return False
        if run.kind == "heading":
            gap = run.last.y - line.y
            return (round(line.size), line.bold) == run.style and page == run.page and 0 < gap < 1.6 * max(line.size, 1)
        if abs(line.size - run.last.size) > 0.6 or self._kind(line, text) == "heading":
            return False
        return self._continues_body(run, page, line, text)

    def _continues_body(self, run: _Run, page: int, line: Line, text: str) -> bool:
        ended = bool(_SENTENCE_END.search(run.text[-20:]))
        short = len(run.last.text.strip()) < SHORT_LINE * self.length
        gap = run.last.y - line.y
        if page != run.page or gap < 0:  # the next page, or the next column
            return not ended and (text[:1].islower() or not short)
        if gap > PARAGRAPH_GAP * self.gap:
            return False
        if run.kind == "item":
            return line.x > run.x + 2 or not ended
        if _NUMBER.match(text) and (ended or short):
            return False
        indented = line.x > run.last.x + INDENT and line.x > run.x + INDENT
        return not (ended and (short or indented))


def blocks_of(pdf: PdfText) -> list[Block]:
    """The blocks of `pdf` in reading order: without running heads, feet, page numbers and lines of a table of
    contents, with broken words made whole."""
    everything = [line for page in pdf.pages for line in page.lines if one_line(line.text)]
    if not everything:
        return []
    pages = without_margins(pdf.pages, _body_size(everything))
    numbered = [(number, line) for number, page in enumerate(pages) for line in page.lines]
    lines = [(number, line) for number, line in numbered if one_line(line.text) and not _LEADERS.search(line.text)]
    builder = _Builder(lines)
    for number, line in lines:
        builder.add(number, line)
    levels = _levels(builder.runs)
    blocks = []
    for run in builder.runs:
        level = levels[run.style] if run.kind == "heading" else 1 if run.kind == "item" else 0
        text = run.text if run.kind == "code" else one_line(run.text)
        blocks.append(Block(run.kind, text, level))  # type: ignore[arg-type]
    return [block for block in blocks if block.text]


def _text(line: Line) -> str:
    """The text of a line, cleaned; a soft hyphen at its end stays, since it tells of a broken word."""
    return one_line(line.text) + ("\u00ad" if line.text.rstrip().endswith("\u00ad") else "")


def _mark_length(text: str) -> int:
    """How many characters the bullet or number in front of an item takes; 0 where there is none."""
    mark = _BULLET.match(text) or _NUMBER.match(text)
    return mark.end() if mark else 0


def _body_size(lines: list[Line]) -> float:
    """The size in which most characters are set, in points."""
    weights: Counter[float] = Counter()
    for line in lines:
        weights[round(line.size * 2) / 2] += len(line.text)
    return weights.most_common(1)[0][0]


def _usual_gap(lines: list[tuple[int, Line]], body: float) -> float:
    """The median distance from a line of the body to the next, in points.

    Where there are few lines, every one may be a paragraph of its own, so the distance is taken for no more than is common.
    """
    pairs = itertools.pairwise(lines)
    gaps = [one.y - two.y for (page, one), (next_page, two) in pairs if page == next_page and 1 < one.y - two.y < 4 * one.size]
    if len(gaps) < FEW_GAPS:
        return min([*gaps, 1.6 * body])
    return statistics.median_low(gaps)


def _levels(runs: list[_Run]) -> dict[tuple[float, bool], int]:
    """A level for every style of heading: the larger the letters, the higher; bold before plain."""
    styles = sorted({run.style for run in runs if run.kind == "heading"}, reverse=True)
    return {style: min(number, 6) for number, style in enumerate(styles, start=1)}
