from __future__ import annotations

import numpy as np
import pytest

from serving.alignment.words import words
from tests.serving.alignment import tones
from voices.training.evaluation import times
from voices.training.evaluation.teacher_times import spoken

WORD, PHONE, SENTENCE = 1, 7, 2


def test_words_of_espeak_last_from_their_event_to_the_pause_after_them() -> None:
    events = [
        (SENTENCE, 0, 0.0, b""),
        (WORD, 0, 0.0, b""),
        (PHONE, 0, 0.01, b"s"),
        (PHONE, 0, 0.09, b"y"),
        (PHONE, 0, 0.26, b"_|"),
        (WORD, 3, 0.26, b""),
        (PHONE, 3, 0.26, b"_|"),  # the closure of a stop belongs to its word
        (PHONE, 3, 0.30, b"tS"),
        (PHONE, 3, 0.51, b"_:"),
        (PHONE, 3, 0.80, b"_"),
        (WORD, 9, 0.80, b"_"),  # a mark that is no word
        (PHONE, 9, 0.90, b"_"),
    ]
    assert spoken(events) == {0: (0.0, 0.26), 3: (0.26, 0.51)}


def test_times_are_compared_word_by_word() -> None:
    true = {0: (0.1, 0.3), 4: (0.4, 0.6), 9: (0.7, 0.9)}
    heard = {0: (0.12, 0.3), 4: (0.37, 0.65), 20: (1.0, 1.1)}
    found = times.offsets(true, heard)
    np.testing.assert_allclose(found.starts, [0.02, -0.03])
    np.testing.assert_allclose(found.ends, [0.0, 0.05])
    assert found.missed == 2


def test_errors_are_summed_up_in_milliseconds_with_and_without_sign() -> None:
    first = times.Offsets(starts=np.array([0.01, -0.03]), ends=np.array([0.02]), missed=1)
    second = times.Offsets(starts=np.array([-0.02]), ends=np.array([0.0]), missed=0)
    found = times.figures([first, second])
    assert found["starts"]["median"] == pytest.approx(20)
    assert found["starts"]["late"] == pytest.approx(-20)
    assert found["starts"]["p90"] == pytest.approx(28)
    assert found["ends"]["median"] == pytest.approx(10)
    assert found["missed"] == 1


def test_a_trained_aligner_is_found_to_be_near_the_truth() -> None:
    """In a language of tones, where every phone has a sound of its own and is known to the sample."""
    text = "the grey ships sailed over the sea"
    phones = tones.read(text)
    samples, begun = tones.speech(phones)
    true = {word.start: (begun[word.first], begun[word.last - 1] + tones.PHONE) for word in words(phones)}
    alignment = tones.aligner().align(text, "en", tones.aligner().hear(samples, tones.RATE))
    assert alignment is not None
    found = times.figures([times.offsets(true, times.told(alignment))])
    assert found["missed"] == 0
    assert found["starts"]["median"] < 30
    assert found["ends"]["median"] < 40
