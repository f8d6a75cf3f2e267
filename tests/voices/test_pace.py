from __future__ import annotations

import numpy as np

from voices.training.evaluation import pace


def test_equal_neighbours_are_one_run() -> None:
    tokens, lengths = pace.runs(np.array([7, 7, 2, 2, 2, 7]))
    assert tokens.tolist() == [7, 2, 7]
    assert lengths.tolist() == [2, 3, 1]


def test_each_phone_is_compared_with_itself_and_pauses_are_left_out() -> None:
    planned = np.repeat([5, 0, 8, 9], [3, 4, 2, 6])
    true = np.repeat([5, 0, 8, 9], [2, 9, 2, 7])
    assert pace.apart(planned, true, silent={0}) == [1, 0, -1]


def test_a_phone_without_a_frame_costs_no_other_its_place() -> None:
    planned = np.repeat([5, 8, 9], [3, 2, 6])
    true = np.repeat([5, 3, 8, 9], [3, 1, 2, 6])
    assert pace.apart(planned, true, silent=()) == [0, 0, 0]
