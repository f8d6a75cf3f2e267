"""The diffusion transformer of F5-TTS for inference: upstream's weights and numbers, without upstream's waste.

What differs from upstream's DiT: text and reference are projected once a request instead of at every step, modulations
once for each distinct time, rows are packed instead of padded, queries, keys and values come from one product, and sums
that matter (the residual stream, normalisations, positions) stay float32 whatever the products are done in.
"""

from __future__ import annotations

import dataclasses

import torch
from torch.nn import functional

from serving.model.attention import attend
from serving.model.compiling import fused
from serving.model.modulation import Modulation, Modulator
from serving.model.packing import Packing, of_frames
from serving.model.shape import POSITION_GROUPS, POSITION_KERNEL, Shape, below
from serving.model.text import MAX_FRAMES, TextEncoder

#: Weight and bias; norms of queries and keys; cosines and sines of the positions.
Linear = tuple[torch.Tensor, torch.Tensor]
Norms = tuple[torch.Tensor | None, torch.Tensor | None]
Rotation = tuple[torch.Tensor, torch.Tensor]


@dataclasses.dataclass(frozen=True)
class Block:
    """Weights of one layer. qkv: three products in one. norms: float32 [dim_head] each."""

    qkv: Linear
    norms: Norms
    out: Linear
    widen: Linear
    narrow: Linear


