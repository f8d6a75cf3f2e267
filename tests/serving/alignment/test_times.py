from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.alignment.times import SHARED, character_ends, shared_out, spaces_shared
from serving.pronunciation import Phone, Pronunciation


def test_a_phone_shares_its_time_between_its_characters() -> None:
    phones = [Phone("/w/", 0, 2), Phone("/A/", 2, 4), Phone(" ", 4, 5), Phone("/k/", 5, 6), Phone("/s/", 5, 6)]
    assert character_ends(6, phones, [1, 3, 4, 5, 7, 8]).tolist() == [2, 3, 3.5, 4, 5, 8]


def test_a_character_that_nothing_speaks_ends_with_the_one_before_it() -> None:
    phones = [Phone("/A/", 1, 2), Phone("/b/", 3, 4)]
    assert character_ends(5, phones, [1, 2, 4]).tolist() == [1, 2, 2, 4, 4]


@given(st.text(max_size=60), st.integers(0, 2**32 - 1))
def test_ends_never_fall_and_words_end_with_their_last_phone(text: str, seed: int) -> None:
    phones = Pronunciation().read(text)
    bounds = np.cumsum(np.random.default_rng(seed).random(len(phones) + 1))
    if not phones:
        return
    ends = character_ends(len(text), phones, bounds)
    assert len(ends) == len(text)
    assert (np.diff(ends) >= 0).all()
    assert bounds[0] <= ends[0] + 1e-9
    assert ends[-1] == pytest.approx(bounds[-1])
    for number, (phone, following) in enumerate(itertools.pairwise(phones)):
        if phone.end <= following.start:
            assert ends[phone.end - 1] == pytest.approx(bounds[number + 1])


def test_half_of_a_space_is_the_next_words_but_never_more_than_a_moment_of_it() -> None:
    phones = [Phone("a", 0, 1), Phone(" ", 1, 2), Phone("b", 2, 3), Phone(",", 3, 4), Phone("c", 4, 5), Phone(" ", 5, 6)]
    phones.append(Phone("d", 6, 7))
    bounds = np.array([0, 5, 8, 12, 20, 25, 65, 70])
    assert spaces_shared(phones, bounds, frame=1).tolist() == [0, 5, 6.5, 12, 20, 25, 65 - SHARED, 70]
    assert spaces_shared(phones, bounds / 4, frame=0.25).tolist() == [0, 1.25, 1.625, 3, 5, 6.25, 16.25 - SHARED / 4, 17.5]


def test_time_is_shared_out_by_syllables_and_pauses() -> None:
    text = "Chín chào các bạn."
    ends = shared_out(text, 1.0, 5.0)
    assert [ends[text.index(word) + len(word) - 1] for word in ("Chín", "chào", "các")] == pytest.approx([2, 3, 4])
    assert ends[-1] == 5.0
    paused = shared_out("one. two", 0.0, 1.0)
    assert paused[4] - paused[2] > paused[2] - paused[0]


@given(st.text(min_size=1, max_size=60))
def test_shared_out_time_never_falls_and_ends_with_the_speech(text: str) -> None:
    ends = shared_out(text, 0.5, 2.0)
    assert len(ends) == len(text)
    assert (np.diff(ends) >= 0).all()
    assert ends[0] >= 0.5
    assert ends[-1] == pytest.approx(2.0)
