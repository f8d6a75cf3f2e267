"""What is heard in a mel spectrogram: for each frame, how likely each token (phone, space or mark) is."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

#: Bands of the spectrogram, as upstream's (serving/model/mel.py).
CHANNELS = 100
#: Frames between the taps of each block's convolution, block by block and over again: 1.5 s are seen in all.
DILATIONS = (1, 1, 2, 2, 4, 4, 2, 1)
#: What log mels of speech at RMS 0.1 lie around, and how far from it.
MEAN, SPREAD = -3.0, 3.0


class Block(nn.Module):
    """Depthwise convolution over time, then two linear layers over channels, added to what came in."""

    def __init__(self, width: int, kernel: int, dilation: int) -> None:
        super().__init__()
        self.time = nn.Conv1d(width, width, kernel, padding=kernel // 2 * dilation, dilation=dilation, groups=width)
        self.norm = nn.LayerNorm(width)
        self.wide = nn.Linear(width, 2 * width)
        self.narrow = nn.Linear(2 * width, width)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """hidden: [batch, frames, width], same shape back."""
        moved = self.time(hidden.transpose(1, 2)).transpose(1, 2)
        return hidden + self.narrow(functional.gelu(self.wide(self.norm(moved))))


class Listener(nn.Module):
    """CTC over mel frames: class 0 is the blank, class n + 1 the token n. Parameter names are the checkpoint's.

    tokens: of the vocabulary. kernel: odd, frames that a block's convolution sees.
    """

    def __init__(self, tokens: int, width: int = 256, layers: int = 8, kernel: int = 9) -> None:
        super().__init__()
        self.inp = nn.Conv1d(CHANNELS, width, 5, padding=2)
        dilations = (DILATIONS[layer % len(DILATIONS)] for layer in range(layers))
        self.blocks = nn.ModuleList(Block(width, kernel, dilation) for dilation in dilations)
        self.out = nn.Linear(width, tokens + 1)

    @classmethod
    def shaped_like(cls, tensors: dict[str, torch.Tensor]) -> Listener:
        """An empty model with the shape of these weights. Raises KeyError, ValueError where they are of another kind."""
        classes, width = tensors["out.weight"].shape
        _, _, kernel = tensors["blocks.0.time.weight"].shape
        if kernel % 2 == 0:
            raise ValueError(f"its kernel of {kernel} is even")
        layers = sum(name.startswith("blocks.") and name.endswith(".time.weight") for name in tensors)
        return cls(classes - 1, width, layers, kernel)

    def forward(self, mel: torch.Tensor, frames: torch.Tensor | None = None) -> torch.Tensor:
        """mel: [batch, frames, 100] of sound at RMS 0.1 -> log-probabilities [batch, frames, tokens + 1].

        frames: integers [batch], how many of each row are sound. The rest is padding: it changes nothing of what is heard
        before it, and what is told of it itself means nothing.
        """
        there = None
        if frames is not None:
            there = (torch.arange(mel.shape[1], device=mel.device) < frames.to(mel.device)[:, None])[..., None]
        hidden = self.inp(_silenced((mel - MEAN) / SPREAD, there).transpose(1, 2)).transpose(1, 2)
        for block in self.blocks:
            # A convolution takes what lies beyond the last frame for 0, so that is what padding must be.
            hidden = block(_silenced(hidden, there))
        return self.out(hidden).log_softmax(-1)


def _silenced(hidden: torch.Tensor, there: torch.Tensor | None) -> torch.Tensor:
    return hidden if there is None else torch.where(there, hidden, 0.0)
