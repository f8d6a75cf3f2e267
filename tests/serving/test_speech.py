"""What the bundled voice says, by numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from serving.engine import Engine, Sound

from .aligner import Listener, error_rate
from .conftest import SAMPLE

#: Mean character error rate that must not be passed. Measured for the bundled voice: 0.11 (0.05 to 0.15).
LIMIT = 0.25
SENTENCES = {
    "en_female": "The weather is fine today, and we are going for a walk.",
    "en_male": "Please read the first page of this book.",
    "vi_female": "Hôm nay trời đẹp và chúng tôi đi dạo trong công viên.",
    "vi_male": "Cuốn sách này nói về lịch sử của thành phố.",
}


def speak(engine: Engine, text: str, voice: str, speed: float = 1.0) -> Sound:
    state = engine.prepare(engine.plan(text, voice, speed, seed=1))
    while not engine.done(state):
        engine.step([state])
    [sound] = engine.finish([state])
    assert isinstance(sound, Sound)
    return sound


@pytest.fixture(scope="module")
def spoken(engine: Engine) -> dict[str, Sound]:
    return {voice: speak(engine, text, voice) for voice, text in SENTENCES.items()}


@pytest.mark.parametrize("voice", SENTENCES)
def test_speech_has_a_sane_length_level_and_spectrum(spoken: dict[str, Sound], voice: str) -> None:
    sound, text = spoken[voice], SENTENCES[voice]
    seconds = len(sound.samples) / sound.rate
    assert 7 < len(text) / seconds < 25, "characters a second"
    assert np.isfinite(sound.samples).all()
    assert np.abs(sound.samples).max() <= 1
    assert 0.03 < np.sqrt(np.mean(sound.samples**2)) < 0.2
    power = np.abs(np.fft.rfft(sound.samples)) ** 2
    hertz = np.fft.rfftfreq(len(sound.samples), 1 / sound.rate)
    assert power[(hertz > 80) & (hertz < 4000)].sum() / power.sum() > 0.8, "speech lies between 80 and 4000 Hz"
    assert abs(sound.samples.mean()) < 0.01


@pytest.mark.parametrize("voice", SENTENCES)
def test_characters_end_in_order_within_the_sound(spoken: dict[str, Sound], voice: str) -> None:
    sound = spoken[voice]
    ends = sound.character_ends
    assert ends is not None
    assert len(ends) == len(SENTENCES[voice])
    assert list(ends) == sorted(ends)
    assert ends[0] > 0
    assert ends[-1] == pytest.approx(len(sound.samples) / sound.rate, abs=0.03)


def test_a_listener_understands_most_characters(engine: Engine, spoken: dict[str, Sound]) -> None:
    listener = Listener(SAMPLE / "aligner.safetensors").eval()
    vocabulary = list(engine.checkpoint.vocabulary)
    rates = {}
    for voice, text in SENTENCES.items():
        mel = engine.checkpoint.mel(torch.from_numpy(spoken[voice].samples)[None])[0].T
        rates[voice] = error_rate(listener.hear(mel, vocabulary).strip(), text.lower())
    assert np.mean(list(rates.values())) < LIMIT, rates


def test_the_listener_hears_that_other_words_were_said(engine: Engine, spoken: dict[str, Sound]) -> None:
    listener = Listener(SAMPLE / "aligner.safetensors").eval()
    mel = engine.checkpoint.mel(torch.from_numpy(spoken["en_male"].samples)[None])[0].T
    heard = listener.hear(mel, list(engine.checkpoint.vocabulary)).strip()
    assert error_rate(heard, SENTENCES["en_female"].lower()) > 2 * LIMIT


def test_speech_at_double_speed_takes_half_as_long(engine: Engine, spoken: dict[str, Sound]) -> None:
    fast = speak(engine, SENTENCES["en_male"], "en_male", speed=2.0)
    assert len(fast.samples) / len(spoken["en_male"].samples) == pytest.approx(0.5, abs=0.03)
