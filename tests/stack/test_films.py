from __future__ import annotations

import io
import json
from pathlib import Path

import av
import numpy as np
import pytest
from fpdf import FPDF
from PIL import Image

from pipeline.video.probing import probe
from stack.launch import RunningStack
from tests.stack.house import Visitor


def picture(colour: tuple[int, int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (900, 1600), colour).save(file, "PNG")
    return file.getvalue()


def two_coloured_pdf() -> bytes:
    pdf = FPDF()
    for page, (head, text) in enumerate([("Red", "The first part is red."), ("Blue", "The second part is blue.")], 1):
        pdf.add_page()
        pdf.set_font("helvetica", size=9)
        pdf.text(20, 12, "The journal of colours")
        pdf.text(100, 285, str(page))
        pdf.set_font("helvetica", "B", 24)
        pdf.text(20, 40, head)
        pdf.set_font("helvetica", size=12)
        pdf.text(20, 60, text)
    return bytes(pdf.output())


def frame_at(path: Path, share: float) -> np.ndarray:
    """The RGB picture at `share` (0..1) of a film."""
    with av.open(str(path)) as container:
        wanted = share * container.duration / av.time_base
        return next(frame.to_ndarray(format="rgb24") for frame in container.decode(video=0) if frame.time >= wanted)


@pytest.mark.timeout(600)
def test_a_pdf_becomes_an_upright_film_with_ones_own_pictures(stack: RunningStack, tmp_path: Path):
    visitor = Visitor(stack)
    files = [
        ("document", ("colours.pdf", two_coloured_pdf())),
        ("images", ("red.png", picture((200, 20, 20)))),
        ("images", ("blue.png", picture((20, 20, 200)))),
    ]
    fields = {"resolution": "720p", "aspect": "9:16", "subtitles": "false", "language": "en"}
    job_id = visitor.submit("videos", files=files, data=fields)
    job = visitor.succeeded(job_id)
    assert [file["name"] for file in job["files"]][:2] == ["video.mp4", "narration.wav"]

    film = tmp_path / "film.mp4"
    film.write_bytes(visitor.file(job_id, "video.mp4"))
    probed = probe(film)
    assert (probed.video.width, probed.video.height, probed.video.fps) == (720, 1280, 25)
    assert probed.faststart
    assert abs(probed.video.duration - probed.audio.duration) < 0.05
    narrated = " ".join(scene["narration"] for scene in json.loads(visitor.file(job_id, "script.json"))["scenes"])
    assert "first part is red" in narrated
    assert "journal" not in narrated, "a running head is no part of the text"
    lower = slice(1000, 1200)
    assert frame_at(film, 0.3)[lower].mean(axis=(0, 1)) == pytest.approx((200, 20, 20), abs=14)
    credits = json.loads(visitor.file(job_id, "credits.json"))
    assert {credit["source"] for credit in credits} == {"upload"}
