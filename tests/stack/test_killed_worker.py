from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from pipeline.video.probing import probe
from stack.launch import RunningStack, restart

DOCUMENT = """# Ba việc nhỏ

Buổi sáng, cô giáo mở cửa sổ và ánh nắng vào đầy lớp học. Ngoài sân, lũ trẻ đang nhảy dây. Tiếng cười vang khắp nơi.

## Buổi trưa

Buổi trưa, mọi người ăn cơm cùng nhau dưới bóng cây. Có cá kho, rau luộc và canh chua. Ai cũng khen ngon.

## Buổi tối

Buổi tối, cả nhà ngồi đọc sách bên ngọn đèn. Ngoài trời mưa rơi rất nhẹ. Một ngày nữa trôi qua.
"""

FINISHED = {"succeeded", "failed", "cancelled"}


def session(stack: RunningStack) -> requests.Session:
    http = requests.Session()
    http.headers["X-API-Key"] = stack.admin_key
    return http


def spoken(stack: RunningStack) -> Counter[str]:
    """How often each passage was spoken to its end, from serving's log."""
    log = stack.settings.data_dir / "logs" / "serving.log"
    counts: Counter[str] = Counter()
    for line in log.read_text().splitlines():
        if '"passage spoken"' in line:
            counts[json.loads(line)["key"]] += 1
    return counts


def poll(condition: Callable[[], bool], timeout: float = 240.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        time.sleep(0.05)


def kill(stack: RunningStack, name: str) -> None:
    """SIGKILL a part with all its processes, as the kernel's memory killer or a power cut would."""
    child = next(child for child in stack.children if child.name == name)
    os.killpg(child.process.pid, signal.SIGKILL)
    child.process.wait()


@pytest.mark.timeout(600)
def test_a_film_is_complete_and_no_passage_spoken_twice_after_its_workers_were_killed(stack: RunningStack, tmp_path: Path):
    http, before = session(stack), spoken(stack)
    answer = http.post(
        f"{stack.url}/v1/videos",
        json={"text": DOCUMENT, "text_format": "markdown", "language": "vi", "resolution": "720p", "seed": 7},
    )
    assert answer.status_code == 202, answer.text
    url = f"{stack.url}/v1/jobs/{answer.json()['id']}"

    def job() -> dict:
        return http.get(url).json()

    poll(lambda: len(spoken(stack) - before) >= 2)
    kill(stack, "speech-worker")
    assert job()["status"] == "running"
    restart(stack, "speech-worker")

    renders = stack.settings.data_dir / "files"
    poll(lambda: any(renders.rglob("*.partial*")) or any(renders.rglob("segment*")) or job()["status"] in FINISHED)
    kill(stack, "render-worker")
    assert job()["status"] == "running"
    restart(stack, "render-worker")

    poll(lambda: job()["status"] in FINISHED)
    ended = job()
    assert ended["status"] == "succeeded", ended

    new = spoken(stack) - before
    assert len(new) >= 9, "nine sentences, nine passages at least"
    assert set(new.values()) == {1}, "a passage was spoken twice"

    film = tmp_path / "film.mp4"
    film.write_bytes(http.get(f"{url}/files/video.mp4").content)
    probed = probe(film)
    assert abs(probed.video.duration - probed.audio.duration) < 0.05
    timings = json.loads(http.get(f"{url}/files/timings.json").content)
    assert [sentence["text"] for sentence in timings["sentences"]][-1].startswith("Một ngày nữa")
