from __future__ import annotations

import numpy as np
import pytest

from pipeline.speech.levels import HIGHEST_PEAK, TARGET_LOUDNESS, level, measure

RATE = 24_000
TIMES = np.arange(3 * RATE) / RATE


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
