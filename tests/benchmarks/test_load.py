from __future__ import annotations

import itertools
import threading

from hypothesis import given
from hypothesis import strategies as st

from benchmarks import load, sweep
from benchmarks.load import Answer


def test_each_client_asks_for_the_next_passage_when_it_has_the_one_before() -> None:
    running: list[str] = []
    together = threading.Barrier(2, timeout=10)

    def ask(passage: str) -> float:
        client = passage[0]
        assert client not in running, "a client asked twice at once"
        running.append(client)
        together.wait()  # both clients are here at once, or this breaks
        running.remove(client)
        return 1.0

    answers = load.in_turn(ask, [["a1", "a2"], ["b1", "b2"]])
    assert len(answers) == 4
    assert all(answer.got >= answer.asked for answer in answers)


def test_a_passage_counts_for_the_part_of_its_time_that_lies_in_the_window() -> None:
    inside, half, whole = Answer(2, 3, sound=4), Answer(9, 11, sound=6), Answer(0, 20, sound=40)
    assert sweep.rate([inside], 0, 10, lambda answer: answer.sound) == 0.4
    assert sweep.rate([half], 0, 10, lambda answer: answer.sound) == 0.3
    assert sweep.rate([whole], 5, 10, lambda answer: answer.sound) == 2.0


@given(st.lists(st.floats(0, 100), min_size=1), st.floats(0.01, 1))
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(values: list[float], share: float) -> None:
    found = load.percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) < share * len(values) + 1e-9


@given(st.integers(1, 40))
def test_mixed_lengths_are_spread_from_the_shortest_to_the_longest(count: int) -> None:
    found = list(itertools.islice(load.mixed(2.0, 10.0, count), count))
    assert len(set(found)) == count
    assert min(found) == 2.0
    assert count == 1 or max(found) == 10.0


def test_the_most_telling_cells_come_first_and_every_cell_once() -> None:
    cells = sweep.cells(["bfloat16", "float16"], [100, 50], (1, 8, 64), (16, 7))
    assert cells[:2] == [sweep.Cell(64, 16, "bfloat16", 100), sweep.Cell(64, 7, "bfloat16", 100)]
    assert len(cells) == len(set(cells)) == 2 * 2 * 3 + 1
