from __future__ import annotations

import numpy as np
import pytest
import soundfile

from serving.engine import Engine, Sound
from serving.model.mel import FLOOR
from serving.voices import silence

from .conftest import SAMPLE
from .recordings import QUICK, RATE, joined

VOICES = ["en_female", "en_male", "vi_female", "vi_male"]


def speech(voice: str) -> np.ndarray:
    samples, _ = soundfile.read(SAMPLE / "references" / f"{voice}.wav", dtype="float32")
    first, last = silence.trim(samples, RATE, head=0.0, tail=0.0)
    return samples[first:last]


def among(samples: np.ndarray, before: float, after: float, noise: float) -> np.ndarray:
    """In the noise (RMS) of a room, `before` and `after` seconds of which are heard alone."""
    padded = np.pad(samples, (round(before * RATE), round(after * RATE)))
    return (padded + noise * np.random.default_rng(0).standard_normal(len(padded))).astype(np.float32)


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("noise", [0.0, 1e-4, 1e-3])
@pytest.mark.parametrize("gain", [0.02, 1.0])
def test_silence_around_speech_is_found_whatever_its_level_and_noise(voice: str, noise: float, gain: float) -> None:
    said = speech(voice) * gain
    first, last = silence.trim(among(said, 0.4, 0.9, noise * gain), RATE)
    assert first / RATE == pytest.approx(0.4 - silence.HEAD, abs=0.05)
    assert last / RATE == pytest.approx(0.4 + len(said) / RATE + silence.TAIL, abs=0.05)


@pytest.mark.parametrize("voice", VOICES)
def test_no_speech_is_cut(voice: str) -> None:
    said = speech(voice)
    sound = among(said, 0.3, 0.3, 1e-3)
    first, last = silence.trim(sound, RATE)
    assert first <= round(0.3 * RATE)
    kept = sound[first:last]
    assert np.sum(kept**2) / np.sum(sound**2) > 0.9995


def test_speech_in_loud_noise_is_left_whole() -> None:
    sound = among(speech("en_male"), 0.3, 0.3, 0.02)
    assert silence.trim(sound, RATE) == (0, len(sound))


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(100), np.zeros(RATE), np.full(RATE, 1e-5), np.ones(100)])
def test_a_sound_without_speech_is_kept_whole(samples: np.ndarray) -> None:
    assert silence.trim(samples, RATE) == (0, len(samples))
    assert silence.pauses(samples, RATE) == []


def test_speech_that_fills_the_sound_keeps_its_first_and_last_sample() -> None:
    samples, _ = soundfile.read(SAMPLE / "references" / "en_male.wav", dtype="float32")
    first, last = silence.trim(samples, RATE)
    assert first < 0.05 * RATE
    assert last == len(samples)


def test_pauses_lie_where_they_were_made_and_take_no_time_of_speech() -> None:
    pieces = [speech("vi_male"), speech("vi_female"), speech("vi_male")]
    whole = joined(pieces, pause=0.4)
    inside = sum(len(silence.pauses(piece, RATE)) for piece in pieces)
    found = silence.pauses(whole, RATE)
    assert len(found) == inside + 2
    seam = len(pieces[0]) / RATE
    assert any(start == pytest.approx(seam, abs=0.08) and end == pytest.approx(seam + 0.4, abs=0.08) for start, end in found)
    alone = sum(silence.spoken_seconds(piece, RATE) for piece in pieces)
    assert silence.spoken_seconds(whole, RATE) == pytest.approx(alone, abs=0.2)


def test_what_the_engine_cuts_off_moves_the_ends_of_characters_along(engine: Engine) -> None:
    text, silent = "Please read the first page of this book.", 45
    state = engine.prepare(engine.plan(text, "en_male", 1.0, 1, QUICK))
    while not engine.done(state):
        engine.step([state])
    (whole,) = engine.finish([state])
    first = state.work.voice.frames
    state.flow.x = state.flow.x.clone()
    state.flow.x[first : first + silent] = np.log(FLOOR)
    state.flow.x[-silent:] = np.log(FLOOR)
    (cut,) = engine.finish([state])
    assert isinstance(whole, Sound)
    assert isinstance(cut, Sound)
    assert whole.laid_ends is not None
    assert cut.laid_ends is not None
    length, seconds = len(cut.samples) / RATE, silent * state.work.voice.frame_seconds
    assert len(whole.samples) / RATE - length == pytest.approx(2 * seconds - silence.HEAD - silence.TAIL, abs=0.12)
    moved = [before - after for before, after in zip(whole.laid_ends, cut.laid_ends, strict=True)]
    inside = [by for by, end in zip(moved, cut.laid_ends, strict=True) if 0 < end < length]
    assert len(inside) > 10
    assert inside == pytest.approx([seconds - silence.HEAD] * len(inside), abs=0.06)
    assert max(inside) - min(inside) < 1e-6
    assert list(cut.laid_ends) == sorted(cut.laid_ends)
    assert all(0 <= end <= length for end in cut.laid_ends)
    assert cut.frames == whole.frames
