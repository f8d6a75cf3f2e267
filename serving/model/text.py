"""Text -> one embedding a frame, once a request (upstream's TextEmbedding: F5-TTS, arXiv 2410.06885, section 3.1)."""

from __future__ import annotations

import torch
from torch.nn import functional

from serving.model.shape import Shape, below

#: Positions that the sine table knows, as upstream: about 87 s at 24 kHz and hop 256.
MAX_FRAMES = 8192


class TextEncoder:
    """Embeds the tokens of one request. Its blocks normalise over all frames, so requests never share a batch here."""

    def __init__(self, shape: Shape, tensors: dict[str, torch.Tensor]) -> None:
        """tensors: float32, by upstream's names below `text_embed.`, on the device to work on."""
        self._shape = shape
        self._table = tensors["text_embed.weight"]
        self._blocks = [below(tensors, f"text_blocks.{number}.") for number in range(shape.conv_layers)]
        self._positions = _sines(shape.text_dim, MAX_FRAMES).to(self._table.device)

    @torch.inference_mode()
    def __call__(self, tokens: torch.Tensor, frames: int, *, dropped: bool) -> torch.Tensor:
        """tokens: integers [m], cut or filled up to `frames`. dropped: as if there were no text (for guidance).

        Returns float32 [frames, text_dim].
        """
        row = functional.pad(tokens[:frames] + 1, (0, max(0, frames - len(tokens))))
        filler = row == 0
        hidden = self._table[torch.zeros_like(row) if dropped else row]
        if self._blocks:
            hidden = hidden + self._positions[:frames]
            hidden = self._masked(hidden, filler)
            for block in self._blocks:
                hidden = self._masked(_convnext(hidden, block), filler)
        if self._shape.text_embedding_average_upsampling:
            hidden = _spread(hidden, ~filler, frames)
        return hidden

    def _masked(self, hidden: torch.Tensor, filler: torch.Tensor) -> torch.Tensor:
        return hidden.masked_fill(filler[:, None], 0.0) if self._shape.text_mask_padding else hidden


def _convnext(hidden: torch.Tensor, weights: dict[str, torch.Tensor]) -> torch.Tensor:
    """One ConvNeXt V2 block (arXiv 2301.00808) on [frames, channels]."""
    channels = hidden.shape[1]
    mixed = functional.conv1d(
        hidden.T[None], weights["dwconv.weight"], weights["dwconv.bias"], padding=weights["dwconv.weight"].shape[-1] // 2,
        groups=channels,
    )[0].T  # fmt: skip
    mixed = functional.layer_norm(mixed, (channels,), weights["norm.weight"], weights["norm.bias"], 1e-6)
    mixed = functional.gelu(functional.linear(mixed, weights["pwconv1.weight"], weights["pwconv1.bias"]))
    energy = mixed.norm(p=2, dim=0, keepdim=True)
    response = energy / (energy.mean(dim=-1, keepdim=True) + 1e-6)
    mixed = weights["grn.gamma"][0] * (mixed * response) + weights["grn.beta"][0] + mixed
    return hidden + functional.linear(mixed, weights["pwconv2.weight"], weights["pwconv2.bias"])


def _sines(channels: int, positions: int) -> torch.Tensor:
    """Cosines and sines of the positions, [positions, channels]."""
    frequencies = 1.0 / (10_000.0 ** (torch.arange(0, channels, 2)[: channels // 2].float() / channels))
    angles = torch.outer(torch.arange(positions), frequencies)
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


def _spread(hidden: torch.Tensor, spoken: torch.Tensor, frames: int) -> torch.Tensor:
    """Each token's embedding repeated over its share of the frames, the last tokens taking what does not divide."""
    count = int(spoken.sum())
    if count == 0:
        return torch.zeros_like(hidden)
    times = torch.full((count,), frames // count, device=hidden.device)
    times[count - frames % count :] += 1
    return hidden[spoken].repeat_interleave(times, dim=0)
