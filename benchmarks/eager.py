"""Upstream's way of speaking in plain torch, for machines that have no f5-tts: one passage at a time, operation by operation.

It follows `CFM.sample` and `DiT.forward` of f5-tts 1.1: weights, state and tables in one format throughout, text embedded
once, guidance as a second row of the batch, modulations and the input layer anew at every step.
tests/benchmarks/test_eager.py holds it against f5-tts itself.
"""

from __future__ import annotations

import itertools
import math

import torch
from torch.nn import functional

from serving.model.flow import Sampling, schedule
from serving.model.shape import POSITION_GROUPS, POSITION_KERNEL, TEXT_KERNEL, TIME_CHANNELS, Shape

Linear = tuple[torch.Tensor, torch.Tensor]


class Eager:
    """Upstream's sampler for layers without the parts that F5TTS_v1_Base does not have (norms of queries, long skip)."""

    def __init__(self, shape: Shape, tensors: dict[str, torch.Tensor], device: torch.device, dtype: torch.dtype) -> None:
        """tensors: by upstream's names without `transformer.`. dtype: float16 is what upstream takes on a GPU."""
        self.shape, self.device, self.dtype = shape, device, dtype
        self._tensors = {name: value.to(device, dtype) for name, value in tensors.items()}
        frequencies = 1.0 / (10_000 ** (torch.arange(0, shape.dim_head, 2).float() / shape.dim_head))
        self._frequencies = frequencies.to(device, dtype)

    @torch.inference_mode()
    def sample(self, reference: torch.Tensor, tokens: torch.Tensor, noise: torch.Tensor, sampling: Sampling) -> torch.Tensor:
        """reference: mel [n, channels]; tokens: integers [m]; noise: [frames, channels]. Returns mel [frames, channels]."""
        x, frames = noise.to(self.device, self.dtype)[None], len(noise)
        cond = functional.pad(reference.to(self.device, self.dtype), (0, 0, 0, frames - len(reference)))[None]
        texts = [self._embedded(tokens.to(self.device), frames, dropped) for dropped in (False, True)]
        times = schedule(sampling).to(self.device, self.dtype)
        for now, following in itertools.pairwise(times):
            given, free = self._velocity(x, cond, texts, now).chunk(2)
            x = x + (following - now) * (given + (given - free) * sampling.cfg_strength)
        return torch.where((torch.arange(frames, device=self.device) < len(reference))[None, :, None], cond, x)[0]

    def _velocity(self, x: torch.Tensor, cond: torch.Tensor, texts: list[torch.Tensor], time: torch.Tensor) -> torch.Tensor:
        """[2, frames, channels]: with reference and text, and without either."""
        modulation = self._time(time.repeat(1))
        hidden = torch.cat([self._input(x, cond, texts[0]), self._input(x, torch.zeros_like(cond), texts[1])])
        modulation = torch.cat([modulation, modulation])
        angles = torch.outer(torch.arange(x.shape[1], device=self.device).to(self.dtype), self._frequencies)
        angles = angles.repeat_interleave(2, dim=-1)
        for number in range(self.shape.depth):
            hidden = self._layer(hidden, modulation, angles, f"transformer_blocks.{number}")
        scale, shift = functional.linear(functional.silu(modulation), *self._of("norm_out.linear")).chunk(2, dim=1)
        return functional.linear(_normal(hidden) * (1 + scale)[:, None] + shift[:, None], *self._of("proj_out"))

    def _layer(self, hidden: torch.Tensor, modulation: torch.Tensor, angles: torch.Tensor, name: str) -> torch.Tensor:
        changes = functional.linear(functional.silu(modulation), *self._of(f"{name}.attn_norm.linear")).chunk(6, dim=1)
        shift, scale, gate, ff_shift, ff_scale, ff_gate = changes
        seen = _normal(hidden) * (1 + scale[:, None]) + shift[:, None]
        q, k, v = (functional.linear(seen, *self._of(f"{name}.attn.to_{part}")) for part in "qkv")
        q, k, v = (part.unflatten(-1, (self.shape.heads, -1)).transpose(1, 2) for part in (q, k, v))
        first = self.shape.pe_attn_head
        q, k = (torch.cat([_turned(part[:, :first], angles), part[:, first or part.shape[1] :]], dim=1) for part in (q, k))
        seen = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        hidden = hidden + gate[:, None] * functional.linear(seen, *self._of(f"{name}.attn.to_out.0"))
        wide = functional.linear(_normal(hidden) * (1 + ff_scale[:, None]) + ff_shift[:, None], *self._of(f"{name}.ff.ff.0.0"))
        narrow = functional.linear(functional.gelu(wide, approximate="tanh"), *self._of(f"{name}.ff.ff.2"))
        return hidden + ff_gate[:, None] * narrow

    def _input(self, x: torch.Tensor, cond: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        hidden = functional.linear(torch.cat([x, cond, text], dim=-1), *self._of("input_embed.proj"))
        mixed = hidden.transpose(1, 2)
        for number in (0, 2):
            layer = self._of(f"input_embed.conv_pos_embed.conv1d.{number}")
            mixed = functional.mish(functional.conv1d(mixed, *layer, padding=POSITION_KERNEL // 2, groups=POSITION_GROUPS))
        return mixed.transpose(1, 2) + hidden

    def _time(self, time: torch.Tensor) -> torch.Tensor:
        half = TIME_CHANNELS // 2
        steps = torch.exp(torch.arange(half, device=self.device).float() * -(math.log(10_000) / (half - 1)))
        angles = 1000 * time[:, None] * steps[None]
        hidden = torch.cat([angles.sin(), angles.cos()], dim=-1).to(time.dtype)
        hidden = functional.silu(functional.linear(hidden, *self._of("time_embed.time_mlp.0")))
        return functional.linear(hidden, *self._of("time_embed.time_mlp.2"))

    def _embedded(self, tokens: torch.Tensor, frames: int, dropped: bool) -> torch.Tensor:
        """Text as [1, frames, text_dim]."""
        row = functional.pad(tokens[:frames] + 1, (0, max(0, frames - len(tokens))))[None]
        filler = (row == 0)[:, :, None] if self.shape.text_mask_padding else torch.zeros_like(row, dtype=torch.bool)[:, :, None]
        hidden = self._tensors["text_embed.text_embed.weight"][torch.zeros_like(row) if dropped else row]
        if self.shape.conv_layers:
            half = torch.arange(0, self.shape.text_dim, 2)[: self.shape.text_dim // 2].float() / self.shape.text_dim
            angles = torch.outer(torch.arange(frames).float(), 1.0 / 10_000.0**half).to(self.device)
            hidden = (hidden + torch.cat([angles.cos(), angles.sin()], dim=-1).to(self.dtype)).masked_fill(filler, 0.0)
        for number in range(self.shape.conv_layers):
            hidden = self._convnext(hidden, f"text_embed.text_blocks.{number}").masked_fill(filler, 0.0)
        return hidden

    def _convnext(self, hidden: torch.Tensor, name: str) -> torch.Tensor:
        channels = hidden.shape[-1]
        mixed = functional.conv1d(
            hidden.transpose(1, 2), *self._of(f"{name}.dwconv"), padding=TEXT_KERNEL // 2, groups=channels
        ).transpose(1, 2)
        mixed = functional.layer_norm(mixed, (channels,), *self._of(f"{name}.norm"), 1e-6)
        mixed = functional.gelu(functional.linear(mixed, *self._of(f"{name}.pwconv1")))
        energy = mixed.norm(p=2, dim=1, keepdim=True)
        response = energy / (energy.mean(dim=-1, keepdim=True) + 1e-6)
        mixed = self._tensors[f"{name}.grn.gamma"] * (mixed * response) + self._tensors[f"{name}.grn.beta"] + mixed
        return hidden + functional.linear(mixed, *self._of(f"{name}.pwconv2"))

    def _of(self, name: str) -> Linear:
        return self._tensors[f"{name}.weight"], self._tensors[f"{name}.bias"]


def _normal(hidden: torch.Tensor) -> torch.Tensor:
    return functional.layer_norm(hidden, hidden.shape[-1:], eps=1e-6)


def _turned(heads: torch.Tensor, angles: torch.Tensor) -> torch.Tensor:
    """Rotary positions over neighbouring channels, as x-transformers has them. heads: [b, heads, n, channels]."""
    one, other = heads.unflatten(-1, (-1, 2)).unbind(-1)
    swapped = torch.stack([-other, one], dim=-1).flatten(-2)
    return (heads * angles.cos() + swapped * angles.sin()).to(heads.dtype)
