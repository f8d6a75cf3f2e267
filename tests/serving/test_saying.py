"""Whether references say their text, in a language of tones."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import torch

from serving.alignment.aligner import Aligner
from serving.errors import VoiceUnusable
from serving.voices import saying
from serving.voices.references import Reference

from .alignment import tones
from .alignment.tones import RATE

TEXT = "Seven ships sailed over the grey sea, with forty old men."
OTHER = "To find a city, over with a city. The men find ships to sea."


@pytest.fixture(scope="module")
def aligner() -> Aligner:
    return tones.aligner()


def hear(aligner: Aligner, text: str, samples: np.ndarray, layout: str = "aligned") -> torch.Tensor | None:
    return saying.hear(aligner, layout, RATE, "amy", Reference("en", text, samples, 0.2))


def test_each_frame_of_an_aligned_voice_gets_its_phone(aligner: Aligner, caplog: pytest.LogCaptureFixture) -> None:
    samples = tones.say(TEXT)
    tokens = hear(aligner, TEXT, samples)
    assert tokens is not None
    assert tokens.shape == (len(samples) // 256 + 1,)
    names = list(tones.VOCABULARY)
    assert [names[token] for token in tokens.unique_consecutive().tolist()] == [phone.token for phone in tones.read(TEXT)]
    assert not caplog.messages


def test_a_clip_that_says_another_text_is_refused_where_its_phones_are_needed(aligner: Aligner) -> None:
    with pytest.raises(VoiceUnusable, match=r"The voice amy does not say its text: .* Write into its \.json what is said"):
        hear(aligner, TEXT, tones.say(OTHER))


def test_it_is_told_where_they_are_not_needed(aligner: Aligner, caplog: pytest.LogCaptureFixture) -> None:
    assert hear(aligner, TEXT, tones.say(OTHER), layout="concatenated") is None
    assert "does not say its text" in caplog.messages[0]
    caplog.clear()
    assert hear(aligner, TEXT, tones.say(TEXT), layout="concatenated") is None
    assert not caplog.messages


@pytest.mark.parametrize("layout", ["aligned", "concatenated"])
def test_a_voice_that_the_aligner_does_not_understand_is_not_refused(
    aligner: Aligner, layout: str, caplog: pytest.LogCaptureFixture
) -> None:
    mumbled = np.random.default_rng(0).standard_normal(5 * RATE).astype(np.float32)
    with caplog.at_level(logging.INFO):
        hear(aligner, TEXT, mumbled, layout)
    assert caplog.messages == ["the aligner does not understand the voice amy well, so its text could not be checked"]


def test_words_that_are_missing_or_too_many_are_named_in_the_log(aligner: Aligner, caplog: pytest.LogCaptureFixture) -> None:
    said = "Ships over the grey sea, with forty old men. Find a city."
    assert hear(aligner, TEXT, tones.say(said)) is not None
    assert "'Seven' is not heard, 'sailed' is not heard, something else is heard at" in caplog.messages[0]


def test_a_text_that_cannot_be_said_in_the_clip_is_refused_where_its_phones_are_needed(aligner: Aligner) -> None:
    short = tones.say("a")
    for text, samples in [("漢字", tones.say(TEXT)), (TEXT, short)]:
        with pytest.raises(VoiceUnusable, match="has a text that this checkpoint cannot say, or not in so short a wave"):
            hear(aligner, text, samples)
        assert hear(aligner, text, samples, layout="concatenated") is None


def test_without_an_aligner_nothing_is_said_against_a_voice() -> None:
    assert saying.hear(None, "concatenated", RATE, "amy", Reference("en", TEXT, tones.say(OTHER), 0.2)) is None
