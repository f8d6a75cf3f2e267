"""Whether the numbers are right on this device, before anybody asks how fast they come.

Errors are relative: the norm of the difference by the norm of what it should be.
"""

from __future__ import annotations

import dataclasses
import itertools

import torch

from benchmarks import bare
from benchmarks.eager import Eager
from serving.model.attention import attend
from serving.model.dit import DiT
from serving.model.flow import Sampler, Sampling
from serving.model.packing import Packing

#: Largest relative error of attention alone, against float64. Half precision rounds each result once (2^-9 for bfloat16,
#: 2^-12 for float16) and, in some kernels, the weights of the softmax once more.
ATTENTION = {"float32": 1e-5, "float16": 2e-3, "bfloat16": 1.5e-2}
#: Largest relative error of a mel after STEPS guided steps through all layers, against float32 of one passage alone.
SPEECH = {"float32": 1e-4, "float16": 1e-2, "bfloat16": 5e-2}
#: Largest relative difference between a passage alone and in a batch, in the same precision. Matrix products of another
#: size may sum in another order; what a neighbour or padding leaked would be far above.
COMPANY = {"float32": 1e-4, "float16": 5e-3, "bfloat16": 3e-2}
STEPS = 4
HEADS, CHANNELS = 16, 64


@dataclasses.dataclass(frozen=True)
class Check:
    """One comparison. error, allowed: relative; worst: the largest difference of a single number."""

    what: str
    dtype: str
    error: float
    worst: float
    allowed: float

    @property
    def right(self) -> bool:
        return self.error <= self.allowed


def compared(what: str, dtype: str, got: torch.Tensor, wanted: torch.Tensor, allowed: float) -> Check:
    wanted = wanted.double()
    difference = got.double() - wanted
    return Check(what, dtype, float(difference.norm() / wanted.norm()), float(difference.abs().max()), allowed)


def of_attention(device: torch.device, dtype: str, lengths: tuple[int, ...] = (61, 1875, 300, 777)) -> Check:
    """Packed rows through our attention, against each row alone in float64 by its definition."""
    dice = torch.Generator().manual_seed(1)
    q, k, v = (torch.randn(sum(lengths), HEADS, CHANNELS, generator=dice).to(device, getattr(torch, dtype)) for _ in range(3))
    got = attend(q, k, v, Packing(lengths, device))
    wanted = torch.cat([defined(*row) for row in zip(*(part.split(lengths) for part in (q, k, v)), strict=True)])
    return compared("attention", dtype, got, wanted, ATTENTION[dtype])


def defined(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Attention of one row, [frames, heads, channels], in float64."""
    q, k, v = (part.double().transpose(0, 1) for part in (q, k, v))
    return ((q @ k.transpose(1, 2) * q.shape[-1] ** -0.5).softmax(-1) @ v).transpose(0, 1)


class Speaking:
    """A few steps of four passages of different lengths with the whole model."""

    def __init__(self, model: bare.Model, tensors: dict[str, torch.Tensor], device: torch.device) -> None:
        self._model, self._tensors, self._device = model, tensors, device
        exact = bare.engine(model, tensors, device, torch.float32)
        self._works = list(itertools.islice(bare.works(exact, model, Sampling(steps=STEPS)), 4))
        self._wanted = [self._alone(exact.checkpoint.dit, number) for number in range(len(self._works))]

    def checks(self, dtype: str) -> list[Check]:
        """Against float32 alone, and in company against alone in the same precision."""
        dit = DiT(self._model.shape, self._tensors, self._device, getattr(torch, dtype))
        alone = [self._alone(dit, number) for number in range(len(self._works))]
        together = self._together(dit, packed=self._device.type != "cpu")
        packed = self._together(dit, packed=True)
        wanted = torch.cat(self._wanted)
        itself = [] if dtype == "float32" else [compared("speech, alone", dtype, torch.cat(alone), wanted, SPEECH[dtype])]
        return [
            *itself,
            compared("speech, in a batch", dtype, torch.cat(together), wanted, SPEECH[dtype]),
            compared("alone and in a packed batch", dtype, torch.cat(packed), torch.cat(alone), COMPANY[dtype]),
        ]

    def against_upstream(self) -> Check:
        """Our float32 against the loop that does what upstream does, in float32."""
        eager = Eager(self._model.shape, self._tensors, self._device, torch.float32)
        work = self._works[0]
        noise = torch.randn(work.frames, self._model.shape.mel_dim, generator=torch.Generator().manual_seed(work.seed))
        found = eager.sample(work.voice.mel, work.laid.tokens, noise, work.sampling)[work.voice.frames :]
        return compared("speech, against upstream's loop", "float32", self._wanted[0], found, 1e-3)

    def _alone(self, dit: DiT, number: int) -> torch.Tensor:
        return self._spoken(Sampler(dit, packed=True), [number])[0]

    def _together(self, dit: DiT, packed: bool) -> list[torch.Tensor]:
        return self._spoken(Sampler(dit, packed=packed), list(range(len(self._works))))

    def _spoken(self, sampler: Sampler, numbers: list[int]) -> list[torch.Tensor]:
        works = [self._works[number] for number in numbers]
        flows = [sampler.begin(work.voice.mel, work.laid.tokens, work.frames, work.seed, work.sampling) for work in works]
        while not flows[0].done:
            sampler.step(flows)
        return [sampler.mel(flow) for flow in flows]
