"""The shape of a DiT: its sizes, and by them the name and size of every tensor in a published file."""

from __future__ import annotations

import dataclasses

import torch

#: Sizes that upstream fixes: of the sine table of times, of the convolutions over positions, and their groups.
TIME_CHANNELS, POSITION_KERNEL, POSITION_GROUPS = 256, 31, 16
#: Kernel and widening of the text encoder's ConvNeXt blocks.
TEXT_KERNEL, TEXT_WIDENING = 7, 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shape:
    """Arguments of upstream's DiT (F5-TTS, `model/backbones/dit.py`). pe_attn_head: heads with positions, None for all."""

    dim: int
    depth: int
    heads: int
    dim_head: int = 64
    ff_mult: float = 4
    mel_dim: int = 100
    text_num_embeds: int
    text_dim: int
    conv_layers: int = 0
    text_mask_padding: bool = True
    text_embedding_average_upsampling: bool = False
    qk_norm: str | None = None
    pe_attn_head: int | None = None
    long_skip_connection: bool = False

    @property
    def inner(self) -> int:
        """Channels of queries, keys and values, all heads together."""
        return self.heads * self.dim_head


def sizes(shape: Shape) -> dict[str, tuple[int, ...]]:
    """Name -> size of every weight, by upstream's names without the prefix `transformer.`."""
    found: dict[str, tuple[int, ...]] = {}

    def linear(name: str, inputs: int, outputs: int, *, bias: bool = True) -> None:
        found[f"{name}.weight"] = (outputs, inputs)
        if bias:
            found[f"{name}.bias"] = (outputs,)

    def convolution(name: str, channels: int, kernel: int, groups: int) -> None:
        found[f"{name}.weight"] = (channels, channels // groups, kernel)
        found[f"{name}.bias"] = (channels,)

    dim, text = shape.dim, shape.text_dim
    linear("time_embed.time_mlp.0", TIME_CHANNELS, dim)
    linear("time_embed.time_mlp.2", dim, dim)
    found["text_embed.text_embed.weight"] = (shape.text_num_embeds + 1, text)
    for number in range(shape.conv_layers):
        name = f"text_embed.text_blocks.{number}"
        convolution(f"{name}.dwconv", text, TEXT_KERNEL, text)
        found[f"{name}.norm.weight"] = found[f"{name}.norm.bias"] = (text,)
        linear(f"{name}.pwconv1", text, TEXT_WIDENING * text)
        found[f"{name}.grn.gamma"] = found[f"{name}.grn.beta"] = (1, 1, TEXT_WIDENING * text)
        linear(f"{name}.pwconv2", TEXT_WIDENING * text, text)
    linear("input_embed.proj", 2 * shape.mel_dim + text, dim)
    for number in (0, 2):
        convolution(f"input_embed.conv_pos_embed.conv1d.{number}", dim, POSITION_KERNEL, POSITION_GROUPS)
    for number in range(shape.depth):
        name = f"transformer_blocks.{number}"
        linear(f"{name}.attn_norm.linear", dim, 6 * dim)
        for part in ("to_q", "to_k", "to_v"):
            linear(f"{name}.attn.{part}", dim, shape.inner)
        if shape.qk_norm:
            found[f"{name}.attn.q_norm.weight"] = found[f"{name}.attn.k_norm.weight"] = (shape.dim_head,)
        linear(f"{name}.attn.to_out.0", shape.inner, dim)
        linear(f"{name}.ff.ff.0.0", dim, int(shape.ff_mult * dim))
        linear(f"{name}.ff.ff.2", int(shape.ff_mult * dim), dim)
    if shape.long_skip_connection:
        linear("long_skip_connection", 2 * dim, dim, bias=False)
    linear("norm_out.linear", dim, 2 * dim)
    linear("proj_out", dim, shape.mel_dim)
    return found


def below(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """The tensors whose names start with `prefix`, without it."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
