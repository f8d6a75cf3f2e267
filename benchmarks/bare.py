"""An engine on a machine that has torch and nothing else: random weights in place of a checkpoint's files."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, cast

import torch

from benchmarks import flops, load, weights
from serving.engine import Engine, Work
from serving.model.dit import DiT
from serving.model.flow import Sampling
from serving.model.mel import Mel
from serving.model.shape import Shape
from serving.model.vocos import Vocos, VocosShape, sizes

#: Samples a second.
RATE = 24_000
#: Characters of text a second of speech.
PACE = 16
TEXT = "the evening wind came over the water and the boats turned slowly towards the lights of the small harbour "
VOICES = 4


@dataclasses.dataclass(frozen=True)
class Model:
    """What is measured. reference, speech: seconds; passages are as long as `speech` says, shortest and longest."""

    name: str
    shape: Shape
    vocoder: VocosShape
    reference: float
    speech: tuple[float, float]


BASE = Model("F5TTS_v1_Base", weights.F5TTS_V1_BASE, weights.VOCOS_24K, reference=5.0, speech=(3.0, 20.0))
TINY = Model("tiny", weights.TINY, weights.VOCOS_TINY, reference=0.5, speech=(0.3, 1.0))


@dataclasses.dataclass(frozen=True)
class Voice:
    """mel: float32 [frames, channels] on the device."""

    name: str
    text: str
    mel: torch.Tensor
    gain: float = 1.0

    @property
    def frames(self) -> int:
        return self.mel.shape[0]


@dataclasses.dataclass(frozen=True)
class Laid:
    tokens: torch.Tensor
    frames: int
    character_ends: None = None


class Layout:
    """Text of the reference and text in a row; what a passage takes follows from its characters."""

    kind = "concatenated"

    def __init__(self, entries: int) -> None:
        self._entries = entries

    def lay(self, text: str, voice: Voice, speed: float) -> Laid:
        tokens = torch.tensor([ord(character) % self._entries for character in voice.text + text])
        return Laid(tokens, voice.frames + max(1, round(len(text) / PACE / speed * flops.FRAMES_PER_SECOND)))


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """The part of a Checkpoint that an engine uses."""

    dit: DiT
    mel: Mel
    vocoder: Vocos
    voices: dict[str, Voice]
    sampling: Sampling
    layout: Layout
    rate: int
    hop: int
    device: torch.device


def checkpoint(model: Model, tensors: dict[str, torch.Tensor], device: torch.device, dtype: torch.dtype) -> Checkpoint:
    """tensors: `weights.model` of the model's shape."""
    mel = Mel(channels=model.shape.mel_dim).to(device)
    return Checkpoint(
        dit=DiT(model.shape, tensors, device, dtype),
        mel=mel,
        vocoder=Vocos(model.vocoder, weights.drawn(sizes(model.vocoder), seed=0), device),
        voices={f"voice {number}": voice(number, model.reference, mel, device) for number in range(VOICES)},
        sampling=Sampling(),
        layout=Layout(model.shape.text_num_embeds),
        rate=RATE,
        hop=mel.hop,
        device=device,
    )


def engine(model: Model, tensors: dict[str, torch.Tensor], device: torch.device, dtype: torch.dtype) -> Engine:
    # An engine asks no more of its checkpoint than this one has.
    return Engine(cast(Any, checkpoint(model, tensors, device, dtype)))


def voice(number: int, seconds: float, mel: Mel, device: torch.device) -> Voice:
    """A voiced tone with some noise."""
    times = torch.arange(round(seconds * mel.rate)) / mel.rate
    noise = torch.randn(len(times), generator=torch.Generator().manual_seed(number))
    wave = 0.2 * torch.sin(2 * torch.pi * (110 + 40 * number) * times) + 0.01 * noise
    return Voice(f"voice {number}", text(seconds), mel(wave[None].to(device))[0].T.contiguous())


def text(seconds: float) -> str:
    length = round(seconds * PACE)
    return (TEXT * (length // len(TEXT) + 1))[:length]


def works(engine: Engine, model: Model, sampling: Sampling) -> Iterator[Work]:
    """Passages without end, of mixed lengths and voices."""
    for number, seconds in enumerate(load.mixed(*model.speech, count=11)):
        yield engine.plan(text(seconds), f"voice {number % VOICES}", 1.0, number, sampling)