class DiT:
    """Predicts velocities for packed rows."""

    def __init__(
        self,
        shape: Shape,
        tensors: dict[str, torch.Tensor],
        device: torch.device,
        dtype: torch.dtype,
        fuse: bool | None = None,
    ) -> None:
        """tensors: by upstream's names without `transformer.` (shape.sizes lists them). dtype: of the matrix products.
        fuse: whether to compile the layers, which takes a while at the first batch and at the first lone row; by default on
        a GPU (compiling.py)."""
        self.shape, self.device, self.dtype = shape, device, dtype
        exact = {name: value.to(device, torch.float32) for name, value in tensors.items() if not _is_product(name)}
        self._encode = TextEncoder(shape, below(exact, "text_embed."))
        self.modulate = Modulator(shape, exact)
        # [dim, mel + mel + text]: what is noise changes at every step, reference and text never do.
        self._noise, self._reference, self._text = exact["input_embed.proj.weight"].split(
            (shape.mel_dim, shape.mel_dim, shape.text_dim), dim=1
        )
        self._input_bias = exact["input_embed.proj.bias"]
        self._positions = [self._linear(tensors, f"input_embed.conv_pos_embed.conv1d.{number}") for number in (0, 2)]
        self._blocks = [self._block(below(tensors, f"transformer_blocks.{number}.")) for number in range(shape.depth)]
        skip = tensors.get("long_skip_connection.weight")
        self._skip = None if skip is None else skip.to(device, dtype)
        self._out = exact["proj_out.weight"], exact["proj_out.bias"]
        self._cos, self._sin = _rotations(shape.dim_head, device)
        self._before, self._after = before_attention, after_attention
        if device.type == "cuda" if fuse is None else fuse:
            self._before, self._after = fused(before_attention), fused(after_attention)

    @torch.inference_mode()
    def fixed(self, reference: torch.Tensor, tokens: torch.Tensor, frames: int, *, dropped: bool) -> torch.Tensor:
        """What the input layer makes of reference and text, the same at every step: float32 [frames, dim].

        reference: mel [n, channels]; tokens: integers [m]. dropped: without either, for guidance.
        """
        text = self._encode(tokens.to(self.device), frames, dropped=dropped)
        hidden = functional.linear(text, self._text, self._input_bias)
        if not dropped:
            hidden[: len(reference)] += functional.linear(reference, self._reference)
        return hidden

    @torch.inference_mode()
    def project(self, x: torch.Tensor) -> torch.Tensor:
        """What the input layer makes of the state of the ODE: [frames, channels] -> float32 [frames, dim]."""
        return functional.linear(x, self._noise)

    @torch.inference_mode()
    def velocity(self, hidden: torch.Tensor, modulation: Modulation, packing: Packing) -> torch.Tensor:
        """hidden: `project` of the state and `fixed` summed, float32 [frames, dim]; modulation: one time a row.

        Returns float32 [frames, channels].
        """
        hidden = hidden + self._of_positions(hidden, packing)
        first = hidden
        rotation = self._rotation(packing)
        for number, block in enumerate(self._blocks):
            change = modulation.layers[:, number]
            q, k, v = self._before(
                hidden, change, packing.rows, block.qkv, block.norms, rotation, self.shape.heads, self.shape.pe_attn_head
            )
            seen = attend(q, k, v, packing).flatten(1)
            hidden = self._after(hidden, seen, change, packing.rows, block.out, block.widen, block.narrow)
        if self._skip is not None:
            joined = torch.cat([hidden, first], dim=-1).to(self.dtype)
            hidden = functional.linear(joined, self._skip).float()
        scale, shift = modulation.last.unbind(1)
        return functional.linear(_modulated(hidden, shift, scale, packing.rows), *self._out)

    def _of_positions(self, hidden: torch.Tensor, packing: Packing) -> torch.Tensor:
        """Two grouped convolutions tell neighbouring frames apart. Between rows lie zeros, as at the ends of a lone one."""
        mixed = packing.spread(hidden.to(self.dtype))
        for weight, bias in self._positions:
            mixed = functional.conv1d(
                mixed.T[None], weight, bias, padding=POSITION_KERNEL // 2, groups=POSITION_GROUPS
            )[0].T  # fmt: skip
            mixed = functional.mish(mixed)
            if not packing.alone:
                mixed = packing.spread(packing.gather(mixed))
        return packing.gather(mixed).float()

    def _rotation(self, packing: Packing) -> Rotation:
        if packing.alone:
            return self._cos[: packing.frames], self._sin[: packing.frames]
        return self._cos[packing.positions], self._sin[packing.positions]

    def _block(self, tensors: dict[str, torch.Tensor]) -> Block:
        q, k = (self._halved(tensors[f"attn.{part}.weight"]) for part in ("to_q", "to_k"))
        q_bias, k_bias = (self._halved(tensors[f"attn.{part}.bias"]) for part in ("to_q", "to_k"))
        weight = torch.cat([q, k, tensors["attn.to_v.weight"]])
        bias = torch.cat([q_bias, k_bias, tensors["attn.to_v.bias"]])
        q_norm, k_norm = (tensors.get(f"attn.{part}.weight") for part in ("q_norm", "k_norm"))
        return Block(
            qkv=(weight.to(self.device, self.dtype), bias.to(self.device, self.dtype)),
            norms=(self._exact_norm(q_norm), self._exact_norm(k_norm)),
            out=self._linear(tensors, "attn.to_out.0"),
            widen=self._linear(tensors, "ff.ff.0.0"),
            narrow=self._linear(tensors, "ff.ff.2"),
        )

    def _exact_norm(self, norm: torch.Tensor | None) -> torch.Tensor | None:
        return None if norm is None else self._halved(norm).to(self.device, torch.float32)

    def _halved(self, tensor: torch.Tensor) -> torch.Tensor:
        """Upstream rotates neighbouring channels of a head together, here those half a head apart are: the channels of
        queries and keys are put in another order, which no score depends on, and the rotation needs no shuffling."""
        heads = tensor.unflatten(0, (-1, self.shape.dim_head // 2, 2))
        return heads.transpose(1, 2).flatten(0, 2)

    def _linear(self, tensors: dict[str, torch.Tensor], name: str) -> Linear:
        return tensors[f"{name}.weight"].to(self.device, self.dtype), tensors[f"{name}.bias"].to(self.device, self.dtype)


def before_attention(
    hidden: torch.Tensor,
    change: torch.Tensor,
    rows: torch.Tensor | None,
    weights: Linear,
    norms: Norms,
    rotation: Rotation,
    heads: int,
    positioned: int | None,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The part of a layer before attention: hidden, float32 [frames, dim] -> queries, keys, values [frames, heads, dim_head].

    change: float32 [rows, 6, dim]; rows: the row of each frame, None for a lone row.
    """
    product = functional.linear(_modulated(hidden, change[:, 0], change[:, 1], rows).to(weights[0].dtype), *weights)
    q, k, v = product.unflatten(-1, (3, heads, -1)).unbind(1)
    return _turned(q, norms[0], rotation, positioned), _turned(k, norms[1], rotation, positioned), v


def after_attention(
    hidden: torch.Tensor,
    seen: torch.Tensor,
    change: torch.Tensor,
    rows: torch.Tensor | None,
    out: Linear,
    widen: Linear,
    narrow: Linear,
) -> torch.Tensor:
    """The part of a layer after attention: what was seen, [frames, inner], and the feed-forward, added to hidden."""
    hidden = torch.addcmul(hidden, of_frames(change[:, 2], rows), functional.linear(seen, *out).float())
    wide = functional.linear(_modulated(hidden, change[:, 3], change[:, 4], rows).to(widen[0].dtype), *widen)
    narrowed = functional.linear(functional.gelu(wide, approximate="tanh"), *narrow)
    return torch.addcmul(hidden, of_frames(change[:, 5], rows), narrowed.float())


def _modulated(hidden: torch.Tensor, shift: torch.Tensor, scale: torch.Tensor, rows: torch.Tensor | None) -> torch.Tensor:
    normalised = functional.layer_norm(hidden, hidden.shape[-1:], eps=1e-6)
    return torch.addcmul(of_frames(shift, rows), normalised, of_frames(scale, rows))


def _turned(heads: torch.Tensor, norm: torch.Tensor | None, rotation: Rotation, positioned: int | None) -> torch.Tensor:
    """Rotary positions (arXiv 2104.09864) for the first heads, or all. heads: [frames, heads, dim_head]."""
    exact = heads.float()
    if norm is not None:
        exact = functional.rms_norm(exact, exact.shape[-1:], norm, 1e-6)
    one, other = exact[:, :positioned].chunk(2, dim=-1)
    cos, sin = (table[:, None] for table in rotation)
    turned = torch.cat([one * cos - other * sin, other * cos + one * sin], dim=-1).to(heads.dtype)
    if positioned is None:
        return turned
    return torch.cat([turned, exact[:, positioned:].to(heads.dtype)], dim=1)


def _rotations(channels: int, device: torch.device) -> Rotation:
    """Cosines and sines, float32 [positions, channels / 2]."""
    frequencies = 1.0 / (10_000 ** (torch.arange(0, channels, 2).float() / channels))
    angles = torch.outer(torch.arange(MAX_FRAMES).float(), frequencies).to(device)
    return angles.cos(), angles.sin()


def _is_product(name: str) -> bool:
    """Whether a tensor is used in a product of the layers, which may be done in half precision."""
    return ".attn." in name or ".ff." in name or "conv_pos_embed" in name or name.startswith("long_skip")
