"""Shapes for cards: plain geometry on a square grid, different for every scene and at home in one film.

Each motif draws onto a panel of `columns` x `rows` cells of `cell` pixels. Panels are drawn twice as large as shown,
as Pillow draws shapes without smoothing.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable

from PIL import Image, ImageDraw

from pipeline.visuals.palettes import Palette

_SMOOTHING = 2
Motif = Callable[[ImageDraw.ImageDraw, int, int, int, Palette, random.Random], None]


def draw_panel(width: int, height: int, columns: int, palette: Palette, film: str, number: int) -> Image.Image:
    """An RGB panel of `width` x `height` pixels. The motifs take turns in an order of the film's own."""
    order = list(_MOTIFS)
    _dice(film).shuffle(order)
    cell = -(-width * _SMOOTHING // columns)
    rows = -(-height * _SMOOTHING // cell)
    panel = Image.new("RGB", (width * _SMOOTHING, height * _SMOOTHING), palette.ground)
    motif = order[number % len(order)]
    motif(ImageDraw.Draw(panel), cell, columns, rows, palette, _dice(f"{film} {number}"))
    return panel.resize((width, height), Image.Resampling.BOX)


def _dice(seed: str) -> random.Random:
    return random.Random(hashlib.sha256(f"motif {seed}".encode()).digest())


def _quarters(draw: ImageDraw.ImageDraw, cell: int, columns: int, rows: int, palette: Palette, dice: random.Random) -> None:
    """Quarter discs, each on a square of another tone, turned at random."""
    for column, row in _cells(columns, rows):
        ground, shape = dice.sample((*palette.tones, palette.ground), 2)
        left, top = column * cell, row * cell
        draw.rectangle((left, top, left + cell, top + cell), fill=ground)
        if dice.random() < 0.8:
            turn = dice.randrange(4)
            middle = left + cell * (turn in (1, 2)), top + cell * (turn in (2, 3))
            box = (middle[0] - cell, middle[1] - cell, middle[0] + cell, middle[1] + cell)
            draw.pieslice(box, 90 * turn, 90 * turn + 90, fill=shape)


def _discs(draw: ImageDraw.ImageDraw, cell: int, columns: int, rows: int, palette: Palette, dice: random.Random) -> None:
    """A grid of discs, some of them halved, a few in the strongest tones."""
    draw.rectangle((0, 0, columns * cell, rows * cell), fill=palette.tones[3] if dice.random() < 0.5 else palette.ground)
    strong = dice.sample(palette.tones[:3], 3)
    for column, row in _cells(columns, rows):
        inset = cell * 0.12
        box = (column * cell + inset, row * cell + inset, (column + 1) * cell - inset, (row + 1) * cell - inset)
        tone = dice.choices(strong, (6, 2, 1))[0]
        if dice.random() < 0.3:
            turn = 90 * dice.randrange(4)
            draw.pieslice(box, turn, turn + 180, fill=tone)
        else:
            draw.ellipse(box, fill=tone)


def _arches(draw: ImageDraw.ImageDraw, cell: int, columns: int, rows: int, palette: Palette, dice: random.Random) -> None:
    """Nested arches, one stack in every other column and row."""
    draw.rectangle((0, 0, columns * cell, rows * cell), fill=palette.tones[0])
    for column in range(0, columns, 2):
        for row in range(0, rows + 1, 2):
            tones = dice.sample((*palette.tones, palette.ground), 4)
            middle, foot = (column + 1) * cell, (row + 2) * cell
            draw.rectangle((column * cell, row * cell, (column + 2) * cell, foot), fill=tones[0])
            for ring, tone in enumerate(tones[1:]):
                radius = cell * (1 - ring * 0.32)
                draw.ellipse((middle - radius, foot - cell - radius, middle + radius, foot - cell + radius), fill=tone)
                draw.rectangle((middle - radius, foot - cell, middle + radius, foot), fill=tone)


def _waves(draw: ImageDraw.ImageDraw, cell: int, columns: int, rows: int, palette: Palette, dice: random.Random) -> None:
    """Rings in rows that overlap like scales, as on Japanese cloth."""
    order = dice.sample(palette.tones, 4)
    for row in range(-2, 4 * rows):
        for column in range(-1, columns + 1):
            left, top = column * cell + (row % 2) * cell // 2, row * cell // 4
            tone = order[(row // 2) % 4]
            for ring in range(4):
                inset = cell * 0.13 * ring
                colour = palette.ground if ring % 2 else tone
                draw.ellipse((left + inset, top + inset, left + cell - inset, top + cell - inset), fill=colour)


def _bars(draw: ImageDraw.ImageDraw, cell: int, columns: int, rows: int, palette: Palette, dice: random.Random) -> None:
    """Upright bars with round heads, of different heights, like a choir or a chart."""
    draw.rectangle((0, 0, columns * cell, rows * cell), fill=palette.tones[3])
    half = cell // 2
    tones = dice.sample(palette.tones[:3], 3)
    for column in range(2 * columns):
        left = column * half
        foot = rows * cell
        top = round(dice.uniform(0.08, 0.62) * foot)
        tone = tones[(column + dice.randrange(2)) % 3]
        inset = half * 0.1
        draw.rounded_rectangle((left + inset, top, left + half - inset, foot + cell), half // 2 - inset, fill=tone)
        seat = (left + half * 0.3, top + half * 0.3, left + half * 0.7, top + half * 0.7)
        draw.ellipse(seat, fill=palette.ground)


def _cells(columns: int, rows: int) -> list[tuple[int, int]]:
    return [(column, row) for row in range(rows) for column in range(columns)]


_MOTIFS: tuple[Motif, ...] = (_quarters, _discs, _arches, _waves, _bars)
