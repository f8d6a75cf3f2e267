from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.alignment.path import best_path


def heard(classes: str, sure: float = 0.9) -> np.ndarray:
    """Log-probabilities of frames that each sound like one class; `.` is the blank, `a` token 0, `b` token 1, `c` token 2."""
    probabilities = np.full((len(classes), 4), (1 - sure) / 3)
    probabilities[np.arange(len(classes)), [".abc".index(name) for name in classes]] = sure
    return np.log(probabilities)


def collapsed(classes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(now - 1 for now, before in zip(classes, (0, *classes), strict=False) if now not in (before, 0))


def of_all_paths(log_probabilities: np.ndarray, tokens: list[int]) -> float | None:
    """The best mean log-probability, by trying every row of classes there can be."""
    frames, classes = log_probabilities.shape
    totals = [
        sum(log_probabilities[frame, label] for frame, label in enumerate(labels)) / frames
        for labels in itertools.product(range(classes), repeat=frames)
        if collapsed(labels) == tuple(tokens)
    ]
    return max(totals, default=None)


def path(classes: str, *tokens: int) -> tuple[list[int], float]:
    found = best_path(heard(classes), np.array(tokens, dtype=int))
    assert found is not None
    return found[0].tolist(), found[1]


def test_each_token_begins_where_it_is_heard_first() -> None:
    assert path("..aa.bb.c.", 0, 1, 2) == ([2, 5, 8], pytest.approx(np.log(0.9)))


def test_two_of_the_same_token_are_told_apart_by_what_lies_between() -> None:
    assert path("aa.aa", 0, 0)[0] == [0, 3]
    # Without anything between, the path must give a frame away for it.
    assert path("aaaa", 0, 0)[1] < np.log(0.9)


def test_a_token_that_is_not_heard_takes_its_turn_and_lowers_the_score() -> None:
    whole, lacking = path("a.b.c", 0, 1, 2), path("a...c", 0, 1, 2)
    assert lacking[0][::2] == whole[0][::2]
    assert lacking[1] < whole[1]


def test_more_tokens_than_frames_have_no_path() -> None:
    assert best_path(heard("ab"), np.array([0, 1, 2])) is None
    assert best_path(heard("aaa"), np.array([0, 0, 0])) is None
    assert best_path(heard("a.a"), np.array([0, 0])) is not None
    assert best_path(np.zeros((0, 4)), np.array([], dtype=int)) is None


def test_no_tokens_are_all_blank() -> None:
    assert path("....") == ([], pytest.approx(np.log(0.9)))


@given(
    st.lists(st.lists(st.floats(-6, 0), min_size=3, max_size=3), min_size=1, max_size=6),
    st.lists(st.integers(0, 1), max_size=4),
)
def test_no_path_is_better(rows: list[list[float]], tokens: list[int]) -> None:
    log_probabilities = np.array(rows)
    found, wanted = best_path(log_probabilities, np.array(tokens, dtype=int)), of_all_paths(log_probabilities, tokens)
    assert (found is None) == (wanted is None)
    if found is None or wanted is None:
        return
    first, score = found
    assert score == pytest.approx(wanted)
    assert len(first) == len(tokens)
    assert (np.diff(first) > 0).all()
    # A path through these very frames is as good: where each token begins was not made up.
    assert through(log_probabilities, tokens, first) == pytest.approx(wanted)


def through(log_probabilities: np.ndarray, tokens: list[int], first: np.ndarray) -> float:
    """The best mean log-probability of the paths on which each token begins in its frame of `first`."""
    bounds = [*first.tolist(), len(log_probabilities)]
    total = log_probabilities[: bounds[0], 0].sum()
    for at, token in enumerate(tokens):
        part = log_probabilities[bounds[at] : bounds[at + 1]]
        repeated = at + 1 < len(tokens) and tokens[at + 1] == token
        lasts = range(1, len(part) + (not repeated))
        total += max((part[:last, token + 1].sum() + part[last:, 0].sum() for last in lasts), default=-np.inf)
    return total / len(log_probabilities)
