from __future__ import annotations

import itertools
import math
import random

from voices.training.evaluation.edits import Errors, errors, matches


def test_edits_are_counted_as_insertions_deletions_and_substitutions() -> None:
    assert errors("kitten", "sitting") == Errors(3, 6)
    assert errors(["the", "cat", "sat"], ["cat", "sat", "down"]) == Errors(2, 3)
    assert errors("", "abc") == Errors(3, 0)
    assert errors("abc", "") == Errors(3, 3)


def test_edits_are_those_of_the_plain_recursion() -> None:
    def plain(one: str, other: str) -> int:
        if not one or not other:
            return len(one) + len(other)
        return min(
            plain(one[1:], other) + 1,
            plain(one, other[1:]) + 1,
            plain(one[1:], other[1:]) + (one[0] != other[0]),
        )

    chance = random.Random(0)
    for _ in range(40):
        one, other = ("".join(chance.choices("ab ", k=chance.randint(0, 5))) for _ in range(2))
        assert errors(one, other).edits == plain(one, other), (one, other)


def test_rates_are_of_all_words_together_and_not_of_sentences() -> None:
    assert (Errors(1, 2) + Errors(1, 8)).rate == 0.2
    assert math.isnan(Errors(0, 0).rate)


def test_what_is_the_same_on_both_sides_is_paired_in_order() -> None:
    assert matches("abcd", "xbcyd") == [(1, 1), (2, 2), (3, 4)]
    assert matches("abc", "") == []
    assert matches("aa", "a") in ([(0, 0)], [(1, 0)])


def test_every_edit_that_is_counted_is_a_pair_that_is_missing() -> None:
    chance = random.Random(1)
    for _ in range(60):
        one, other = ("".join(chance.choices("abc", k=chance.randint(0, 12))) for _ in range(2))
        pairs = matches(one, other)
        assert all(one[at] == other[beside] for at, beside in pairs)
        assert pairs == sorted(pairs)
        # Between two pairs everything costs the longer of both stretches.
        bounds = [(-1, -1), *pairs, (len(one), len(other))]
        cost = sum(max(after[0] - at[0], after[1] - at[1]) - 1 for at, after in itertools.pairwise(bounds))
        assert cost == errors(one, other).edits, (one, other)
