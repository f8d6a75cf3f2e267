from __future__ import annotations

import csv
import dataclasses
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from serving.checkpoints import vocoder as served
from serving.model.mel import Mel
from serving.model.vocos import Vocos, VocosShape
from voices.training import vocoder
from voices.training.corpus import Corpus, Utterance
from voices.training.vocoder_crops import Crops, HeldOut
from voices.training.vocoder_generator import Generator
from voices.training.vocoder_sizes import SIZES, VocoderSize
from voices.training.vocoder_training import VocoderTraining

CPU = torch.device("cpu")
TINY = VocoderSize(
    shape=VocosShape(input_channels=100, dim=32, intermediate_dim=64, num_layers=2, n_fft=1024, hop_length=256),
    steps=14,
    adversarial_from=6,
    batch=2,
    crop=16,
    period_channels=(4, 8, 8),
    resolution_channels=4,
    resolutions=(1024, 512),
    at_once=(2, 1),
    tell_every=7,
)


class Interrupted(Corpus):
    """Tells the process to end when a wave is asked for the so many-th time."""

    def __init__(self, folder: Path, after: int) -> None:
        super().__init__(folder)
        self._left = after

    def wave(self, utterance: Utterance) -> np.ndarray:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGTERM)
        return super().wave(utterance)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    state = torch.load(folder / "vocoder.pt", weights_only=False)["kept"]
    assert state["step"] == TINY.steps
    return {
        f"{part}.{name}": value for part in ("generator", "average", "discriminators") for name, value in state[part].items()
    }


@pytest.fixture(scope="module")
def trained(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that was never interrupted."""
    folder = tmp_path_factory.mktemp("runs") / "cpu"
    vocoder.train(TINY, corpus, folder, CPU)
    return folder


def test_the_network_that_is_trained_is_the_one_that_is_served() -> None:
    torch.manual_seed(0)
    generator = Generator(TINY.shape)
    mel = torch.randn(1, 100, 40)
    served_one = Vocos(TINY.shape, generator.state_dict(), CPU)
    with torch.inference_mode():
        torch.testing.assert_close(generator(mel)[0], served_one([mel[0].T])[0], rtol=1e-4, atol=1e-6)


def test_what_is_exported_is_loaded_and_speaks_as_the_average_does(trained: Path, corpus: Corpus, tmp_path: Path) -> None:
    vocoder.export(trained, tmp_path / "vocoder.safetensors")
    config = yaml.safe_load(yaml.safe_dump(vocoder.config(trained)))
    loaded = served.load(tmp_path, config, CPU)
    mel = Mel()(torch.from_numpy(corpus.wave(corpus.utterances[0]))[None]).clone()
    training = VocoderTraining(TINY, CPU)
    training.restore(torch.load(trained / "vocoder.pt", weights_only=False)["kept"])
    with torch.inference_mode():
        wanted, found = training.averaged(mel)[0], loaded([mel[0].T])[0]
    assert wanted.abs().max() > 0.01
    assert (found - wanted).abs().max() < 0.01 * wanted.abs().max()


def test_a_run_that_is_told_to_end_goes_on_to_the_same_weights(trained: Path, corpus: Corpus, tmp_path: Path) -> None:
    looks = len(HeldOut(corpus, vocoder.LOOKS).waves)
    for step in (3, 9):  # before the discriminators joined, and after
        folder = tmp_path / str(step)
        with pytest.raises(SystemExit) as ended:
            vocoder.train(TINY, Interrupted(corpus.folder, looks + step * TINY.batch), folder, CPU)
        assert ended.value.code == 143
        assert torch.load(folder / "vocoder.pt", weights_only=False)["kept"]["step"] == step
        vocoder.train(TINY, corpus, folder, CPU)
        found = weights(folder)
        for name, value in weights(trained).items():
            assert torch.equal(found[name], value), name


def test_losses_are_told_with_a_look_at_held_out_speech(trained: Path) -> None:
    with open(trained / "vocoder.csv", newline="", encoding="utf-8") as file:
        first, last = list(csv.DictReader(file))
    assert (int(first["step"]), int(last["step"])) == (7, 14)
    assert float(last["held_out_mel"]) < float(first["held_out_mel"])
    assert all(float(last[name]) > 0 for name in ("real", "features", "apart"))


def test_discriminators_join_when_it_is_their_turn(corpus: Corpus) -> None:
    training, crops = VocoderTraining(TINY, CPU), Crops(corpus, 16 * 256)
    before = {name: value.clone() for name, value in training.state()["discriminators"].items()}
    for step in range(TINY.adversarial_from + 1):
        after = training.state()["discriminators"]
        assert all(torch.equal(after[name], value) for name, value in before.items())
        losses = training.update(crops.batch(step, 2))
        assert ("apart" in losses) == (step >= TINY.adversarial_from)
    after = training.state()["discriminators"]
    assert any(not torch.equal(after[name], value) for name, value in before.items())


def test_a_small_vocoder_learns_a_small_corpus(corpus: Corpus) -> None:
    size = dataclasses.replace(TINY, steps=10_000, adversarial_from=10_000, batch=4)
    training, crops, held_out = VocoderTraining(size, CPU), Crops(corpus, 16 * 256), HeldOut(corpus, 4)
    mel, spectrum = held_out.distances(training.averaged)
    for step in range(120):
        training.update(crops.batch(step, size.batch))
    learnt_mel, learnt_spectrum = held_out.distances(training.averaged)
    assert learnt_mel < 0.6 * mel
    assert learnt_spectrum < 0.8 * spectrum


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_every_size_fits_what_is_served(size: VocoderSize) -> None:
    Vocos(size.shape, Generator(size.shape).state_dict(), CPU)
    assert size.adversarial_from < size.steps
    assert all(some <= len(kind) for some, kind in zip(size.at_once, (size.periods, size.resolutions), strict=True))


def test_exporting_what_was_never_trained_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"vocoder\.pt is missing.*--size cpu"):
        vocoder.export(tmp_path / "cpu", tmp_path / "vocoder.safetensors")
    assert not list(tmp_path.iterdir())
