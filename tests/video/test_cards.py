from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageColor, ImageFont

from pipeline.video import fonts
from pipeline.visuals.cards import draw_card
from pipeline.visuals.model import Credit, credits_to_json, picture_size
from pipeline.visuals.palettes import PALETTES, palette_for
from pipeline.visuals.typesetting import displayable, fit, load_font

SIZES = pytest.mark.parametrize("size", [(1280, 720), (720, 1280)], ids=["wide", "tall"])
LONG = "ẨM THỰC ĐƯỜNG PHỐ HÀ NỘI: NHỮNG MÓN NGON NỔI TIẾNG NHẤT KHÔNG THỂ BỎ QUA KHI ĐẾN VIỆT NAM MÙA THU " * 2
PHRASES = ["Nước bốc hơi từ mặt biển", "Hơi nước gặp lạnh và ngưng tụ thành mây trên cao, rất cao " * 3, "Rồi rơi", "Ễ Ậ Ổ Ử"]


def card(path: Path, size: tuple[int, int], title: str, phrases: list[str], number: int = 1, film: str = "film") -> np.ndarray:
    return np.asarray(Image.open(draw_card(title, phrases, size, path, number=number, total=9, film=film).path))


@SIZES
def test_a_card_is_as_large_as_motion_wants_it(size, tmp_path: Path) -> None:
    drawn = card(tmp_path / "c.png", size, "Vì sao trời mưa?", PHRASES)
    assert (drawn.shape[1], drawn.shape[0]) == picture_size(size)


@SIZES
@pytest.mark.parametrize("title", ["Mưa", LONG, "x" * 300, "", "🎉"], ids=["short", "long", "unbroken", "none", "emoji"])
def test_words_keep_clear_of_the_edges_and_of_the_subtitles(size, title: str, tmp_path: Path) -> None:
    drawn = card(tmp_path / "c.png", size, title, PHRASES).astype(int)
    height, width = drawn.shape[:2]
    ground = np.array(ImageColor.getrgb(palette_for("film").ground))
    # Where words stand there is ground all around: left of, right of, and below the area for words.
    inked = np.abs(drawn - ground).max(axis=2) > 24
    if size[0] > size[1]:
        inked = inked[:, : round(width - height * 0.6) - 2]
        clear = (inked[:, : round(width * 0.07)], inked[round(height * 0.76) :], inked[:, -round(width * 0.02) :])
    else:
        inked[: round(width * 0.6) + 2] = False
        clear = (inked[:, : round(width * 0.08)], inked[round(height * 0.745) :], inked[:, -round(width * 0.07) :])
    assert [int(part.sum()) for part in clear] == [0, 0, 0]
    assert inked.any()


@SIZES
def test_scenes_of_a_film_differ_and_share_their_colours(size, tmp_path: Path) -> None:
    cards = [card(tmp_path / f"{number}.png", size, "Mưa", [], number) for number in range(1, 6)]
    for one, other in itertools.combinations(cards, 2):
        assert (one != other).any(axis=2).mean() > 0.1
    assert len({tuple(drawn[-2, 2]) for drawn in cards}) == 1


def test_the_same_card_is_drawn_again_to_the_last_bit(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        draw_card("Mưa", PHRASES, (1280, 720), tmp_path / name, number=2, total=3, film="film")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [part / 255 for part in ImageColor.getrgb(colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("palette", PALETTES, ids=lambda palette: palette.name)
def test_text_stands_out_from_its_ground(palette) -> None:
    def contrast(colour: str) -> float:
        one, other = sorted((luminance(colour), luminance(palette.ground)))
        return (other + 0.05) / (one + 0.05)

    assert contrast(palette.ink) >= 7
    assert contrast(palette.quiet) >= 4.5
    assert contrast(palette.accent) >= 4.5


def test_capitals_with_two_marks_are_not_clipped_by_the_line_above() -> None:
    block = fit("ẨM ỖI Ậ gỵ ẪN ỰỢ", "display", (80,), 200, 4)
    font: ImageFont.FreeTypeFont = block.font
    for upper, lower in itertools.pairwise(block.lines):
        lowest = font.getbbox(upper, anchor="ls")[3]
        highest = font.getbbox(lower, anchor="ls")[1]
        assert lowest < block.leading + highest


def test_text_that_fits_is_kept_whole_at_the_largest_size_possible() -> None:
    block = fit("Vì sao trời mưa?", "display", (90, 60, 30), 10_000, 1)
    assert (block.lines, block.size) == (("Vì sao trời mưa?",), 90)


def test_text_that_never_fits_ends_in_an_ellipsis_within_the_width() -> None:
    block = fit(LONG, "display", (60, 50), 700, 3)
    assert len(block.lines) == 3
    assert block.lines[-1].endswith("…")
    assert all(load_font("display", 50).getlength(line) <= 700 for line in block.lines)


def test_lines_of_a_title_are_of_like_length() -> None:
    block = fit("The long journey of a single drop of water", "display", (60,), 1000, 3)
    lengths = [load_font("display", 60).getlength(line) for line in block.lines]
    assert min(lengths) > 0.6 * max(lengths)


def test_signs_without_a_glyph_are_left_out_and_marks_composed() -> None:
    assert displayable("Mu\u031ba 🎉 ro\u031bi\n漢") == "Mưa rơi"


def test_the_faces_of_titles_and_text_are_the_bundled_ones() -> None:
    assert load_font("display", 20).getname()[0] == "Voxreel Display"
    assert load_font("regular", 20).getname()[0] == fonts.FAMILY


def test_credits_name_every_scene() -> None:
    told = credits_to_json([Credit("card", "Mưa"), Credit("upload", "a.png", author="An", license="CC0", url="https://a.org")])
    assert [credit["scene"] for credit in told] == [1, 2]
    assert told[0] == {"scene": 1, "source": "card", "title": "Mưa", "author": None, "license": None, "url": None}
