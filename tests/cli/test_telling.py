from __future__ import annotations

import itertools

import pytest

from cli.eta import TimeLeft
from cli.talk import size_in_words


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (812, "812 bytes"),
        (1000, "1.0 kB"),
        (12_345, "12.3 kB"),
        (123_456, "123 kB"),
        (999_600, "1.0 MB"),
        (4_210_000, "4.2 MB"),
        (1_234_567_890, "1,235 MB"),
    ],
)
def test_sizes_are_told_in_the_unit_that_suits_them(size: int, words: str):
    assert size_in_words(size) == words


def seconds(told: str) -> int:
    minutes, rest = told.removeprefix("about ").removesuffix(" left").split(":")
    return 60 * int(minutes) + int(rest)


class TestTheTimeLeft:
    def test_it_is_not_told_before_it_can_be_known(self):
        left = TimeLeft()
        assert left.look(7.9, 500.0, 0.0) == ""
        assert left.look(8.1, None, 1.0) == ""
        assert left.look(8.1, 90.0, 2.0) == "about 1:30 left"

    def test_it_runs_down_like_a_clock_where_the_estimates_hold(self):
        left = TimeLeft()
        assert [seconds(left.look(20, 60.0 - now, float(now))) for now in range(30)] == list(range(60, 30, -1))

    def test_estimates_that_jump_do_not_make_it_jump(self):
        left = TimeLeft()
        told = [seconds(left.look(20, 100.0 - now + (30 if now % 2 else -30), float(now))) for now in range(1, 40)]
        assert max(abs(after - before) for before, after in itertools.pairwise(told)) < 10

    def test_a_lasting_change_is_taken_over(self):
        left = TimeLeft()
        left.look(20, 50.0, 0.0)
        told = [left.look(20, 200.0 - now, float(now)) for now in range(1, 41)]
        assert seconds(told[-1]) == pytest.approx(160, abs=3)

    @pytest.mark.parametrize(("percent", "eta"), [(99.9, 0.2), (99.9, 40.0), (60.0, 0.3)])
    def test_the_end_is_never_told_as_nothing(self, percent: float, eta: float):
        assert TimeLeft().look(percent, eta, 0.0) == "almost done"
