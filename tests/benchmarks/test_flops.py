from __future__ import annotations

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import flops, weights
from benchmarks.eager import Eager
from serving.model.flow import Sampling


def test_the_bound_is_that_of_the_arithmetic_done_by_hand() -> None:
    """F5TTS_v1_Base, 20 s of frames: 22 layers of 4 + 4 million weights each and attention, twice for guidance, 16 steps."""
    frames = 1875
    layer = 2 * (8 * 1024**2) + 4 * frames * 1024
    ends = 2 * ((100 + 100 + 512) * 1024 + 1024 * 100) + 2 * 2 * 31 * 64 * 1024
    by_hand = 16 * 2 * frames * (22 * layer + ends)
    assert flops.of_passage(weights.F5TTS_V1_BASE, frames, 16) == pytest.approx(by_hand)


def test_half_the_products_of_an_h200_are_180_times_real_time_at_16_steps_and_412_at_7() -> None:
    half = 790 / 2
    assert flops.bound(weights.F5TTS_V1_BASE, 5, 15, 16, half) == pytest.approx(180, rel=0.005)
    assert flops.bound(weights.F5TTS_V1_BASE, 5, 15, 7, half) == pytest.approx(412, rel=0.005)


def test_torch_counts_the_same_operations() -> None:
    shape, frames, steps = weights.TINY, 200, 3
    eager = Eager(shape, weights.model(shape), torch.device("cpu"), torch.float32)
    reference, tokens = torch.zeros(50, 100), torch.arange(20)

    def counted(number: int) -> int:
        # Torch counts the products of attention, but not its fused form for CPUs.
        with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
            eager.sample(reference, tokens, torch.randn(frames, 100), Sampling(steps=number))
        return counter.get_total_flops()

    # What is done once a passage (the text) falls out of the difference; what is done once a step (the time) is small.
    a_step = (counted(steps + 1) - counted(1)) / steps
    assert flops.of_step(shape, frames) == pytest.approx(a_step, rel=0.02)


def test_a_data_sheet_is_found_by_the_name_that_torch_gives() -> None:
    assert flops.data_sheet("NVIDIA H200") == 989
    assert flops.data_sheet("NVIDIA H100 PCIe") == 756
    assert flops.data_sheet("NVIDIA L4") == 121
    assert flops.data_sheet("NVIDIA L40S") == 362
    assert flops.data_sheet("NVIDIA A100-SXM4-80GB") == 312
    assert flops.data_sheet("Tesla T4") == 65
    assert flops.data_sheet("NVIDIA L40") is None
    assert flops.data_sheet("NVIDIA A10G") is None
    assert flops.data_sheet("NVIDIA GeForce GTX 1080") is None
