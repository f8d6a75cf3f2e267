"""A corpus that can be learnt in seconds: each phone is a tone of its own, for a number of frames of its own."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from serving.pronunciation import Pronunciation, inventory
from voices.training import aligner, alignments
from voices.training.corpus import RATE, Corpus, Planned, Writer
from voices.training.features import Features
from voices.training.recipe import Size

HOP = 256
SYLLABLES = ("ma", "ná", "đi", "bò", "tê", "xu", "ky", "lơ", "vạ", "hẻ")
TINY = Size(
    hibari_hours=0.0, kokoro_hours=0.0, espeak_hours=0.0, aligner_width=48, aligner_layers=4, aligner_frames=1_500,
    aligner_steps=260, durations_steps=400, dim=64, depth=2, text_dim=48, frames=704, steps=12,
)  # fmt: skip


def frames_of(token: str) -> int:
    """Frames that a phone takes: 6 to 12, by its place in the inventory."""
    return 6 + inventory().index(token) % 7


def tone(token: str) -> np.ndarray:
    """A sound that no other phone of the corpus has; a space and the marks are silence."""
    number = inventory().index(token)
    at = np.arange(frames_of(token) * HOP) / RATE
    if number < 8:
        return np.zeros(len(at), np.float32)
    pitch = 200 + 47 * (number % 80)
    return (np.sin(2 * np.pi * pitch * at) + 0.5 * np.sin(2 * np.pi * 2.3 * pitch * at)).astype(np.float32)


@pytest.fixture(scope="session")
def system_program() -> Callable[[str], None]:
    """Skips the test where a program is missing, but for CI, where it must be there."""

    def need(name: str) -> None:
        if shutil.which(name) is None:
            assert not os.environ.get("CI"), f"{name} is missing in CI"
            pytest.skip(f"{name} is not installed")

    return need


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Eighty utterances of four syllables, two speakers, one of them twice as loud; every tenth is held out."""
    folder: Path = tmp_path_factory.mktemp("corpus")
    writer, read = Writer(folder), Pronunciation().read
    noise = np.random.default_rng(0)
    for number, syllables in enumerate(itertools.islice(itertools.permutations(SYLLABLES, 4), 0, 4_000, 50)):
        text = " ".join(syllables) + "."
        wave = np.concatenate([tone(phone.token) for phone in read(text, "vi")])
        wave = wave * (1 + number % 2) + noise.normal(0, 0.003, len(wave)).astype(np.float32)
        writer.add(Planned(number, text, "vi", ("one", "two")[number % 2], "tones", held_out=number % 10 == 0), wave)
    writer.close(complete=True)
    return Corpus(folder)


@pytest.fixture(scope="session")
def features(corpus: Corpus) -> Features:
    return Features(corpus)


@pytest.fixture(scope="session")
def listened(features: Features, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run whose aligner is trained, with its alignments. Copied, not added to: training takes a while."""
    folder: Path = tmp_path_factory.mktemp("listened")
    aligner.train(TINY, features, folder)
    alignments.of_run(features, folder)
    return folder
