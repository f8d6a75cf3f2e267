from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

import settings
from pipeline.speech.levels import HIGHEST_PEAK, MOST_LIMITED, TARGET_LOUDNESS, level, measure
from pipeline.speech.limiter import limited

RATE = 24_000
TIMES = np.arange(3 * RATE) / RATE
#: Real speech, whose highest peaks lie 17 dB and more above its loudness.
RECORDINGS = sorted((settings.ROOT / "voices" / "sample" / "references").glob("*.wav"))


def test_a_reference_tone_measures_as_the_standard_says() -> None:
    """A 1 kHz sine at -23 dBFS on one channel measures -26 LUFS (ITU-R BS.1770: a stereo one -23)."""
    sine = (10 ** (-23 / 20) * np.sin(2 * np.pi * 1000 * TIMES)).astype(np.float32)
    found = measure(sine, RATE)
    assert found.integrated == pytest.approx(-26.0, abs=0.2)
    assert found.peak == pytest.approx(-23.0, abs=0.2)


@pytest.mark.parametrize("gain", [0.01, 0.1, 0.9])
def test_quiet_and_loud_sound_come_out_alike(gain: float) -> None:
    sine = (gain * np.sin(2 * np.pi * 440 * TIMES)).astype(np.float32)
    levelled = level(sine, RATE)
    assert levelled.dtype == np.float32
    assert measure(levelled, RATE).integrated == pytest.approx(TARGET_LOUDNESS, abs=0.3)


def test_peaks_keep_the_gain_down() -> None:
    clicks = (0.01 * np.sin(2 * np.pi * 440 * TIMES)).astype(np.float32)
    clicks[::RATE] = 0.5
    found = measure(level(clicks, RATE), RATE)
    assert found.peak == pytest.approx(HIGHEST_PEAK, abs=0.2)
    assert found.integrated < TARGET_LOUDNESS


@pytest.mark.parametrize("length", [0, 1, 1000, RATE])
def test_silence_stays_silence(length: int) -> None:
    levelled = level(np.zeros(length, np.float32), RATE)
    assert len(levelled) == length
    assert not levelled.any()


def test_a_very_short_sound_is_levelled_too() -> None:
    short = (0.05 * np.sin(2 * np.pi * 440 * TIMES[: RATE // 5])).astype(np.float32)
    levelled = level(short, RATE)
    assert len(levelled) == len(short)
    assert np.isfinite(levelled).all()
    assert np.abs(levelled).max() > 2 * np.abs(short).max()


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_voices_come_out_alike_whatever_their_peaks(recording: Path) -> None:
    samples, rate = soundfile.read(recording, dtype="float32")
    before, found = measure(samples, rate), measure(level(samples, rate, target=-16.0), rate)
    assert -16.0 - before.integrated > HIGHEST_PEAK - before.peak, "peaks are in the way"
    assert found.integrated == pytest.approx(-16.0, abs=1.0)
    assert found.peak <= HIGHEST_PEAK + 0.05


@pytest.mark.parametrize("from_the_end", [1, 5, 20, 60])
def test_a_peak_at_the_very_end_is_seen(from_the_end: int) -> None:
    tone = (0.05 * np.sin(2 * np.pi * 440 * TIMES)).astype(np.float32)
    tone[-from_the_end] = 0.9
    assert measure(tone, RATE).peak > -3
    assert measure(level(tone, RATE), RATE).peak <= HIGHEST_PEAK + 0.05


def test_a_click_is_held_down_no_more_than_it_may_be() -> None:
    tone = (0.005 * np.sin(2 * np.pi * 440 * TIMES)).astype(np.float32)
    clicks = tone.copy()
    clicks[RATE // 2 :: RATE] = 0.5
    levelled = level(clicks, RATE)
    made_louder = 20 * np.log10(np.abs(levelled[RATE:][: RATE // 4]).max() / np.abs(tone).max())
    assert made_louder == pytest.approx(HIGHEST_PEAK - measure(clicks, RATE).peak + MOST_LIMITED, abs=1.0)


@pytest.mark.parametrize("hertz", [60, 440, 5000, 11_000])
def test_limiting_moves_nothing_and_leaves_all_but_the_peaks_as_it_is(hertz: int) -> None:
    sound = (0.1 * np.sin(2 * np.pi * hertz * TIMES)).astype(np.float32)
    sound[RATE : RATE + 240] *= 8
    made = limited(sound, RATE, gain=6.0, ceiling=-1.0)
    louder = 10 ** (6 / 20) * sound
    aside = ((TIMES > 0.02) & (TIMES < 0.98)) | ((TIMES > 1.3) & (TIMES < 2.98))
    assert np.abs(made[aside] - louder[aside]).max() < 0.005
    assert np.abs(louder[RATE : RATE + 240]).max() > 1.5
    assert measure(made, RATE).peak == pytest.approx(-1.0, abs=0.5)


@pytest.mark.parametrize("length", [1, 2, 31, 32, 33, 1023, 1024, 1025, RATE + 1])
@pytest.mark.parametrize("rate", [24_000, 44_100])
def test_limiting_gives_back_as_many_samples_as_it_got(length: int, rate: int) -> None:
    noise = np.random.default_rng(length).normal(0, 0.4, length).astype(np.float32)
    made = limited(noise, rate, gain=6.0, ceiling=-1.0)
    assert (len(made), made.dtype) == (length, np.float32)
    assert made.any()
