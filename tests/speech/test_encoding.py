from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.errors import ToolFailed
from pipeline.speech.encoding import MEDIA_TYPES, encode

RATE = 24_000
SECONDS = 2.5


def tone(rate: int = RATE, seconds: float = SECONDS) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * 1000 * np.arange(round(rate * seconds)) / rate)).astype(np.float32)


def decoded(path: Path) -> tuple[np.ndarray, int]:
    """Mono float samples and their rate, by FFmpeg's libraries."""
    with av.open(str(path)) as container:
        rate = container.streams.audio[0].rate
        resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
        frames = [one for frame in container.decode(audio=0) for one in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]), rate


@pytest.mark.parametrize("rate", [RATE, 22_050, 48_000])
@pytest.mark.parametrize("format", MEDIA_TYPES)
def test_what_was_written_sounds_like_what_went_in(format: str, rate: int, tmp_path: Path) -> None:
    path = tmp_path / f"speech.{format}"
    encode(tone(rate), rate, format, path)
    samples, decoded_rate = decoded(path)
    assert len(samples) / decoded_rate == pytest.approx(SECONDS, abs=0.05)
    middle = samples[decoded_rate // 2 : decoded_rate // 2 + decoded_rate]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.03)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) == 1000
    assert spectrum[:900].max() < spectrum[1000] / 100
    assert spectrum[1100:].max() < spectrum[1000] / 100


@pytest.mark.parametrize("format", MEDIA_TYPES)
def test_speech_begins_where_it_began(format: str, tmp_path: Path) -> None:
    """The silence an encoder puts in front must not shift the timings."""
    sound = np.concatenate([np.zeros(RATE, np.float32), tone(seconds=1.0)])
    path = tmp_path / f"speech.{format}"
    encode(sound, RATE, format, path)
    samples, rate = decoded(path)
    assert np.flatnonzero(np.abs(samples) > 0.1)[0] / rate == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("format", ["mp3", "opus"])
def test_compressed_speech_is_small(format: str, tmp_path: Path) -> None:
    encode(np.random.default_rng(0).normal(0, 0.1, RATE * 5).astype(np.float32), RATE, format, tmp_path / "x")
    assert (tmp_path / "x").stat().st_size * 8 / 5 < 110_000


@pytest.mark.parametrize("format", MEDIA_TYPES)
def test_tags_are_written(format: str, tmp_path: Path) -> None:
    path = tmp_path / f"speech.{format}"
    encode(tone(), RATE, format, path, tags={"title": "Chào buổi sáng", "artist": "Voxreel"})
    with av.open(str(path)) as container:
        found = {**container.metadata, **container.streams.audio[0].metadata}
    lowered = {name.lower(): value for name, value in found.items()}
    assert lowered["title"] == "Chào buổi sáng"
    assert lowered["artist"] == "Voxreel"


@pytest.mark.parametrize("format", MEDIA_TYPES)
def test_too_loud_sound_is_clipped_not_wrapped(format: str, tmp_path: Path) -> None:
    encode(np.full(RATE, 1.7, np.float32), RATE, format, tmp_path / "x")
    samples, _ = decoded(tmp_path / "x")
    assert samples[: RATE // 10].max() > 0.5
    assert samples[: RATE // 10].min() > -0.5


@pytest.mark.parametrize("format", MEDIA_TYPES)
def test_a_failure_leaves_nothing_and_keeps_what_was_there(format: str, tmp_path: Path) -> None:
    path = tmp_path / "speech"
    path.write_bytes(b"before")
    with pytest.raises(ToolFailed) as raised:
        encode(tone(), -1, format, path)
    assert format in str(raised.value)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_mistakes_of_the_caller_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="wav, mp3, opus, flac"):
        encode(tone(), RATE, "aac", tmp_path / "x")
    with pytest.raises(ValueError, match="mono"):
        encode(np.zeros((2, 100), np.float32), RATE, "wav", tmp_path / "x")
    with pytest.raises(ValueError, match="composer"):
        encode(tone(), RATE, "wav", tmp_path / "x", tags={"composer": "?"})
    assert list(tmp_path.iterdir()) == []
