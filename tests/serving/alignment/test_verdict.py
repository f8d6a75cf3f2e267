from __future__ import annotations

import numpy as np

from serving.alignment import verdict


def heard(classes: str, sure: float = 0.9) -> np.ndarray:
    """Log-probabilities of frames that each sound like one class; `.` is none, `a` to `d` are tokens 0 to 3, `_` is token 4."""
    probabilities = np.full((len(classes), 6), (1 - sure) / 5)
    probabilities[np.arange(len(classes)), [".abcd_".index(name) for name in classes]] = sure
    return np.log(probabilities)


def test_a_token_is_as_sure_as_in_its_best_frame_before_the_next() -> None:
    log_probabilities = heard("..aab.c")
    log_probabilities[3, 1] = np.log(0.95)
    found = np.exp(verdict.support(log_probabilities, np.array([0, 3, 2]), np.array([2, 4, 6])))
    np.testing.assert_allclose(found, [0.95, 0.02, 0.9])


def test_phones_are_told_from_silence_and_from_what_is_unsure() -> None:
    begun, ended = verdict.surely_heard(heard(".aa._b.cc"), silent=[4])
    assert (begun.tolist(), ended.tolist()) == ([1, 5, 7], [3, 6, 9])
    assert verdict.surely_heard(heard(".aa.b", sure=0.4), [4])[0].tolist() == []
    assert verdict.surely_heard(heard("...."), [4])[1].tolist() == []


def test_a_phone_that_fades_and_comes_back_is_one() -> None:
    begun, ended = verdict.surely_heard(heard("aa..a.....a"), silent=[4])
    assert (begun.tolist(), ended.tolist()) == ([0, 10], [5, 11])


def unasked(classes: str, first: list[int], skipped: list[int] | None = None) -> list[tuple[int, int]]:
    before = np.array(skipped or [0] * (len(first) + 1))
    return list(verdict.unasked(*verdict.surely_heard(heard(classes), [4]), np.array(first), before))


def test_phones_between_those_of_the_text_are_more_than_it_asks_for() -> None:
    text = "a.b.c.d"
    assert unasked(text, [0, 2, 4, 6]) == []
    assert unasked("a.b.c.a.b.c.d", [0, 2, 4, 12]) == [(6, 11)]
    assert unasked("d.c.a.b", [4, 6]) == [(0, 3)], "before"
    assert unasked("a.b.c.d", [0, 2]) == [(4, 7)], "after"


def test_a_single_phone_more_is_a_slip_of_the_ear() -> None:
    assert unasked("a.d.b", [0, 4]) == []


def test_a_word_that_was_said_wrongly_is_not_one_more() -> None:
    assert unasked("a.d.c.b", [0, 6]) == [(2, 5)]
    assert unasked("a.d.c.b", [0, 6], skipped=[0, 2, 0]) == []
