from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from benchmarks import weights
from serving.checkpoints.checkpoint import Checkpoint
from serving.engine import Engine
from serving.errors import SpeechFailed
from serving.model.dit import DiT
from serving.model.flow import Flow, Sampler, Sampling, schedule
from serving.upstream import get_epss_timesteps

from . import reference
from .conftest import SAMPLE

FEW = Sampling(steps=3, cfg_strength=2.0, sway_sampling_coef=-1.0)


def begin(sampler: Sampler, sample: Checkpoint, voice: str, text: str, seed: int, sampling: Sampling = FEW) -> Flow:
    laid = sample.layout.lay(text, sample.voices[voice], 1.0)
    return sampler.begin(sample.voices[voice].mel, laid.tokens, laid.frames, seed, sampling)


def run(sampler: Sampler, flow: Flow) -> torch.Tensor:
    while not flow.done:
        sampler.step([flow])
    return sampler.mel(flow)


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(steps=5, cfg_strength=2.0, sway_sampling_coef=-1.0),
        Sampling(steps=2, cfg_strength=1.0, sway_sampling_coef=None),
        Sampling(steps=2, cfg_strength=0.0, sway_sampling_coef=-0.5),
    ],
    ids=["pruned steps with sway", "uniform steps", "no guidance"],
)
def test_one_passage_has_the_numbers_of_upstreams_sampler(sample: Checkpoint, sampling: Sampling) -> None:
    voice = sample.voices["en_female"]
    laid = sample.layout.lay("Good morning.", voice, 1.0)
    frames = laid.frames + 1  # upstream adds a frame to a text that fills all of them
    expected, _ = reference.cfm(sample, SAMPLE).sample(
        voice.mel[None],
        laid.tokens[None],
        frames,
        steps=sampling.steps,
        cfg_strength=sampling.cfg_strength,
        sway_sampling_coef=sampling.sway_sampling_coef,
        seed=7,
    )
    sampler = Sampler(sample.dit)
    mel = run(sampler, sampler.begin(voice.mel, laid.tokens, frames, seed=7, sampling=sampling))
    torch.testing.assert_close(mel, expected[0, voice.frames :], atol=1e-4, rtol=0)


@pytest.mark.parametrize("steps", [*range(1, 20), 32, 64])
def test_the_schedule_is_upstreams_and_has_no_two_times_alike(steps: int) -> None:
    times = schedule(Sampling(steps=steps))
    assert times.dtype == torch.float32
    assert len(times) == steps + 1
    assert times[0] == 0
    assert times[-1] == pytest.approx(1)
    assert (times.diff() > 0).all()
    uniform = schedule(Sampling(steps=steps, sway_sampling_coef=None))
    assert torch.equal(uniform, get_epss_timesteps(steps, device="cpu", dtype=torch.float32))


@pytest.mark.parametrize("packed", [True, False], ids=["packed", "side by side"])
def test_a_batch_of_mixed_lengths_steps_and_guidance_equals_single_runs(sample: Checkpoint, packed: bool) -> None:
    wanted = [
        ("en_female", "Hi.", 1, Sampling(steps=3)),
        ("vi_male", "Xin chào các bạn thân mến.", 2, Sampling(steps=5, cfg_strength=1.0)),
        ("en_male", "A longer sentence, it is.", 3, Sampling(steps=2, cfg_strength=0.0, sway_sampling_coef=None)),
    ]
    sampler = Sampler(sample.dit, packed=packed)
    alone = [run(sampler, begin(sampler, sample, *passage)) for passage in wanted]
    flows = [begin(sampler, sample, *passage) for passage in wanted]
    assert len({flow.frames for flow in flows}) == 3
    while running := [flow for flow in flows if not flow.done]:
        sampler.step(running)
    for flow, mel in zip(flows, alone, strict=True):
        torch.testing.assert_close(sampler.mel(flow), mel, atol=1e-4 if packed else 0, rtol=0)


@pytest.mark.parametrize("packed", [True, False], ids=["packed", "side by side"])
def test_passages_at_different_times_do_not_disturb_each_other(sample: Checkpoint, packed: bool) -> None:
    sampler = Sampler(sample.dit, packed=packed)
    early, late = ("en_female", "Hello there.", 1), ("vi_female", "Chào buổi sáng.", 2)
    alone = [run(sampler, begin(sampler, sample, *passage)) for passage in (early, late)]
    first, second = begin(sampler, sample, *early), begin(sampler, sample, *late)
    sampler.step([first])
    while not first.done:
        sampler.step([first, second])
    assert not second.done
    for flow, mel in ((first, alone[0]), (second, run(sampler, second))):
        torch.testing.assert_close(sampler.mel(flow), mel, atol=1e-4, rtol=0)
    torch.testing.assert_close(sampler.mel(second), alone[1], atol=1e-4, rtol=0)


