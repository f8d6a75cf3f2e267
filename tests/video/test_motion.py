from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.video.motion import ALWAYS_SHOWN, STILL, Motion, View, motion_for
from pipeline.video.planes import Frame, Planes, darken, draw_view, to_planes

KINDS = pytest.mark.parametrize("kind", ["card", "image"])
MOMENTS = np.linspace(0, 1, 101)


@KINDS
def test_no_view_ever_looks_beyond_the_picture(kind) -> None:
    for number in range(60):
        motion = motion_for(f"scene {number}", 0.5 + number, kind)
        assert all(motion.at(moment).zoom >= 1 for moment in MOMENTS)  # View itself refuses what lies outside.


@KINDS
def test_the_middle_of_a_picture_is_never_cut_off(kind) -> None:
    share = ALWAYS_SHOWN[kind]
    for number in range(60):
        motion = motion_for(f"scene {number}", 60.0, kind)
        for view in (motion.start, motion.end):
            for centre in (view.x, view.y):
                assert centre - 0.5 / view.zoom <= 0.5 - share / 2
                assert centre + 0.5 / view.zoom >= 0.5 + share / 2


@KINDS
def test_the_same_scene_always_moves_the_same_way(kind) -> None:
    assert motion_for("a", 8.0, kind) == motion_for("a", 8.0, kind)
    assert len({motion_for(str(number), 8.0, kind) for number in range(20)}) == 20


def test_some_scenes_move_inwards_and_some_outwards() -> None:
    inwards = [motion.start.zoom < motion.end.zoom for motion in (motion_for(str(number), 8.0, "card") for number in range(40))]
    assert 8 < sum(inwards) < 32


def test_a_short_scene_does_not_rush() -> None:
    short, long = motion_for("a", 2.0, "image"), motion_for("a", 60.0, "image")
    assert max(short.start.zoom, short.end.zoom) < max(long.start.zoom, long.end.zoom)


def test_a_view_beyond_the_edge_is_refused() -> None:
    with pytest.raises(ValueError, match="edge"):
        View(0.4, 0.5, 1.1)


def dot(width: int, height: int, x: float, y: float) -> Planes:
    """A soft white dot on black, centred on (x, y) where 0.5 is the middle of the first pixel."""
    rows, columns = np.mgrid[0:height, 0:width] + 0.5
    light = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 4.0**2))
    half = np.full((height // 2, width // 2), 128, np.uint8)
    return Planes((16 + 219 * light).astype(np.uint8), half, half.copy())


def centre_of(luma: np.ndarray) -> tuple[float, float]:
    weights = luma.astype(float) - 16
    rows, columns = np.mgrid[0 : luma.shape[0], 0 : luma.shape[1]] + 0.5
    return float((weights * columns).sum() / weights.sum()), float((weights * rows).sum() / weights.sum())


def test_a_dot_glides_by_fractions_of_a_pixel_without_jitter() -> None:
    """Over 100 frames the dot moves some 15 pixels: its steps, of 0.16 on average, change by what 8 bits leave unclear."""
    planes, frame = dot(416, 234, 120.0, 70.0), Frame((320, 180))
    motion = Motion(View(0.5, 0.5, 1.0), View(0.53, 0.52, 1.08))
    places = []
    for number in range(100):
        draw_view(planes, motion.at(number / 99), frame)
        places.append(centre_of(frame.y))
    for axis in range(2):
        steps = np.diff([place[axis] for place in places])
        assert np.all(steps < 0), "the dot lies left of and above the middle, so it moves outwards"
        assert abs(steps.mean()) < 0.2
        assert np.abs(np.diff(steps)).max() < 0.025


def test_the_dot_is_where_the_view_says() -> None:
    planes, frame = dot(416, 234, 120.0, 70.0), Frame((320, 180))
    view = View(0.52, 0.49, 1.1)
    draw_view(planes, view, frame)
    wanted = (120 - (0.52 - 0.5 / 1.1) * 416) / (416 / 1.1) * 320, (70 - (0.49 - 0.5 / 1.1) * 234) / (234 / 1.1) * 180
    assert centre_of(frame.y) == pytest.approx(wanted, abs=0.02)


def test_chroma_lies_where_h264_expects_it() -> None:
    """Colour must rise where brightness rises, when its samples are taken to stand on the left one of two columns."""
    picture = np.zeros((234, 416, 3), np.uint8)
    picture[:, :, 2] = np.rint(np.clip((np.arange(416) + 0.5 - 208) * 1.5 + 127.5, 0, 255))  # Red is half strong in the middle.
    frame = Frame((320, 180))
    draw_view(to_planes(picture), STILL.start, frame)

    def middle(row: np.ndarray, inside: slice, half: float) -> float:
        """Where the straight line through the samples passes the level of half-strong red."""
        slope, start = np.polyfit(np.arange(len(row))[inside], row[inside].astype(float), 1)
        return (half - start) / slope

    assert middle(frame.y[90], slice(110, 210), 16 + 219 * 0.2126 / 2) + 0.5 == pytest.approx(160, abs=0.15)
    assert 2 * middle(frame.v[45], slice(55, 105), 128 + 112 / 2) + 0.5 == pytest.approx(160, abs=0.15)


@pytest.mark.parametrize(
    ("red", "green", "blue", "wanted"),
    [(0, 0, 0, (16, 128, 128)), (255, 255, 255, (235, 128, 128)), (255, 0, 0, (63, 102, 240)), (0, 0, 255, (32, 240, 118))],
)
def test_colours_become_bt709_of_limited_range(red: int, green: int, blue: int, wanted: tuple[int, int, int]) -> None:
    planes = to_planes(np.full((4, 4, 3), (blue, green, red), np.uint8))
    assert (planes.y[0, 0], planes.u[0, 0], planes.v[0, 0]) == wanted


def test_darkening_ends_in_black_and_leaves_full_light_alone() -> None:
    frame = Frame((320, 180))
    draw_view(to_planes(np.full((234, 416, 3), (10, 200, 90), np.uint8)), STILL.start, frame)
    before = frame.y.copy()
    darken(frame, 1.0)
    assert np.array_equal(frame.y, before)
    darken(frame, 0.0)
    assert (frame.y.max(), frame.u.min(), frame.u.max(), frame.v.max()) == (16, 128, 128, 128)


def test_the_planes_of_a_frame_are_its_bytes_in_order() -> None:
    frame = Frame((4, 2))
    frame.y[:], frame.u[:], frame.v[:] = 1, 2, 3
    assert bytes(frame.bytes) == b"\x01" * 8 + b"\x02" * 2 + b"\x03" * 2
    with pytest.raises(ValueError, match="even"):
        Frame((321, 180))


def test_fine_lines_keep_their_contrast_while_they_move() -> None:
    """Text must not shimmer: over all sub-pixel places, a fine pattern's contrast stays within a tenth of its mean."""
    stripes = np.tile(np.where(np.arange(416) % 8 < 4, 40, 215).astype(np.uint8), (234, 1))
    planes, frame = to_planes(cv2.cvtColor(stripes, cv2.COLOR_GRAY2BGR)), Frame((320, 180))
    contrasts = []
    for number in range(24):
        draw_view(planes, View(0.5 + number / 24 * 1.3 / 416, 0.5, 1.02), frame)
        contrasts.append(frame.y[60:120, 40:280].astype(float).std())
    assert (max(contrasts) - min(contrasts)) / np.mean(contrasts) < 0.1
