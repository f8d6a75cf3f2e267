"""What a request may say beside its text, over real HTTP, on the `python -m serving.run` that the end-to-end tests use too."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from serving.client import SpeechClient, SpeechExpired

from .conftest import SAMPLE
from .running import Serving, until

PASSAGE = {"text": "A short sentence.", "voice": "en_female", "seed": 3}


@pytest.mark.parametrize("said", [{"steps": 3}, {"cfg_strength": 0.0}, {"sway": None}, {"sway": 0.5}])
def test_sampling_changes_the_sound_and_makes_it_another_passage(
    serving: Serving, client: SpeechClient, said: dict[str, float | None]
) -> None:
    own = client.speak(key="sampling", **PASSAGE)
    before = serving.health()["spoken"]
    other = client.speak(key="sampling", **PASSAGE, **said)
    assert serving.health()["spoken"] == before + 1
    assert len(own.samples)
    assert not np.array_equal(own.samples, other.samples)


def test_saying_what_the_checkpoint_says_anyway_is_the_same_passage(serving: Serving, client: SpeechClient) -> None:
    client.speak(key="as it is", **PASSAGE)
    before = serving.health()["spoken"]
    said = yaml.safe_load((SAMPLE / "config.yaml").read_text())["sampling"]
    its_own = {"steps": said["steps"], "cfg_strength": said["cfg_strength"], "sway": said["sway_sampling_coef"]}
    client.speak(key="as it is", **PASSAGE, **its_own, tenant="somebody else", priority="low", timeout_seconds=60)
    assert serving.health()["spoken"] == before, "nothing of that changes the sound"


def test_a_passage_whose_time_is_over_is_dropped(serving: Serving, client: SpeechClient) -> None:
    long = {**PASSAGE, "text": "This sentence is said again and again. " * 18}
    with pytest.raises(SpeechExpired) as expired:
        client.speak(key="late", **long, timeout_seconds=0.3)
    assert expired.value.code == "deadline_exceeded"
    until(lambda: [line for line in serving.lines("passage dropped") if line["why"] == "expired"])


def test_the_best_of_several_takes_comes_back_with_its_seed(serving: Serving, client: SpeechClient) -> None:
    before = serving.health()["spoken"]
    best = client.speak(key="takes", **PASSAGE, takes=3)
    assert serving.health()["spoken"] == before + 3
    assert best.take in range(3)
    alone = client.speak(key="takes", **{**PASSAGE, "seed": best.seed})
    assert np.array_equal(best.samples, alone.samples)
    assert serving.health()["spoken"] == before + 3, "a take is remembered like any passage"
    assert (client.speak(key="takes", **PASSAGE).take, client.speak(key="takes", **PASSAGE).seed) == (0, 3)
