from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import settings
from serving.checkpoints import checkpoint
from serving.checkpoints.checkpoint import Checkpoint
from serving.client import SpeechClient
from serving.engine import Engine

from .running import Serving, start_serving

SAMPLE = settings.ROOT / "voices" / "sample"


@pytest.fixture(scope="session")
def sample() -> Checkpoint:
    """The bundled checkpoint on the CPU, exact."""
    return checkpoint.load(SAMPLE, torch.device("cpu"), "float32")


@pytest.fixture(scope="session")
def engine(sample: Checkpoint) -> Engine:
    return Engine(sample, max_frames=8192)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the bundled checkpoint, to be spoilt."""
    return Path(shutil.copytree(SAMPLE, tmp_path / "sample", copy_function=shutil.copyfile))


@pytest.fixture(scope="session")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A real `python -m serving.run`, started once. It may take its time to drain, as a busy machine needs."""
    log = tmp_path_factory.mktemp("serving") / "serving.log"
    with start_serving(log, VOXREEL_DRAIN_SECONDS="120") as started:
        yield started


@pytest.fixture
def client(serving: Serving) -> Iterator[SpeechClient]:
    with SpeechClient(serving.url, read_timeout=120) as made:
        yield made
