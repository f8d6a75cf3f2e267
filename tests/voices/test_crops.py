from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from voices.training.corpus import Corpus, Planned, Writer
from voices.training.vocoder_crops import Crops, HeldOut

#: What each speaker says, over and over: a constant tells who was cropped.
LEVELS = {"much": 0.1, "little": -0.1}


@pytest.fixture(scope="module")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """One speaker says nineteen long things, another one thing that is shorter than a crop; each holds out noise."""
    folder: Path = tmp_path_factory.mktemp("uneven")
    writer, noise = Writer(folder), np.random.default_rng(0)
    for number in range(24):
        held_out = number < 4
        speaker = "little" if number in (0, 4) else "much"
        length = 1_000 if speaker == "little" else 9_000
        wave = noise.normal(size=length) if held_out else np.full(length, LEVELS[speaker])
        writer.add(Planned(number, "text", "en", speaker, "none", held_out), wave.astype(np.float32))
    writer.close(complete=True)
    return Corpus(folder)


def test_each_speaker_is_as_frequent_as_any_other(uneven: Corpus) -> None:
    crops = Crops(uneven, 4_096).batch(0, 400)
    found = Counter("much" if crop[0] > 0 else "little" for crop in crops)
    assert 150 < found["little"] < 250


def test_held_out_speech_is_never_cropped(uneven: Corpus) -> None:
    for crop in Crops(uneven, 512).batch(0, 400):
        assert crop.std() < 1e-6


def test_a_short_wave_is_followed_by_silence(uneven: Corpus) -> None:
    short = [crop for crop in Crops(uneven, 4_096).batch(0, 50) if crop[0] < 0]
    assert short
    for crop in short:
        assert (crop[:1_000] == crop[0]).all()
        assert (crop[1_000:] == 0).all()


def test_levels_vary_by_six_decibels_each_way(uneven: Corpus) -> None:
    peaks = Crops(uneven, 256).batch(0, 1_000).abs().amax(1)
    assert 0.05 < peaks.min() < 0.055
    assert 0.18 < peaks.max() < 0.2


def test_a_step_always_gets_the_same_crops_and_another_step_others(uneven: Corpus) -> None:
    one, again = Crops(uneven, 512), Crops(uneven, 512)
    one.batch(0, 8)
    assert torch.equal(one.batch(7, 8), again.batch(7, 8))
    assert not torch.equal(again.batch(7, 8), again.batch(8, 8))


def test_a_perfect_vocoder_lies_at_no_distance_and_silence_far_off(corpus: Corpus) -> None:
    held_out = HeldOut(corpus, 4)
    waves = iter(held_out.waves)
    mel, spectrum = held_out.distances(lambda _: next(waves)[None])
    assert (mel, spectrum) == (0, 0)
    mel, spectrum = held_out.distances(lambda mel: torch.zeros(1, (mel.shape[-1] - 1) * 256))
    assert mel > 3
    assert spectrum > 3


def test_held_out_speech_is_of_every_speaker(uneven: Corpus) -> None:
    assert sorted(len(wave) for wave in HeldOut(uneven, 2).waves) == [1_000, 9_000]


def test_a_corpus_that_holds_nothing_out_is_refused(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    writer.add(Planned(0, "text", "en", "one", "none", False), np.ones(2_000, np.float32))
    writer.close(complete=True)
    with pytest.raises(ValueError, match="holds no utterance out"):
        HeldOut(Corpus(tmp_path), 4)