@pytest.mark.parametrize("packed", [True, False], ids=["packed", "side by side"])
def test_a_failing_step_moves_no_flow(sample: Checkpoint, packed: bool) -> None:
    sampler = Sampler(sample.dit, packed=packed)
    flow = begin(sampler, sample, "en_female", "Hello.", 1)
    broken = dataclasses.replace(flow, guided=flow.guided[:-1])
    before = flow.x.clone()
    with pytest.raises(RuntimeError):
        sampler.step([flow, broken])
    assert flow.index == 0
    assert torch.equal(flow.x, before)


class OneDevice(TorchDispatchMode):
    """Refuses what no GPU takes: operations on tensors of several devices, unless they are copies from one to the other."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        devices = {leaf.device.type for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)}
        assert len(devices) < 2 or function is torch.ops.aten.copy_.default, f"{function} on {devices}"
        return function(*args, **(kwargs or {}))


def test_every_tensor_of_a_packed_step_is_on_the_models_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """On torch's device without numbers, as there is no GPU here: what would fail there for its device fails so too."""
    monkeypatch.setattr("serving.model.attention._row", lambda q, k, v: torch.empty_like(v))
    device = torch.device("meta")
    dit = DiT(weights.TINY, weights.model(weights.TINY), device, torch.float16)
    sampler = Sampler(dit, packed=True)
    reference, tokens = torch.empty(30, 100, device=device), torch.arange(20)
    with OneDevice():
        flows = [sampler.begin(reference, tokens, frames, 1, FEW) for frames in (60, 80)]
        sampler.step(flows)
        sampler.step(flows[:1])
    assert [(flow.x.device, flow.x.dtype, flow.frames, flow.index) for flow in flows] == [
        (device, torch.float32, 60, 2),
        (device, torch.float32, 80, 1),
    ]


@contextlib.contextmanager
def threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def test_rows_side_by_side_leave_all_cores_to_threads_that_come_later(sample: Checkpoint) -> None:
    """Such as the scheduler's, in which the vocoder runs. A row's share of the cores is what torch would give them."""
    with threads(2):
        sampler = Sampler(sample.dit, packed=False)
        sampler.step([begin(sampler, sample, "en_female", "Hi.", 1)])
        with ThreadPoolExecutor(1) as later:
            assert later.submit(torch.get_num_threads).result() == 2


def test_a_row_that_fails_leaves_the_cores_too_and_moves_no_flow(sample: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    with threads(2):
        sampler = Sampler(sample.dit, packed=False)
        flow = begin(sampler, sample, "en_female", "Hi.", 1)
        velocity = sample.dit.velocity

        def failing(hidden: torch.Tensor, *rest: Any) -> torch.Tensor:
            velocity(hidden, *rest)
            raise RuntimeError("out of luck")

        monkeypatch.setattr(sample.dit, "velocity", failing)
        with pytest.raises(RuntimeError, match="out of luck"):
            sampler.step([flow])
        with ThreadPoolExecutor(1) as later:
            assert later.submit(torch.get_num_threads).result() == 2
        assert flow.index == 0


def test_what_a_passage_costs_follows_from_its_frames_steps_and_guidance(engine: Engine) -> None:
    frames = engine.plan("Hi.", "en_female", 1.0, 1).frames
    costs = {
        (steps, strength): engine.plan("Hi.", "en_female", 1.0, 1, Sampling(steps, strength)).cost
        for steps, strength in ((32, 2.0), (16, 2.0), (32, 0.0), (128, 1.0))
    }
    assert costs == {(32, 2.0): frames, (16, 2.0): frames / 2, (32, 0.0): frames / 2, (128, 1.0): 4 * frames}


def test_nothing_is_computed_for_padding(sample: Checkpoint) -> None:
    sampler = Sampler(sample.dit, packed=True)
    flows = [begin(sampler, sample, "en_female", text, 1) for text in ("Hi.", "A longer sentence, it is.")]
    sampler.step(flows)
    assert sampler.wanted_frames == 2 * sum(flow.frames for flow in flows), "each with guidance and without"
    assert sampler.computed_frames == sampler.wanted_frames + 3 * 15, "zeros between four rows, in two convolutions alone"


def test_the_seed_alone_decides_the_noise(engine: Engine) -> None:
    torch.manual_seed(1)
    first = engine.prepare(engine.plan("Hello.", "en_female", 1.0, seed=5)).flow.x
    torch.manual_seed(2)
    again = engine.prepare(engine.plan("Hello.", "en_female", 1.0, seed=5)).flow.x
    other = engine.prepare(engine.plan("Hello.", "en_female", 1.0, seed=6)).flow.x
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_passage_whose_numbers_are_no_sound_fails_beside_one_that_is_fine(engine: Engine) -> None:
    states = [engine.prepare(engine.plan("Hello.", "en_female", 1.0, seed=seed)) for seed in (5, 6)]
    states[0].flow.x = torch.full_like(states[0].flow.x, np.nan)
    bad, good = engine.finish(states)
    assert isinstance(bad, SpeechFailed)
    assert not isinstance(good, Exception)
