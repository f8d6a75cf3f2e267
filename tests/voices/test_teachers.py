"""The teachers that are at hand speak, each speaker in the pitch that is meant for them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from voices.training.corpus import RATE
from voices.training.speech import trimmed
from voices.training.teachers import espeak, hibari

PHONES = "ðə lˈAzi dˈɔɡ ɹˈɛsts bɪsˈIdz ðə ɹˈɪvəɹ."
VIETNAMESE = "Dòng sông chảy qua làng tôi."


def pitch(samples: np.ndarray) -> float:
    """Median fundamental in Hz over the loud half of the frames, by autocorrelation."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, 2_048)[::512]
    loud = frames[(frames**2).mean(1) > np.median((frames**2).mean(1))]
    spectra = np.fft.rfft(loud * np.hanning(2_048), 4_096)
    lags = np.fft.irfft(np.abs(spectra) ** 2)[:, RATE // 400 : RATE // 55]
    return float(np.median(RATE / (lags.argmax(1) + RATE // 400)))


@pytest.fixture(scope="module")
def english() -> hibari.Teacher:
    return hibari.Teacher()


@pytest.fixture(scope="module")
def vietnamese(system_program: Callable[[str], None]) -> espeak.Teacher:
    system_program("espeak-ng")
    return espeak.Teacher()


def test_the_same_seed_speaks_the_same_and_another_nearly(english: hibari.Teacher) -> None:
    first, again, other = (english.speak(PHONES, "heart", seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert not (first == other).all()
    assert np.corrcoef(first, other)[0, 1] > 0.9


def melody(english: hibari.Teacher, who: hibari.Speaker) -> np.ndarray:
    """What the speaker's pitch is to be, in Hz, 80 values a second, 0 where unvoiced."""
    ids = np.asarray([english.voice.ids(PHONES)], np.int64)
    found = english.voice.sess.run(None, {"ids": ids, "speed": np.asarray([who.speed], np.float32)})[5][0]
    logarithm = np.log(found[found > 40])
    asked = np.zeros_like(found)
    asked[found > 40] = np.exp(logarithm.mean() + (logarithm - logarithm.mean()) * who.lively) * who.pitch
    return asked


def heard(samples: np.ndarray, asked: np.ndarray) -> float:
    """The factor on the melody at whose periods the loud half of the frames repeat themselves best, between 0.7 and 1.4."""
    window = np.hanning(2_048)
    frames = np.lib.stride_tricks.sliding_window_view(samples, 2_048)[::512]
    pitches = np.interp((np.arange(len(frames)) * 512 + 1_024) * 80 / RATE, np.arange(len(asked)), asked)
    kept = (pitches > 40) & ((frames**2).mean(1) > np.median((frames**2).mean(1)))
    correlations, tapered = (
        np.fft.irfft(np.abs(np.fft.rfft(sound, 4_096)) ** 2)[..., :1_024] for sound in (frames[kept] * window, window)
    )
    alike = correlations / correlations[:, :1] / (tapered / tapered[0])
    lags = np.arange(1_024)
    factors = np.arange(0.7, 1.4, 0.01)
    repeats = [
        np.mean([np.interp(RATE / (hertz * factor), lags, row) for hertz, row in zip(pitches[kept], alike, strict=True)])
        for factor in factors
    ]
    return float(factors[int(np.argmax(repeats))])


@pytest.mark.parametrize("speaker", hibari.SPEAKERS)
def test_a_moved_voice_has_the_melody_and_the_pace_of_its_speaker(english: hibari.Teacher, speaker: str) -> None:
    heart, moved = english.speak(PHONES, "heart", 1), english.speak(PHONES, speaker, 1)
    who = hibari.SPEAKERS[speaker]
    assert heard(moved, melody(english, who)) == pytest.approx(1.0, abs=0.025)
    assert len(heart) / len(moved) == pytest.approx(who.speed, rel=0.06)


def test_a_melody_swings_about_the_mean_of_what_is_voiced_alone() -> None:
    found = np.array([0.3, -0.8, 0.1, 100.0, 400.0, 0.2, -1.7, 7.0, 0.4], np.float32)
    moved = hibari.moved(found, hibari.Speaker(pitch=0.5, lively=0.5))
    assert moved[3:5] == pytest.approx([0.5 * 200 / 2**0.5, 0.5 * 200 * 2**0.5], rel=1e-5)
    assert (moved[found < hibari.UNVOICED] == found[found < hibari.UNVOICED]).all()


def envelope(samples: np.ndarray) -> np.ndarray:
    """Mean log spectrum, smoothed so that the harmonics are gone: one value every 10 Hz."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, 2_400)[::600] * np.hanning(2_400)
    logarithm = np.log(np.abs(np.fft.rfft(frames)) + 1e-3).mean(0)
    return np.convolve(logarithm, np.hanning(45) / np.hanning(45).sum(), "same")


@pytest.mark.parametrize("speaker", ["heart_bass", "heart_child", "heart_alto"])
def test_the_formants_move_with_the_tract_and_not_with_the_pitch(english: hibari.Teacher, speaker: str) -> None:
    heart, moved = (envelope(english.speak(PHONES, name, 1)) for name in ("heart", speaker))
    at = np.arange(60, 500)
    factors = np.arange(0.7, 1.3, 0.01)
    alike = [np.corrcoef(np.interp(at / factor, np.arange(len(heart)), heart), moved[at])[0, 1] for factor in factors]
    assert factors[int(np.argmax(alike))] == pytest.approx(hibari.SPEAKERS[speaker].tract, abs=0.05)


def test_vietnamese_is_spoken_by_women_above_men_in_north_and_south(vietnamese: espeak.Teacher) -> None:
    spoken = {name: vietnamese.speak(VIETNAMESE, name) for name in espeak.SPEAKERS}
    assert all(len(samples) > RATE and np.abs(samples).max() > 0.05 for samples in spoken.values())
    assert pitch(spoken["vi_female"]) > 1.3 * pitch(spoken["vi_male"])
    assert len({len(samples) for samples in spoken.values()}) > 5


def test_a_text_that_begins_with_a_dash_is_spoken_not_taken_for_an_option(vietnamese: espeak.Teacher) -> None:
    assert len(vietnamese.speak("--version là một từ.", "vi_male")) > RATE


def test_silence_around_speech_is_cut_to_a_breath() -> None:
    silence, tone = np.zeros(RATE, np.float32), np.sin(np.arange(RATE) * 0.1).astype(np.float32)
    cut = trimmed(np.concatenate([silence, tone, silence]))
    assert len(cut) == pytest.approx(RATE * 1.12, abs=200)
    assert len(trimmed(silence)) == 0
