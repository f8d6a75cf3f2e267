"""What a point in time does to the layers (AdaLN, arXiv 2212.09748), computed once for each distinct time.

All requests of a schedule visit the same few times, so shifts, scales and gates of all layers are kept, latest first.
"""

from __future__ import annotations

import collections
import dataclasses
import math

import torch
from torch.nn import functional

from serving.model.shape import TIME_CHANNELS, Shape

#: Times remembered: several schedules of 32 steps. With F5TTS_v1_Base one takes 0.5 MB.
REMEMBERED_TIMES = 256


@dataclasses.dataclass(frozen=True)
class Modulation:
    """For several times: layers float32 [times, depth, 6, dim] (shift, 1 + scale, gate of attention; the same of the
    feed-forward), last float32 [times, 2, dim] (1 + scale, shift)."""

    layers: torch.Tensor
    last: torch.Tensor


class Modulator:
    """Time -> modulation, in float32 throughout: neighbouring times of a schedule are alike in half precision."""

    def __init__(self, shape: Shape, tensors: dict[str, torch.Tensor]) -> None:
        """tensors: float32 by upstream's names, on the device to work on."""
        self._first = tensors["time_embed.time_mlp.0.weight"], tensors["time_embed.time_mlp.0.bias"]
        self._second = tensors["time_embed.time_mlp.2.weight"], tensors["time_embed.time_mlp.2.bias"]
        names = [f"transformer_blocks.{number}.attn_norm.linear" for number in range(shape.depth)]
        self._layers = [(tensors[f"{name}.weight"], tensors[f"{name}.bias"]) for name in names]
        self._last = tensors["norm_out.linear.weight"], tensors["norm_out.linear.bias"]
        self._known: collections.OrderedDict[float, Modulation] = collections.OrderedDict()

    @torch.inference_mode()
    def __call__(self, times: list[float]) -> Modulation:
        """times: 0..1, one a row of the result."""
        found = [self._at(time) for time in times]
        if len(found) == 1:
            return found[0]
        return Modulation(torch.cat([one.layers for one in found]), torch.cat([one.last for one in found]))

    def _at(self, time: float) -> Modulation:
        if time not in self._known:
            self._known[time] = self._computed(time)
            if len(self._known) > REMEMBERED_TIMES:
                self._known.popitem(last=False)
        self._known.move_to_end(time)
        return self._known[time]

    def _computed(self, time: float) -> Modulation:
        half = TIME_CHANNELS // 2
        device = self._first[0].device
        frequencies = torch.exp(torch.arange(half, device=device).float() * -(math.log(10_000) / (half - 1)))
        angles = 1000 * torch.tensor([time], device=device)[:, None] * frequencies
        hidden = functional.linear(torch.cat([angles.sin(), angles.cos()], dim=-1), *self._first)
        hidden = functional.silu(functional.linear(functional.silu(hidden), *self._second))
        layers = torch.stack([functional.linear(hidden, *layer).unflatten(-1, (6, -1)) for layer in self._layers], dim=1)
        last = functional.linear(hidden, *self._last).unflatten(-1, (2, -1)).clone()
        layers[:, :, [1, 4]] += 1
        last[:, 0] += 1
        return Modulation(layers, last)
