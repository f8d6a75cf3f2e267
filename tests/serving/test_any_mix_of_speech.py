"""Any mix of real passages through the scheduler and a real model: each gets what it gets alone.

The weights are random and few, so that the speech is noise and the test fast; in float32, so that "the same" has a meaning.
"""

from __future__ import annotations

import dataclasses
import functools
import json

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.batching.scheduler import Scheduler
from serving.checkpoints import checkpoint
from serving.engine import Engine, Sound
from serving.model.flow import Sampler, Sampling

from . import published


@dataclasses.dataclass(frozen=True)
class Passage:
    text: str
    voice: str
    seed: int
    speed: float
    sampling: Sampling


@dataclasses.dataclass(frozen=True)
class Arrival:
    """A passage that is asked for after some turns, and perhaps left after some more."""

    passage: Passage
    turns: int
    leaves: int | None


samplings = st.builds(
    Sampling,
    steps=st.integers(1, 6),
    cfg_strength=st.sampled_from([0.0, 1.0, 2.0, 3.5]),
    sway_sampling_coef=st.sampled_from([None, -1.0, 0.5]),
)
passages = st.builds(
    Passage,
    text=st.sampled_from(["Hi.", "Good morning to you.", "A somewhat longer sentence, it is, with a pause in it."]),
    voice=st.sampled_from(["amy", "bob"]),
    seed=st.integers(0, 3),
    speed=st.sampled_from([0.8, 1.0, 1.7]),
    sampling=samplings,
)
arrivals = st.builds(
    Arrival, passage=passages, turns=st.integers(0, 3), leaves=st.one_of(st.none(), st.none(), st.none(), st.integers(0, 4))
)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> checkpoint.Checkpoint:
    folder = published.write(tmp_path_factory.mktemp("mix") / "tiny")
    wave = 0.2 * np.sin(2 * np.pi * 130 * np.arange(36_000) / 24_000)
    soundfile.write(folder / "references" / "bob.wav", wave, 24_000)
    about = {"text": "I am another one, and I speak for longer.", "language": "en"}
    (folder / "references" / "bob.json").write_text(json.dumps(about), encoding="utf-8")
    return checkpoint.load(folder, torch.device("cpu"), "float32")


@pytest.fixture(scope="module", params=[False, True], ids=["side by side, as on a CPU", "packed, as on a GPU"])
def packed(request: pytest.FixtureRequest) -> bool:
    return request.param


@pytest.fixture(scope="module")
def engine(loaded: checkpoint.Checkpoint, packed: bool) -> Engine:
    made = Engine(loaded)
    made._sampler = Sampler(loaded.dit, packed=packed)
    return made


@pytest.fixture(scope="module")
def alone(engine: Engine) -> functools._lru_cache_wrapper[Sound]:
    """What a passage gives when there is no other, and no scheduler."""

    @functools.cache
    def speak(passage: Passage) -> Sound:
        state = engine.prepare(plan(engine, passage))
        while not engine.done(state):
            engine.step([state])
        [sound] = engine.finish([state])
        assert isinstance(sound, Sound)
        return sound

    return speak


def plan(engine: Engine, passage: Passage):
    return engine.plan(passage.text, passage.voice, passage.speed, passage.seed, passage.sampling)


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(mix=st.lists(arrivals, min_size=2, max_size=7), budget=st.integers(300, 3000))
def test_any_mix_of_passages_sounds_as_each_does_alone(engine: Engine, alone, packed: bool, mix, budget: int) -> None:
    scheduler = Scheduler(engine, budget, max_queued_frames=10**6, remembered_frames=0)
    futures = []
    for n, arrival in enumerate(mix):
        for _ in range(arrival.turns):
            scheduler.turn()
        priority = "low" if n % 3 == 2 else "high"
        futures.append(scheduler.submit(arrival.passage, plan(engine, arrival.passage), priority, tenant=str(n % 2)))
        for earlier, future in zip(mix, futures, strict=False):
            if earlier.leaves == n:
                future.cancel()
    for _ in range(sum(1 + arrival.passage.sampling.steps for arrival in mix)):
        scheduler.turn()
    for arrival, future in zip(mix, futures, strict=True):
        assert future.done()
        if not future.cancelled():
            same(future.result(0).sound, alone(arrival.passage), exact=not packed)
    assert scheduler.statistics()["failed"] == 0


def same(got: Sound, expected: Sound, exact: bool) -> None:
    """Bit for bit where each passage is stepped for itself; packed, the sums of a product may be taken in another order."""
    if exact:
        np.testing.assert_array_equal(got.samples, expected.samples)
    else:
        error = np.linalg.norm(got.samples - expected.samples) / np.linalg.norm(expected.samples)
        assert got.samples.shape == expected.samples.shape
        assert error < 1e-5
    assert (got.rate, got.frames, got.laid_ends) == (expected.rate, expected.frames, expected.laid_ends)
