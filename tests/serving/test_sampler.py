from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from serving.checkpoint import Checkpoint, Sampling
from serving.engine import CPU_FRAMES_PER_THREAD, Engine
from serving.errors import SpeechFailed
from serving.sampler import Flow, Sampler, schedule

CPU = torch.device("cpu")
FEW = Sampling(steps=3, cfg_strength=2.0, sway_sampling_coef=-1.0)


def begin(sampler: Sampler, sample: Checkpoint, voice: str, text: str, seed: int) -> Flow:
    laid = sample.layout.lay(text, sample.voices[voice], 1.0)
    return sampler.begin(sample.voices[voice].mel, laid.tokens, laid.frames, seed)


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
    expected, _ = sample.cfm.sample(
        voice.mel[None],
        laid.tokens[None],
        frames,
        steps=sampling.steps,
        cfg_strength=sampling.cfg_strength,
        sway_sampling_coef=sampling.sway_sampling_coef,
        seed=7,
    )
    sampler = Sampler(sample.cfm.transformer, sampling, CPU)
    mel = run(sampler, sampler.begin(voice.mel, laid.tokens, frames, seed=7))
    torch.testing.assert_close(mel, expected[0, voice.frames :], atol=1e-4, rtol=0)


@pytest.mark.parametrize("steps", [5, 6, 7, 10, 12, 16, 32])
def test_the_schedule_goes_from_0_to_1_in_float32_without_two_times_alike(steps: int) -> None:
    times = schedule(Sampling(steps=steps))
    assert times.dtype == torch.float32
    assert len(times) == steps + 1
    assert times[0] == 0
    assert times[-1] == pytest.approx(1)
    assert (times.diff() > 0).all()


@pytest.mark.parametrize("padded", [True, False], ids=["padded", "side by side"])
def test_a_batch_of_mixed_lengths_equals_single_runs(sample: Checkpoint, padded: bool) -> None:
    wanted = [
        ("en_female", "Hi.", 1),
        ("vi_male", "Xin chào các bạn thân mến.", 2),
        ("en_male", "A longer sentence, it is.", 3),
    ]
    sampler = Sampler(sample.cfm.transformer, FEW, CPU, padded=padded)
    alone = [run(sampler, begin(sampler, sample, *passage)) for passage in wanted]
    flows = [begin(sampler, sample, *passage) for passage in wanted]
    assert len({flow.frames for flow in flows}) == 3
    while not flows[0].done:
        sampler.step(flows)
    for flow, mel in zip(flows, alone, strict=True):
        torch.testing.assert_close(sampler.mel(flow), mel, atol=1e-4, rtol=0)


@pytest.mark.parametrize("padded", [True, False], ids=["padded", "side by side"])
def test_passages_at_different_times_do_not_disturb_each_other(sample: Checkpoint, padded: bool) -> None:
    sampler = Sampler(sample.cfm.transformer, FEW, CPU, padded=padded)
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


def test_a_failing_step_moves_no_flow(sample: Checkpoint) -> None:
    sampler = Sampler(sample.cfm.transformer, FEW, CPU, padded=True)
    flow = begin(sampler, sample, "en_female", "Hello.", 1)
    broken = dataclasses.replace(flow, text=flow.text[:, :-1])
    before = flow.x.clone()
    with pytest.raises(RuntimeError):
        sampler.step([flow, broken])
    assert flow.index == 0
    assert torch.equal(flow.x, before)


def test_the_seed_alone_decides_the_noise(engine: Engine) -> None:
    torch.manual_seed(1)
    first = engine.prepare(engine.plan("Hello.", "en_female", 1.0, seed=5)).flow.x
    torch.manual_seed(2)
    again = engine.prepare(engine.plan("Hello.", "en_female", 1.0, seed=5)).flow.x
    other = engine.prepare(engine.plan("Hello.", "en_female", 1.0, seed=6)).flow.x
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_passage_whose_numbers_are_no_sound_fails(engine: Engine) -> None:
    state = engine.prepare(engine.plan("Hello.", "en_female", 1.0, seed=5))
    state.flow.x = torch.full_like(state.flow.x, np.nan)
    assert isinstance(engine.finish([state])[0], SpeechFailed)


@pytest.mark.parametrize(("padded", "cost"), [(True, 900), (False, 600)], ids=["padded", "side by side"])
def test_padding_costs_only_where_there_is_padding(sample: Checkpoint, padded: bool, cost: int) -> None:
    assert Sampler(sample.cfm.transformer, FEW, CPU, padded=padded).cost([100, 300, 200]) == cost


def test_warming_up_on_a_processor_keeps_batches_small_but_never_raises_the_budget(engine: Engine) -> None:
    for_all_threads = CPU_FRAMES_PER_THREAD * torch.get_num_threads()
    assert engine.warm_up(10 * for_all_threads) == for_all_threads
    assert engine.warm_up(1000) == 1000
