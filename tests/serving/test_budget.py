from __future__ import annotations

import pytest
import torch

from serving.batching import budget
from serving.engine import Engine
from serving.errors import SpeechFailed


class Memory:
    """A device with so many bytes, of which every frame of a batch takes some, and a batch some more as a whole."""

    def __init__(self, free: int, a_frame: int, a_batch: int = 0) -> None:
        self.free, self._a_frame, self._a_batch = free, a_frame, a_batch
        self.tried: list[int] = []

    def attempt(self, frames: int) -> int | None:
        self.tried.append(frames)
        needed = self._a_batch + frames * self._a_frame
        return needed if needed <= self.free else None


def test_the_budget_of_a_gpu_is_what_its_memory_holds() -> None:
    memory = Memory(free=10**9, a_frame=20_000)
    frames = budget.on_gpu(0, memory.free, memory.attempt)
    assert frames == 40_000
    assert memory.tried == [budget.PROBE_FRAMES, frames], "it was spoken before it was promised"


def test_a_budget_that_turns_out_too_large_is_halved_until_it_fits() -> None:
    memory = Memory(free=10**9, a_frame=20_000)
    shrinking = iter([memory.attempt(budget.PROBE_FRAMES), None, None, 1])
    assert budget.on_gpu(0, memory.free, lambda _frames: next(shrinking)) == 10_000


def test_the_budget_never_exceeds_the_operators_bound_nor_what_makes_sense() -> None:
    plenty = Memory(free=10**15, a_frame=1000)
    assert budget.on_gpu(20_000, plenty.free, plenty.attempt) == 20_000
    assert budget.on_gpu(1000, plenty.free, plenty.attempt) == 1000
    assert budget.on_gpu(0, plenty.free, plenty.attempt) == budget.MOST_FRAMES


def test_a_gpu_without_room_for_one_passage_is_refused_with_advice() -> None:
    tiny = Memory(free=10**6, a_frame=20_000)
    with pytest.raises(SpeechFailed, match="smaller checkpoint"):
        budget.on_gpu(0, tiny.free, tiny.attempt)


def test_on_a_processor_every_thread_has_its_share(engine: Engine) -> None:
    for_all_threads = budget.CPU_FRAMES_PER_THREAD * torch.get_num_threads()
    assert engine.warm_up() == for_all_threads
    assert engine.warm_up(10 * for_all_threads) == for_all_threads
    assert engine.warm_up(1000) == 1000
