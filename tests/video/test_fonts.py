from __future__ import annotations

import itertools
import unicodedata

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

from pipeline.video import fonts

FACES = pytest.mark.parametrize("face", ["regular", "semibold", "display"])
#: A vowel may bear no sign or one of three, and above or below that none or one of five tones.
VOWELS = "aăâeêioôơuưy"
TONES = ["", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"]
SMALL = [unicodedata.normalize("NFC", vowel + tone) for vowel, tone in itertools.product(VOWELS, TONES)] + ["đ"]
VIETNAMESE = SMALL + [letter.upper() for letter in SMALL]


@FACES
def test_every_vietnamese_letter_is_in_the_font(face) -> None:
    assert len(set(VIETNAMESE)) == 146
    with TTFont(fonts.font_file(face)) as font:
        known = font.getBestCmap()
    assert [letter for letter in VIETNAMESE if ord(letter) not in known] == []
    assert [sign for sign in "“”‘’«»…–—•·₫€£×%&@#§°½ àçñöß" if ord(sign) not in known] == []


@FACES
def test_no_two_vietnamese_letters_look_the_same(face) -> None:
    font = ImageFont.truetype(str(fonts.font_file(face)), 48)
    drawn = set()
    for letter in VIETNAMESE:
        image = Image.new("L", (96, 128))
        ImageDraw.Draw(image).text((20, 30), letter, font=font, fill=255)
        drawn.add(np.asarray(image).tobytes())
    assert len(drawn) == len(VIETNAMESE)


@pytest.mark.parametrize("face", ["regular", "semibold"])
def test_text_faces_have_arrows_and_signs_and_the_family_name_libass_is_told(face) -> None:
    with TTFont(fonts.font_file(face)) as font:
        assert [sign for sign in "←→≤≥≠✓Ωя" if ord(sign) not in font.getBestCmap()] == []
        assert font["name"].getDebugName(1) == fonts.FAMILY
        lines = (font["hhea"].ascent - font["hhea"].descent) / font["head"].unitsPerEm
    assert lines == pytest.approx(fonts.LINE_HEIGHT)


def test_the_fonts_are_small_and_bear_their_licence() -> None:
    files = [fonts.font_file(face) for face in ("regular", "semibold", "display")]
    assert sum(file.stat().st_size for file in files) < 600_000
    licence = (fonts.FOLDER / "OFL.txt").read_text()
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    assert "The Inter Project Authors" in licence
    assert "The Be Vietnam Pro Project Authors" in licence
