"""What the bundled voice says, by numbers."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from serving.alignment import timing
from serving.alignment.alignment import Alignment
from serving.engine import Engine, Sound

#: Part of the phones that must be heard.
LIMIT = 0.75
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
    ends = sound.laid_ends
    assert ends is not None
    assert len(ends) == len(SENTENCES[voice])
    assert list(ends) == sorted(ends)
    assert ends[0] > 0
    assert ends[-1] == pytest.approx(len(sound.samples) / sound.rate, abs=0.03)


def hear(engine: Engine, sound: Sound, text: str, language: str) -> Alignment:
    aligner = engine.checkpoint.aligner
    assert aligner is not None
    found = aligner.align(text, language, aligner.hear(sound.samples, sound.rate))
    assert found is not None
    return found


@pytest.mark.parametrize("voice", SENTENCES)
def test_a_listener_hears_every_word_and_most_phones(engine: Engine, spoken: dict[str, Sound], voice: str) -> None:
    heard = hear(engine, spoken[voice], SENTENCES[voice], voice[:2])
    assert heard.score > LIMIT
    assert (heard.skipped, heard.extra) == ((), ())


@pytest.mark.parametrize("voice", SENTENCES)
def test_the_listener_hears_that_other_words_were_said(engine: Engine, spoken: dict[str, Sound], voice: str) -> None:
    others = [text for other, text in SENTENCES.items() if other[:2] == voice[:2] and other != voice]
    for text in others:
        heard = hear(engine, spoken[voice], text, voice[:2])
        assert not heard.is_sure
        assert len(heard.skipped) > 2


#: Words that are put into the middle of a text, and were not said.
UNSAID = {"en": ["many", "onions"], "vi": ["con", "voi", "tím"]}


@pytest.mark.parametrize("voice", SENTENCES)
def test_the_listener_tells_words_that_were_not_said(engine: Engine, spoken: dict[str, Sound], voice: str) -> None:
    words = SENTENCES[voice].split()
    more = " ".join([*words[:4], *UNSAID[voice[:2]], *words[4:]])
    heard = hear(engine, spoken[voice], more, voice[:2])
    skipped = [more[word.start : word.end] for word in heard.skipped]
    assert set(UNSAID[voice[:2]]) <= set(skipped)
    assert len(skipped) <= len(UNSAID[voice[:2]]) + 1


@pytest.mark.parametrize("voice", SENTENCES)
def test_the_listener_tells_what_was_said_twice(engine: Engine, spoken: dict[str, Sound], voice: str) -> None:
    once = spoken[voice]
    twice = dataclasses.replace(once, samples=np.tile(once.samples, 2))
    extra = sum(end - begin for begin, end in hear(engine, twice, SENTENCES[voice], voice[:2]).extra)
    assert 0.6 < extra / (len(once.samples) / once.rate) < 1.2


@pytest.mark.parametrize("voice", SENTENCES)
def test_words_are_heard_when_they_were_laid_out(engine: Engine, spoken: dict[str, Sound], voice: str) -> None:
    sound, text = spoken[voice], SENTENCES[voice]
    heard = timing.told(text, dataclasses.replace(sound, laid_ends=None), hear(engine, sound, text, voice[:2]))
    laid = timing.told(text, sound, None)
    assert (heard.timing, laid.timing) == ("aligned", "laid")
    starts = [place for place in range(1, len(text)) if text[place - 1] == " "]
    apart = [abs(heard.character_ends[place - 1] - laid.character_ends[place - 1]) for place in starts]
    assert np.median(apart) < 0.04


def test_speech_at_double_speed_takes_half_as_long(engine: Engine, spoken: dict[str, Sound]) -> None:
    fast = speak(engine, SENTENCES["en_male"], "en_male", speed=2.0)
    assert len(fast.samples) / len(spoken["en_male"].samples) == pytest.approx(0.5, abs=0.03)
