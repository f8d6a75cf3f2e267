from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from pipeline.errors import Cancelled, PipelineError, ToolFailed
from pipeline.video.assembling import assemble
from pipeline.video.motion import STILL, motion_for
from pipeline.video.probing import probe
from pipeline.video.rendering import FADE, render_scene
from pipeline.video.sizes import FPS, SIZES, frame_size, frames_of

from .conftest import Paint
from .decoded import luma, times

SIZE = (320, 180)


def narration(frames: int, path: Path) -> Path:
    """Noise of exactly `frames` frames' length: 960 samples each."""
    sound = np.random.default_rng(1).normal(0, 0.05, frames * 960).astype(np.float32)
    soundfile.write(path, sound, 24_000)
    return path


def test_all_frames_of_all_scenes_are_there_in_order(paint: Paint, tmp_path: Path) -> None:
    folder = tmp_path / "it's 100% [a], hard; näme:"
    folder.mkdir()
    counts, greys = (30, 41, 27), (60, 140, 220)
    segments = []
    for number, (count, grey) in enumerate(zip(counts, greys, strict=True)):
        segments.append(folder / f"sce'ne {number}.mp4")
        render_scene(paint(f"{number}.png", (grey,) * 3), count, SIZE, STILL, None, segments[-1])
    out = folder / "film.mp4"
    assemble(segments, narration(sum(counts), folder / "narra'tion.wav"), out, title="Vì sao; trời = mưa?")
    light = luma(out).mean(axis=(1, 2))
    assert len(light) == sum(counts)
    start = 0
    for count, grey in zip(counts, greys, strict=True):
        whole = light[start + FADE : start + count - FADE]
        assert np.abs(whole - (16 + grey * 219 / 255)).max() < 2
        assert light[start] < whole.min()
        start += count
    assert times(out) == pytest.approx([number / FPS for number in range(sum(counts))])
    assert sorted(path.name for path in folder.iterdir())[0] == "film.mp4"
    assert len(list(folder.iterdir())) == 5


def test_the_film_says_what_it_is_and_starts_at_once(paint: Paint, tmp_path: Path) -> None:
    render_scene(paint("p.png", (90, 90, 90)), 50, SIZE, STILL, None, tmp_path / "s.mp4")
    tags = {"comment": "a=b; c", "artist": ""}
    assemble([tmp_path / "s.mp4"], narration(50, tmp_path / "n.wav"), tmp_path / "f.mp4", title="Vì sao?", metadata=tags)
    found = probe(tmp_path / "f.mp4")
    assert found.faststart
    assert found.tags["title"] == "Vì sao?"
    assert found.tags["comment"] == "a=b; c"
    assert (found.video.codec, found.audio.codec, found.audio.rate, found.audio.channels) == ("h264", "aac", 48_000, 1)
    assert found.video.start == found.audio.start == 0.0


@pytest.mark.parametrize(("language", "named"), [("vi", "vie"), ("en", "eng"), (None, "und")])
def test_both_streams_name_the_language_of_the_film(language: str | None, named: str, paint: Paint, tmp_path: Path) -> None:
    render_scene(paint("p.png", (90, 90, 90)), 25, SIZE, STILL, None, tmp_path / "s.mp4")
    tags = {"language": language} if language else None
    assemble([tmp_path / "s.mp4"], narration(25, tmp_path / "n.wav"), tmp_path / "f.mp4", metadata=tags)
    with av.open(str(tmp_path / "f.mp4")) as film:
        assert [(stream.type, stream.metadata["language"]) for stream in film.streams] == [("video", named), ("audio", named)]


def test_picture_and_sound_end_together_after_ten_minutes(grain: Path, tmp_path: Path) -> None:
    counts = [4999, 5003, 4998]
    segments = []
    for number, count in enumerate(counts):
        segments.append(tmp_path / f"{number}.mp4")
        render_scene(grain, count, (64, 36), motion_for(str(number), 200, "image"), None, segments[-1])
    out = tmp_path / "film.mp4"
    assemble(segments, narration(sum(counts), tmp_path / "n.wav"), out)
    found = probe(out)
    assert found.video.frames == sum(counts) == 15_000
    assert found.video.duration == pytest.approx(600.0, abs=0.001)
    assert found.audio.duration == pytest.approx(600.0, abs=0.025)
    assert abs(found.video.duration - found.audio.duration) < 0.05


def test_sound_is_heard_when_its_picture_is_seen(paint: Paint, tmp_path: Path) -> None:
    """A click at the beginning of the second scene must come out there, whatever the codec puts before it."""
    segments = [tmp_path / "a.mp4", tmp_path / "b.mp4"]
    for segment in segments:
        render_scene(paint("p.png", (90, 90, 90)), 50, SIZE, STILL, None, segment)
    sound = np.zeros(100 * 960, np.float32)
    sound[50 * 960 : 50 * 960 + 240] = 0.8
    soundfile.write(tmp_path / "n.wav", sound, 24_000)
    assemble(segments, tmp_path / "n.wav", tmp_path / "f.mp4")
    with av.open(str(tmp_path / "f.mp4")) as film:
        frames = [(float(frame.time), frame.to_ndarray()[0]) for frame in film.decode(audio=0)]
    loudest = max(frames, key=lambda frame: np.abs(frame[1]).max())
    heard = loudest[0] + np.abs(loudest[1]).argmax() / 48_000
    assert heard == pytest.approx(2.005, abs=0.01)


def test_cancelling_leaves_no_film(paint: Paint, tmp_path: Path) -> None:
    render_scene(paint("p.png", (90, 90, 90)), 25, SIZE, STILL, None, tmp_path / "s.mp4")
    sound = narration(25 * 600, tmp_path / "n.wav")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(Cancelled):
        assemble([tmp_path / "s.mp4"], sound, tmp_path / "f.mp4", cancelled=lambda: True)
    assert sorted(tmp_path.iterdir()) == before


def test_a_segment_that_is_no_film_is_reported_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "s.mp4").write_bytes(b"not a film")
    sound = narration(25, tmp_path / "n.wav")
    with pytest.raises(ToolFailed, match="It said"):
        assemble([tmp_path / "s.mp4"], sound, tmp_path / "f.mp4")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["n.wav", "s.mp4"]


def test_every_size_is_even_and_unknown_ones_are_refused_with_the_known_ones() -> None:
    assert all(width % 2 == 0 == height % 2 for width, height in SIZES.values())
    assert frame_size("1080p", "9:16") == (1080, 1920)
    with pytest.raises(PipelineError, match="720p 16:9") as refused:
        frame_size("4k", "16:9")
    assert refused.value.code == "unknown_size"


@pytest.mark.parametrize(("samples", "frames"), [(0, 0), (1, 1), (960, 1), (961, 2), (24_000, 25)])
def test_frames_cover_all_samples(samples: int, frames: int) -> None:
    assert frames_of(samples, 24_000) == frames
