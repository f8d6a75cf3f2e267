"""The aligner on a language of tones, in which it is known what was said when."""

from __future__ import annotations

import numpy as np
import pytest
import soxr

from serving.alignment.aligner import Aligner
from serving.alignment.alignment import Alignment

from . import tones
from .tones import RATE

TEXT = "Seven ships sailed over the grey sea, with forty old men."


@pytest.fixture(scope="module")
def aligner() -> Aligner:
    return tones.aligner()


def align(aligner: Aligner, text: str, samples: np.ndarray, rate: int = RATE) -> Alignment:
    found = aligner.align(text, "en", aligner.hear(samples, rate))
    assert found is not None
    return found


def skipped(found: Alignment, text: str) -> list[str]:
    return [text[word.start : word.end] for word in found.skipped]


def starts_of_words(found: Alignment, text: str) -> dict[str, float]:
    """Seconds at which each word begins: where the character before it ends."""
    ends = found.character_ends(len(text))
    places = {word.strip(".,"): text.index(word) for word in text.split()}
    return {word: ends[place - 1] if place else found.bounds[0] for word, place in places.items()}


def truth(text: str) -> dict[str, float]:
    begun = tones.speech(tones.read(text))[1]
    of_characters: dict[int, float] = {}
    for phone, start in zip(tones.read(text), begun, strict=True):
        of_characters.setdefault(phone.start, start)
    return {word.strip(".,"): of_characters[text.index(word)] for word in text.split()}


def test_words_begin_when_they_are_heard(aligner: Aligner) -> None:
    found = align(aligner, TEXT, tones.say(TEXT))
    assert (found.score, found.skipped, found.extra) == (1.0, (), ())
    told, wanted = starts_of_words(found, TEXT), truth(TEXT)
    assert {word: told[word] for word in wanted} == pytest.approx(wanted, abs=0.03)


def test_every_character_has_an_end_and_ends_never_fall(aligner: Aligner) -> None:
    text = f"«{TEXT}» ☃"
    samples = tones.say(TEXT)
    ends = align(aligner, text, samples).character_ends(len(text))
    assert len(ends) == len(text)
    assert (np.diff(ends) >= 0).all()
    assert 0 <= ends[0] < 0.05
    assert ends[-1] == pytest.approx(len(samples) / RATE, abs=0.02)


@pytest.mark.parametrize("left_out", ["ships ", "the grey ", "Seven ", " old men", "forty old "])
def test_words_that_were_not_said_are_told_and_push_no_others_aside(aligner: Aligner, left_out: str) -> None:
    said = TEXT.replace(left_out, "")
    found = align(aligner, TEXT, tones.say(said))
    assert skipped(found, TEXT) == left_out.split()
    told, wanted = starts_of_words(found, TEXT), truth(said)
    assert {word: told[word] for word in wanted} == pytest.approx(wanted, abs=0.03)
    assert found.extra == ()


@pytest.mark.parametrize(
    "said",
    [
        "Seven ships sailed over seven ships sailed over the grey sea, with forty old men.",
        "Seven ships sailed over the grey grey sea, with forty old men.",
        "Seven ships sailed over the grey sea, with forty old men. Forty old men.",
        "Find a city. Seven ships sailed over the grey sea, with forty old men.",
        "Seven ships sailed over the grey sea, to find a city, with forty old men.",
    ],
)
def test_words_that_nobody_asked_for_are_told_with_their_time(aligner: Aligner, said: str) -> None:
    found = align(aligner, TEXT, tones.say(said))
    assert found.skipped == ()
    lasts = sum(end - begin for begin, end in found.extra)
    more = (len(tones.say(said)) - len(tones.say(TEXT))) / RATE
    pauses = (said.count(".") + said.count(",") - 2) * tones.MARK
    assert lasts == pytest.approx(more - pauses, abs=0.2)


def test_another_text_is_understood_but_not_found(aligner: Aligner) -> None:
    other = align(aligner, TEXT, tones.say("To find a city, over with a city. The men find ships to sea."))
    assert other.score < 0.5
    assert other.understood > 0.7
    noise = align(aligner, TEXT, np.random.default_rng(0).standard_normal(4 * RATE).astype(np.float32))
    assert noise.score < 0.5
    assert noise.understood < 0.3


def test_level_and_rate_change_nothing(aligner: Aligner) -> None:
    samples = tones.say(TEXT)
    plain = align(aligner, TEXT, samples)
    for changed, rate in [(0.01 * samples, RATE), (soxr.resample(samples, RATE, 44_100), 44_100)]:
        found = align(aligner, TEXT, changed, rate)
        assert found.score == 1
        np.testing.assert_allclose(found.bounds, plain.bounds, atol=0.025)


def test_what_cannot_be_laid_on_the_sound_is_none(aligner: Aligner) -> None:
    samples = tones.say(TEXT)
    whole = aligner.hear(samples, RATE)
    assert aligner.align("漢字 ☃", "en", whole) is None
    assert aligner.tokens_of_frames("漢字 ☃", "en", whole) is None
    for length in (RATE // 10, 10, 0):
        short = aligner.hear(samples[:length], RATE)
        assert aligner.align(TEXT, "en", short) is None
        assert aligner.tokens_of_frames(TEXT, "en", short) is None


def test_each_frame_of_a_clip_gets_the_token_that_is_spoken_there(aligner: Aligner) -> None:
    samples = tones.say(TEXT)
    tokens = aligner.tokens_of_frames(TEXT, "en", aligner.hear(samples, RATE))
    assert tokens is not None
    assert len(tokens) == len(samples) // 256 + 1
    phones = tones.read(TEXT)
    inside = [start + tones.PHONE / 2 for start in tones.speech(phones)[1]]
    for phone, seconds in zip(phones, inside, strict=True):
        if phone.token.startswith("/"):
            assert tokens[round(seconds * RATE / 256)] == tones.VOCABULARY[phone.token]
