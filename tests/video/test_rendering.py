from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import ImageFont

from pipeline.errors import Cancelled, ToolFailed
from pipeline.subtitles.cues import Cue
from pipeline.subtitles.files import write_ass
from pipeline.video import fonts, rendering
from pipeline.video.motion import STILL, motion_for
from pipeline.video.probing import probe
from pipeline.video.rendering import FADE, render_scene
from tests.processes import running

from .conftest import Paint
from .decoded import luma, pixels, times

SIZE = (320, 180)
TITLE_ONLY: list[Cue] = []


def only_ffmpeg() -> psutil.Process:
    """The one ffmpeg that this process has encode frames."""
    (process,) = running("rawvideo", psutil.Process().children())
    return process


def test_a_segment_has_exactly_its_frames_at_25_a_second(grain: Path, tmp_path: Path) -> None:
    out = tmp_path / "segment.mp4"
    render_scene(grain, 37, SIZE, motion_for("a", 1.5, "image"), None, out)
    video = probe(out).video
    assert (video.codec, video.frames, video.width, video.height, video.fps) == ("h264", 37, 320, 180, 25.0)
    assert times(out) == pytest.approx([number / 25 for number in range(37)])
    assert (out.stat().st_mode & 0o777) == 0o644


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_the_shortest_scenes_can_be_rendered(frames: int, paint: Paint, tmp_path: Path) -> None:
    render_scene(paint("p.png", (200, 200, 200)), frames, SIZE, STILL, None, tmp_path / "s.mp4")
    assert len(luma(tmp_path / "s.mp4")) == frames


@pytest.mark.parametrize("colour", [(200, 40, 30), (20, 160, 90), (30, 60, 210), (243, 237, 226)])
def test_colours_survive_the_way_to_the_screen(colour: tuple[int, int, int], paint: Paint, tmp_path: Path) -> None:
    out = tmp_path / "segment.mp4"
    render_scene(paint("p.png", colour), 40, SIZE, STILL, None, out)
    seen = pixels(out, 20)[40:140, 60:260].reshape(-1, 3).mean(0)
    assert np.abs(seen - colour).max() < 3


def test_the_colours_are_declared_as_bt709_of_limited_range(paint: Paint, tmp_path: Path) -> None:
    import av

    out = tmp_path / "segment.mp4"
    render_scene(paint("p.png", (1, 2, 3)), 3, SIZE, STILL, None, out)
    with av.open(str(out)) as film:
        about = film.streams.video[0].codec_context
        assert (about.color_range, about.colorspace, about.color_primaries, about.color_trc) == (1, 1, 1, 1)


def test_a_scene_comes_from_black_and_goes_to_black(paint: Paint, tmp_path: Path) -> None:
    out = tmp_path / "segment.mp4"
    render_scene(paint("p.png", (255, 255, 255)), 60, SIZE, STILL, None, out)
    light = luma(out).mean(axis=(1, 2))
    assert light[0] < 60
    assert light[-1] < 60
    assert np.all(np.diff(light[:FADE]) > 5)
    assert np.all(light[FADE : 60 - FADE] > 230)


def test_subtitles_are_there_while_their_cues_run_and_only_then(paint: Paint, tmp_path: Path) -> None:
    overlay, out = tmp_path / "it's: a [hard], name;.ass", tmp_path / "segment.mp4"
    write_ass([Cue(0.8, 1.6, ("Nước bốc hơi", "từ mặt biển ấm"))], SIZE, overlay)
    render_scene(paint("p.png", (40, 90, 160)), 60, SIZE, STILL, overlay, out)
    brightest = luma(out)[:, 120:175, 60:260].max(axis=(1, 2))
    assert np.all(brightest[FADE:20] < 130)
    assert np.all(brightest[20:40] > 200)
    assert np.all(brightest[40:] < 130)


def test_subtitles_are_set_in_the_bundled_font_at_the_size_meant(paint: Paint, tmp_path: Path) -> None:
    """Were the family not found, libass would take another font, whose letters have other widths."""
    overlay, out, text = tmp_path / "o.ass", tmp_path / "s.mp4", "Mưa rơi: Wwwiiilll"
    write_ass([Cue(0.0, 1.0, (text,))], (640, 360), overlay)
    render_scene(paint("p.png", (0, 0, 0)), 10, (640, 360), STILL, overlay, out)
    width = np.ptp(np.flatnonzero(luma(out)[5].max(axis=0) > 120))
    letters = ImageFont.truetype(str(fonts.font_file("semibold")), 100)
    wanted = letters.getlength(text) / 100 * 360 * 0.047
    assert width == pytest.approx(wanted, rel=0.03)


def test_signs_of_ass_reach_the_screen_as_letters(paint: Paint, tmp_path: Path) -> None:
    """Braces would hide what they hold, so a line of them would be as empty as no line."""
    overlay, out = tmp_path / "o.ass", tmp_path / "s.mp4"
    write_ass([Cue(0.0, 1.0, (r"{\pos(10,10)}{hidden}",))], SIZE, overlay)
    render_scene(paint("p.png", (0, 0, 0)), 10, SIZE, STILL, overlay, out)
    seen = luma(out)[5]
    assert np.ptp(np.flatnonzero(seen[140:].max(axis=0) > 120)) > 80
    assert seen[:100].max() < 40


