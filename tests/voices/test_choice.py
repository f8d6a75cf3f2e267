from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from voices.training.evaluation.choice import Chooser
from voices.training.evaluation.doubts import Doubts
from voices.training.evaluation.reading import Reading, twice

RATE = 100
SENTENCES = ["red ships sail home", "blue cats sleep here", "and of the to"]
COMMON = SENTENCES[2].split()
#: Levels that stand for words, a tenth of a second each.
LEVELS = {word: number + 1.0 for number, word in enumerate(dict.fromkeys(" ".join(SENTENCES).split()))}


def say(text: str) -> np.ndarray:
    return np.concatenate([np.full(RATE // 10, LEVELS[word], np.float32) for word in text.split()])


def listen(sound: np.ndarray, texts: Sequence[str]) -> np.ndarray:
    """A listener who holds what it hears probable, and common words always."""

    def word(name: str) -> float:
        if LEVELS[name] in sound:
            return -0.1 if name in COMMON else -2.0
        return -0.2 if name in COMMON else -4.0

    return np.array([sum(map(word, text.split())) for text in texts])


def read(*said: str) -> Doubts:
    return Chooser(SENTENCES, listen, RATE).chosen([say(text) for text in said]).doubts


def test_a_sentence_is_known_though_another_one_is_more_probable_without_hearing_anything() -> None:
    assert listen(say(SENTENCES[0]), SENTENCES).argmax() == 2
    assert read(*SENTENCES) == Doubts((), ())


@pytest.mark.parametrize("instead", SENTENCES[1:])
def test_a_sentence_in_whose_place_another_was_said_is_doubted(instead: str) -> None:
    assert read(instead, SENTENCES[1], SENTENCES[2]) == Doubts((0,), ())


def test_a_sentence_in_whose_place_nothing_was_said_is_doubted() -> None:
    sounds = [say(SENTENCES[0]), np.zeros(RATE, np.float32), say(SENTENCES[2])]
    assert Chooser(SENTENCES, listen, RATE).chosen(sounds).doubts == Doubts((1,), ())


def test_a_sound_in_which_two_sentences_are_heard_alike_is_doubted() -> None:
    assert read(f"{SENTENCES[0]} {SENTENCES[1]}", SENTENCES[1], SENTENCES[2]) == Doubts((0,), ())


def test_a_sentence_that_was_said_twice_is_doubted() -> None:
    assert read(SENTENCES[0], f"{SENTENCES[1]} {SENTENCES[1]}", SENTENCES[2]) == Doubts((), (1,))


def test_half_a_sentence_is_still_known_for_it_and_left_to_the_aligner() -> None:
    assert read("red ships", SENTENCES[1], SENTENCES[2]) == Doubts((), ())


def test_a_choice_tells_how_far_ahead_the_right_sentence_is_where_it_is_closest() -> None:
    chooser = Chooser(SENTENCES[:2], listen, RATE)
    assert chooser.chosen([say(text) for text in SENTENCES[:2]]).margin == pytest.approx(8)
    assert chooser.chosen([say(SENTENCES[1]), say(f"{SENTENCES[1]} red")]).margin == pytest.approx(-8)


def test_a_sentence_said_by_one_and_then_by_another_is_known_for_said_twice() -> None:
    one = Reading("en", SENTENCES, [say(text) for text in SENTENCES])
    slow = Reading("en", SENTENCES, [say(text).repeat(2) for text in SENTENCES])
    chooser, spliced = Chooser(SENTENCES, listen, RATE), twice(one, slow)
    assert [chooser.is_twice(number, sound) for number, sound in enumerate(spliced)] == [True] * len(SENTENCES)
    assert not any(chooser.is_twice(number, sound) for number, sound in enumerate(one.sounds))
