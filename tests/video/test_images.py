from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from pipeline.errors import PipelineError
from pipeline.visuals.folder import images_in, picture_for
from pipeline.visuals.images import MOST_PIXELS, fit_image, read_image
from pipeline.visuals.model import Credit, picture_size

UPLOAD = Credit("upload", "a.png")
WIDE, TALL = (1280, 720), (720, 1280)


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def two_halves(width: int, height: int) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("blue", (width // 2, 0, width, height))
    return image


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that claims to be enormous."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 9999)) + chunk(b"IEND", b"")


def fitted(data: bytes, size: tuple[int, int], tmp_path: Path) -> np.ndarray:
    shown = fit_image(data, "a.png", size, UPLOAD, tmp_path / "p.jpg")
    assert (shown.kind, shown.credit) == ("image", UPLOAD)
    image = Image.open(shown.path)
    assert image.size == picture_size(size)
    return np.asarray(image).astype(int)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_usual_kinds_are_read(kind: str) -> None:
    facts = read_image(encoded(two_halves(64, 48), kind), "a.x")
    assert (facts.width, facts.height, facts.format) == (64, 48, kind)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "image_unreadable"),
        (b"%PDF-1.7 nothing of a picture", "image_unreadable"),
        (encoded(two_halves(300, 200), "JPEG")[:-900], "image_unreadable"),
        (encoded(two_halves(300, 200))[:200], "image_unreadable"),
        (encoded(two_halves(64, 64), "GIF"), "image_unsupported"),
        (encoded(two_halves(64, 64), "BMP"), "image_unsupported"),
        (encoded(two_halves(8, 8)), "image_unsupported"),
        (encoded(two_halves(2000, 20)), "image_unsupported"),
        (bomb(60_000, 60_000), "image_too_large"),
        (bomb(MOST_PIXELS // 5000 + 1, 5000), "image_too_large"),
    ],
)
def test_what_cannot_be_shown_is_refused_by_name_with_a_code(data: bytes, code: str) -> None:
    with pytest.raises(PipelineError, match=r"holiday\.png") as refused:
        read_image(data, "holiday.png")
    assert refused.value.code == code
    assert not refused.value.retryable


def test_a_picture_of_like_shape_fills_the_frame(tmp_path: Path) -> None:
    seen = fitted(encoded(two_halves(1600, 1000)), WIDE, tmp_path)
    assert np.abs(seen[:, 20] - (254, 0, 0)).max() < 8
    assert np.abs(seen[:, -20] - (0, 0, 254)).max() < 8
    assert np.abs(seen[2, 100:300] - (254, 0, 0)).max() < 8


def test_a_picture_of_another_shape_is_shown_whole_on_a_dark_copy_of_itself(tmp_path: Path) -> None:
    upright = two_halves(900, 1600)
    seen = fitted(encoded(upright), WIDE, tmp_path)
    height, width = seen.shape[:2]
    assert np.abs(seen[height // 2, width // 2 - 100] - (254, 0, 0)).max() < 8
    assert 40 < seen[height // 2, 20, 0] < 150
    shown = np.flatnonzero(seen[:, width // 2 - 100, 0] > 200)
    assert 0.8 * height < len(shown) < 0.9 * height


def test_a_picture_from_a_phone_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # Turn by 90 degrees clockwise to view.
    lying = two_halves(1280, 720)
    data = encoded(lying, "JPEG", exif=exif, quality=95)
    assert (read_image(data, "a").width, read_image(data, "a").height) == (720, 1280)
    seen = fitted(data, TALL, tmp_path)
    assert np.abs(seen[50, 300] - (254, 0, 0)).max() < 12
    assert np.abs(seen[-50, 300] - (0, 0, 254)).max() < 12


def modes() -> list[tuple[str, Image.Image, tuple[int, int, int]]]:
    clear = Image.new("RGBA", (640, 360), (10, 20, 30, 0))
    palette = Image.new("P", (640, 360), 0)
    palette.putpalette([200, 100, 50] * 256)
    deep = Image.fromarray(np.full((360, 640), 128 * 257, np.uint16))
    grey = Image.new("LA", (640, 360), (77, 255))
    return [
        ("transparent", clear, (255, 255, 255)),
        ("palette", palette, (200, 100, 50)),
        ("sixteen bits", deep, (128, 128, 128)),
        ("grey", grey, (77, 77, 77)),
    ]


@pytest.mark.parametrize(("image", "colour"), [mode[1:] for mode in modes()], ids=[mode[0] for mode in modes()])
def test_every_kind_of_pixel_becomes_its_colour(image: Image.Image, colour: tuple[int, int, int], tmp_path: Path) -> None:
    seen = fitted(encoded(image), WIDE, tmp_path)
    assert np.abs(seen[100, 100] - colour).max() <= 3


def test_colours_are_those_of_the_pictures_own_profile(tmp_path: Path) -> None:
    """The same numbers mean another colour in Lab-based profiles; here a profile of sRGB must change nothing."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = fitted(encoded(Image.new("RGB", (640, 360), (180, 90, 40))), WIDE, tmp_path)
    marked = fitted(encoded(Image.new("RGB", (640, 360), (180, 90, 40)), icc_profile=profile), WIDE, tmp_path)
    broken = fitted(encoded(Image.new("RGB", (640, 360), (180, 90, 40)), icc_profile=b"no profile"), WIDE, tmp_path)
    assert np.abs(plain - marked).max() <= 2
    assert np.abs(plain - broken).max() == 0


def test_a_folder_is_listed_as_people_count(tmp_path: Path) -> None:
    for name in ("b10.jpg", "b2.JPG", "a.webp", ".hidden.png", "notes.txt", "c.png"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "more.png").mkdir()
    assert [path.name for path in images_in(tmp_path)] == ["a.webp", "b2.JPG", "b10.jpg", "c.png"]


def test_a_missing_and_an_empty_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(PipelineError) as missing:
        images_in(tmp_path / "nowhere")
    assert missing.value.code == "image_folder_missing"
    with pytest.raises(PipelineError) as empty:
        images_in(tmp_path)
    assert empty.value.code == "image_folder_empty"


def test_pictures_go_round_when_there_are_more_scenes() -> None:
    assert [picture_for(scene, ["a", "b", "c"]) for scene in range(5)] == ["a", "b", "c", "a", "b"]
