from __future__ import annotations

import numpy as np
import pytest

from serving.alignment import frames


def test_a_token_begins_a_little_after_it_is_sure_to_come() -> None:
    assert frames.starts(np.array([5, 9, 20]), 30).tolist() == [6, 10, 21]


def test_no_token_begins_after_the_sound_has_ended() -> None:
    assert frames.starts(np.array([5, 8, 9]), 10).tolist() == [6, 8, 9]


@pytest.mark.parametrize("first", [[0, 1, 2, 3], [1, 2, 3, 9], [0], [4, 5, 6, 7]])
def test_every_token_has_a_frame_and_every_frame_a_token(first: list[int]) -> None:
    found = frames.spoken_in(np.array(first), 10)
    assert len(found) == 10
    assert (np.diff(found) >= 0).all()
    assert sorted(set(found.tolist())) == list(range(len(first)))


def test_what_lies_before_the_first_token_and_after_the_last_belongs_to_them() -> None:
    assert frames.spoken_in(np.array([4, 6]), 9).tolist() == [0, 0, 0, 0, 0, 0, 0, 1, 1]
