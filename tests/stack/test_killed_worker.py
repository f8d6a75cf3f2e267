from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.video.probing import probe
from stack.launch import RunningStack
from tests.stack.house import FINISHED, Visitor, kill, log_lines, poll, spoken

DOCUMENT = """# Ba việc nhỏ

Buổi sáng, cô giáo mở cửa sổ và ánh nắng vào đầy lớp học. Ngoài sân, lũ trẻ đang nhảy dây. Tiếng cười vang khắp nơi.

## Buổi trưa

Buổi trưa, mọi người ăn cơm cùng nhau dưới bóng cây. Có cá kho, rau luộc và canh chua. Ai cũng khen ngon.

## Buổi tối

Buổi tối, cả nhà ngồi đọc sách bên ngọn đèn. Ngoài trời mưa rơi rất nhẹ. Một ngày nữa trôi qua.
"""


@pytest.mark.timeout(600)
def test_a_film_is_complete_and_no_passage_spoken_twice_after_its_workers_were_killed(stack: RunningStack, tmp_path: Path):
    visitor, before = Visitor(stack), spoken(stack)
    fields = {"text": DOCUMENT, "text_format": "markdown", "language": "vi", "resolution": "720p", "seed": 7}
    job_id = visitor.submit("videos", json=fields)

    poll(lambda: len(spoken(stack) - before) >= 2)
    kill(stack, "film-worker")
    assert visitor.job(job_id)["status"] == "running"

    poll(lambda: _is_encoding(stack) or visitor.job(job_id)["status"] in FINISHED)
    kill(stack, "render-worker")
    assert visitor.job(job_id)["status"] == "running"

    visitor.succeeded(job_id)
    new = spoken(stack) - before
    assert len(new) >= 9, "nine sentences, nine passages at least"
    assert set(new.values()) == {1}, "a passage was spoken twice"
    assert _second_attempts(stack, "film-worker.log", job_id), "no narration was taken up a second time"
    assert _second_attempts(stack, "render-worker.log", job_id), "no scene was taken up a second time"

    film = tmp_path / "film.mp4"
    film.write_bytes(visitor.file(job_id, "video.mp4"))
    probed = probe(film)
    assert abs(probed.video.duration - probed.audio.duration) < 0.05
    timings = json.loads(visitor.file(job_id, "timings.json"))
    assert timings["sentences"][-1]["text"].startswith("Một ngày nữa")
    assert timings["sentences"][-1]["end"] < probed.video.duration


def _is_encoding(stack: RunningStack) -> bool:
    """Whether a scene's encoder has written some of its file."""
    partials = (stack.settings.files_dir / "scratch").glob("*/.*.partial")
    try:
        return any(path.stat().st_size > 48 for path in partials if not path.with_name("card.png").exists())
    except FileNotFoundError:
        return False


def _second_attempts(stack: RunningStack, log: str, job_id: str) -> list[str]:
    lines = log_lines(stack, log)
    return [
        line["step"]
        for line in lines
        if line["message"] == "step ended" and line["attempt"] > 1 and line["outcome"] == "done" and line["job_id"] == job_id
    ]
