"""The card of a scene: its number, title and key phrases beside a panel of shapes, drawn like a page of a good magazine.

Text keeps clear of the edges by more than the motion can cut off, and of the lower part, where the subtitles stand.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from pipeline.video.atomic import whole_file
from pipeline.visuals.model import Credit, Illustration, picture_size
from pipeline.visuals.motifs import draw_panel
from pipeline.visuals.palettes import Palette, palette_for
from pipeline.visuals.typesetting import Block, displayable, fit, heading_face

#: No more phrases than a glance takes in.
_MOST_PHRASES = 4
#: Sizes of type that are tried until all fits, in the layout's ems.
_TITLE_SIZES = (11.5, 10.5, 9.6, 8.8, 8.0, 7.2, 6.6, 6.0)
_POINT_SIZES = (4.5, 4.2, 3.9, 3.6)
#: Both together, in the order tried: (place of the title's size, phrases' size), shrinking alike.
_SIZES = sorted(
    ((at, size) for at in range(len(_TITLE_SIZES)) for size in _POINT_SIZES),
    key=lambda pair: pair[0] / len(_TITLE_SIZES) + (_POINT_SIZES[0] - pair[1]),
)
#: Room below the title and between phrases, in the layout's ems.
_TITLE_GAP, _POINT_GAP = 4.0, 1.5


@dataclasses.dataclass(frozen=True)
class Layout:
    """Where things stand, in pixels. text: left, top, right, bottom of the area for words. panel: the same for shapes.

    em: the unit of all sizes. columns: cells of the panel's grid. title_lines: at most so many.
    """

    text: tuple[int, int, int, int]
    panel: tuple[int, int, int, int]
    em: float
    columns: int
    title_lines: int


def draw_card(
    title: str, phrases: Sequence[str], size: tuple[int, int], out: Path, *, number: int, total: int, film: str
) -> Illustration:
    """Draw the card of scene `number` (from 1) of `total` to `out` (PNG), for a frame of `size`.

    film: what all scenes of a film share, its title say; it chooses the colours. The same arguments give the same card.
    """
    width, height = picture_size(size)
    palette, layout = palette_for(film), _layout(width, height)
    card = Image.new("RGB", (width, height), palette.ground)
    left, top, right, bottom = layout.panel
    card.paste(draw_panel(right - left, bottom - top, layout.columns, palette, film, number), (left, top))
    draw = ImageDraw.Draw(card)
    _draw_number(draw, number, total, layout, palette)
    _draw_words(draw, displayable(title), [displayable(phrase) for phrase in phrases], layout, palette)
    with whole_file(out) as partial:
        card.save(partial, "PNG", compress_level=4)
    return Illustration(out, "card", Credit("card", title))


def _layout(width: int, height: int) -> Layout:
    if width > height:
        cell, margin = height / 5, round(width * 0.075)
        text = (margin, round(height * 0.205), round(width - cell * 3 - width * 0.045), round(height * 0.745))
        return Layout(text, (round(width - cell * 3), 0, width, height), height / 100, 3, 3)
    cell, margin = width / 5, round(width * 0.09)
    text = (margin, round(height * 0.408), width - margin, round(height * 0.714))
    return Layout(text, (0, 0, width, round(cell * 3)), width / 100 * 1.1, 5, 4)


def _draw_number(draw: ImageDraw.ImageDraw, number: int, total: int, layout: Layout, palette: Palette) -> None:
    """ "03 — 08" above the words, with a short rule between."""
    one, other = f"{number:02}", f"{total:02}"
    block = Block((one,), "semibold", round(layout.em * 2.7))
    left, top = layout.text[0], layout.text[1] - round(layout.em * 7.5)
    middle = top + block.size * 0.72
    draw.text((left, top), one, font=block.font, fill=palette.accent)
    after = left + block.font.getlength(one) + layout.em * 1.3
    draw.line((after, middle, after + layout.em * 5, middle), fill=palette.accent, width=max(2, round(layout.em * 0.28)))
    draw.text((after + layout.em * 6.3, top), other, font=block.font, fill=palette.quiet)


def _draw_words(draw: ImageDraw.ImageDraw, title: str, phrases: Sequence[str], layout: Layout, palette: Palette) -> None:
    wanted = [phrase for phrase in phrases if phrase and phrase.casefold() != title.casefold()][:_MOST_PHRASES]
    left, top, right, bottom = layout.text
    heading, points = _set(title, wanted, layout, right - left, bottom - top)
    top += round((bottom - top - _height(heading, points, layout)) * 0.38)
    if heading is not None:
        top = _draw_lines(draw, heading, left, top, palette.ink) + round(layout.em * _TITLE_GAP)
    for point in points:
        mark = top + point.leading * 0.5
        draw.line((left, mark, left + layout.em * 1.9, mark), fill=palette.accent, width=max(2, round(layout.em * 0.36)))
        top = _draw_lines(draw, point, left + _indent(layout), top, palette.ink) + round(layout.em * _POINT_GAP)


def _set(title: str, phrases: list[str], layout: Layout, width: int, height: int) -> tuple[Block | None, list[Block]]:
    """Title and phrases as large as the area takes them together. What gives way, in this order: the sizes of both,
    the second lines of phrases, the last phrases."""
    sizes = tuple(round(layout.em * size) for size in _TITLE_SIZES)
    headings = [_heading(title, layout, width, sizes[at:]) for at in range(len(sizes))]
    for kept in range(len(phrases), 0, -1):
        for point_lines in (2, 1):
            for at, size in _SIZES:
                points = [_point(phrase, layout, width, size, point_lines) for phrase in phrases[:kept]]
                if _height(headings[at], points, layout) <= height:
                    return headings[at], points
    return headings[0], []


def _height(heading: Block | None, points: Sequence[Block], layout: Layout) -> float:
    gaps = layout.em * (_TITLE_GAP + _POINT_GAP * (len(points) - 1)) if points else 0
    return (heading.height if heading else 0) + sum(point.height for point in points) + gaps


def _heading(title: str, layout: Layout, width: int, sizes: tuple[int, ...]) -> Block | None:
    return fit(title, heading_face(title), sizes, width, layout.title_lines) if title else None


def _point(phrase: str, layout: Layout, width: int, size: float, most_lines: int) -> Block:
    return fit(phrase, "regular", (round(layout.em * size),), width - _indent(layout), most_lines)


def _indent(layout: Layout) -> int:
    return round(layout.em * 3.9)


def _draw_lines(draw: ImageDraw.ImageDraw, block: Block, left: int, top: int, colour: str) -> int:
    """Draws the lines; returns where the next block may start."""
    for line in block.lines:
        # Anchored at the baseline, so that marks above capitals have the line's whole height for themselves.
        draw.text((left, top + block.leading * 0.78), line, font=block.font, fill=colour, anchor="ls")
        top += block.leading
    return top
