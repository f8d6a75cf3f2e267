from __future__ import annotations

import librosa
import numpy as np

from voices.training.evaluation import speakers


def test_the_mel_bands_are_those_the_encoder_was_trained_on() -> None:
    """Resemblyzer takes librosa's, with librosa's own defaults."""
    filters = librosa.filters.mel(sr=speakers.RATE, n_fft=speakers.WINDOW, n_mels=speakers.CHANNELS)
    np.testing.assert_allclose(speakers.filters(), filters, atol=1e-8)
    wave = np.random.default_rng(0).normal(0, 0.1, 20_000).astype(np.float32)
    power = librosa.feature.melspectrogram(
        y=wave, sr=speakers.RATE, n_fft=speakers.WINDOW, hop_length=speakers.STEP, n_mels=speakers.CHANNELS
    )
    np.testing.assert_allclose(speakers.power(wave), power.T, atol=1e-6)


def test_a_sound_is_heard_in_pieces_of_one_and_a_half_seconds() -> None:
    frames = np.arange(400 * 40, dtype=np.float32).reshape(400, 40)
    pieces = speakers.pieces(frames)
    assert pieces.shape == (4, 160, 40)
    np.testing.assert_array_equal(pieces[1], frames[77:237])
    short = speakers.pieces(frames[:30])
    assert short.shape == (1, 160, 40)
    assert not short[0, 30:].any()