def test_a_title_without_cues_stands_at_the_top_for_some_seconds(paint: Paint, tmp_path: Path) -> None:
    overlay, out = tmp_path / "o.ass", tmp_path / "s.mp4"
    write_ass(TITLE_ONLY, SIZE, overlay, title="Vì sao trời mưa?")
    render_scene(paint("p.png", (40, 90, 160)), 130, SIZE, STILL, overlay, out)
    brightest = luma(out)[:, :60].max(axis=(1, 2))
    assert brightest[50] > 200
    assert brightest[115] < 130


def test_progress_is_told_seldom_and_ends_at_one(grain: Path, tmp_path: Path) -> None:
    told: list[float] = []
    began = time.monotonic()
    render_scene(grain, 200, SIZE, STILL, None, tmp_path / "s.mp4", progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) <= 2 + (time.monotonic() - began) / 0.4


def test_cancelling_stops_at_once_and_leaves_nothing(grain: Path, tmp_path: Path) -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 30

    out = tmp_path / "films" / "s.mp4"
    out.parent.mkdir()
    with pytest.raises(Cancelled):
        render_scene(grain, 5000, SIZE, STILL, None, out, cancelled=cancelled)
    assert list(out.parent.iterdir()) == []
    assert [child for child in psutil.Process().children() if "ffmpeg" in child.name()] == []


def test_cancelling_works_while_ffmpeg_takes_no_more_frames(grain: Path, tmp_path: Path) -> None:
    out = tmp_path / "films" / "s.mp4"
    out.parent.mkdir()
    stop = threading.Event()
    failures: list[BaseException] = []

    def render() -> None:
        try:
            render_scene(grain, 100_000, SIZE, STILL, None, out, cancelled=stop.is_set)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=render)
    thread.start()
    freeze(thread)
    stop.set()
    thread.join(20)
    assert not thread.is_alive()
    assert isinstance(failures[0], Cancelled)
    assert list(out.parent.iterdir()) == []


def freeze(thread: threading.Thread) -> None:
    """Stop ffmpeg with SIGSTOP as soon as it runs; its pipe then fills."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and thread.is_alive():
        try:
            only_ffmpeg().send_signal(signal.SIGSTOP)
            return
        except ValueError:
            time.sleep(0.01)
    raise AssertionError("ffmpeg did not start")


def test_a_killed_ffmpeg_is_a_tool_that_failed_and_leaves_nothing(grain: Path, tmp_path: Path) -> None:
    out = tmp_path / "films" / "s.mp4"
    out.parent.mkdir()
    asked = 0

    def kill_soon() -> bool:
        nonlocal asked
        asked += 1
        if asked == 40:
            os.kill(only_ffmpeg().pid, signal.SIGKILL)
        return False

    with pytest.raises(ToolFailed, match="SIGKILL") as failed:
        render_scene(grain, 5000, SIZE, STILL, None, out, cancelled=kill_soon)
    assert failed.value.retryable
    assert list(out.parent.iterdir()) == []


def test_what_ffmpeg_said_last_is_in_the_error(paint: Paint, tmp_path: Path) -> None:
    overlay = tmp_path / "broken.ass"
    overlay.write_bytes(b"")
    with pytest.raises(ToolFailed, match=r"It said: .*ass"):
        render_scene(paint("p.png", (1, 2, 3)), 500, SIZE, STILL, overlay, tmp_path / "s.mp4")
    assert not (tmp_path / "s.mp4").exists()


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "card.png").write_bytes(b"nothing")
    with pytest.raises(ToolFailed, match=r"card\.png"):
        render_scene(tmp_path / "card.png", 5, SIZE, STILL, None, tmp_path / "s.mp4")


def test_ffmpeg_ends_when_its_worker_is_killed(grain: Path, tmp_path: Path) -> None:
    out = tmp_path / "s.mp4"
    program = (
        "from pathlib import Path; from pipeline.video.rendering import render_scene; from pipeline.video.motion import STILL;"
        f"render_scene(Path({str(grain)!r}), 1_000_000, {SIZE}, STILL, None, Path({str(out)!r}))"
    )
    worker = psutil.Popen([sys.executable, "-c", program], cwd=Path(rendering.__file__).parents[2])
    deadline = time.monotonic() + 60
    encoders: list[psutil.Process] = []
    while not encoders and worker.poll() is None and time.monotonic() < deadline:
        encoders = running("rawvideo", worker.children())
        time.sleep(0.02)
    (encoder,) = encoders
    worker.kill()
    worker.wait(10)
    encoder.wait(30)  # Raises TimeoutExpired should it go on.
    assert not out.exists()


def test_a_missing_ffmpeg_is_a_tool_that_failed(grain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "nowhere"))
    with pytest.raises(ToolFailed, match="cannot be started"):
        render_scene(grain, 5, SIZE, STILL, None, tmp_path / "s.mp4")
    assert not (tmp_path / "s.mp4").exists()
