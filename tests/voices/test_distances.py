from __future__ import annotations

import numpy as np
import pytest

from serving.model.mel import Mel
from voices.training.evaluation import distances

RATE = 24_000


def tone(hertz: float, seconds: float = 1.0, level: float = 0.2) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def test_a_stretched_copy_has_no_distance() -> None:
    frames = np.random.default_rng(0).normal(size=(40, 12))
    assert distances.warped(frames, frames) == pytest.approx(0, abs=1e-5)
    assert distances.warped(frames, np.repeat(frames, 3, axis=0)) == pytest.approx(0, abs=1e-5)


def test_the_distance_is_the_mean_along_the_cheapest_way() -> None:
    # Each frame 3 away from all of the other: the diagonal, two long.
    assert distances.warped(np.zeros((2, 1)), np.full((2, 1), 3.0)) == pytest.approx(3.0)
    # 0 1 5 beside 0 5: the 1 goes to the 0, one of three frames of the way costs 1.
    assert distances.warped(np.array([[0.0], [1.0], [5.0]]), np.array([[0.0], [5.0]])) == pytest.approx(1 / 3)


def test_warping_finds_what_cell_by_cell_is_found() -> None:
    random = np.random.default_rng(1)
    for rows, columns in random.integers(1, 9, size=(30, 2)):
        one, other = random.normal(size=(rows, 3)), random.normal(size=(columns, 3))
        totals = np.full((rows + 1, columns + 1), np.inf)
        totals[0, 0] = 0
        lengths = np.zeros((rows + 1, columns + 1), int)
        for at in range(rows):
            for beside in range(columns):
                before = min([(at, beside), (at, beside + 1), (at + 1, beside)], key=lambda cell: totals[cell])
                totals[at + 1, beside + 1] = totals[before] + np.linalg.norm(one[at] - other[beside])
                lengths[at + 1, beside + 1] = lengths[before] + 1
        assert distances.warped(one, other) == pytest.approx(totals[-1, -1] / lengths[-1, -1])


def test_neither_loudness_nor_silence_at_the_ends_counts() -> None:
    spectrogram = Mel()
    wave = tone(300) * np.linspace(0.3, 1, RATE).astype(np.float32)
    padded = np.concatenate([np.zeros(RATE // 2, np.float32), 0.25 * wave, np.zeros(RATE, np.float32)])
    other = distances.mel(tone(900), spectrogram)
    own = distances.warped(distances.mel(wave, spectrogram), distances.mel(padded, spectrogram))
    assert own < 0.2 * distances.warped(distances.mel(wave, spectrogram), other)


def test_what_nobody_hears_beside_the_loudest_is_no_distance() -> None:
    spectrogram = Mel()
    clean = tone(500)
    hiss = clean + np.random.default_rng(0).normal(0, 1e-6, RATE).astype(np.float32)
    assert distances.warped(distances.mel(clean, spectrogram), distances.mel(hiss, spectrogram)) < 0.01


def test_a_wave_twice_as_loud_differs_by_the_logarithm_of_two() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    assert distances.mel_error(2 * noise, noise, Mel()) == pytest.approx(np.log(2), rel=1e-3)
    # Convergence is |2x - x| / |x| = 1, the logarithms differ by log 2.
    assert distances.spectral(2 * noise, noise) == pytest.approx(1 + np.log(2), rel=1e-3)
    assert distances.spectral(noise, noise) == 0


def test_silence_is_compared_without_complaint() -> None:
    silent = np.zeros(RATE, np.float32)
    assert np.isfinite(distances.mel(silent, Mel())).all()
    assert distances.spectral(silent, silent) == 0
