"""How long each character of an aligned text is spoken."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

#: No character is shorter than this many frames before rounding, so that fast ones still add up.
SHORTEST_FRAMES = 0.3


class Durations(nn.Module):
    """Characters -> log(1 + frames): a small stack of residual convolutions. Parameter names are the checkpoint's."""

    def __init__(self, characters: int, width: int, kernel: int, layers: int) -> None:
        super().__init__()
        self.e = nn.Embedding(characters, width)
        self.c = nn.ModuleList(nn.Conv1d(width, width, kernel, padding=kernel // 2) for _ in range(layers))
        self.n = nn.ModuleList(nn.LayerNorm(width) for _ in range(layers))
        self.o = nn.Linear(width, 1)

    @classmethod
    def shaped_like(cls, tensors: dict[str, torch.Tensor]) -> Durations:
        """An empty model with the shape of these weights. Raises KeyError where they are of another kind."""
        characters, width = tensors["e.weight"].shape
        layers = sum(name.startswith("c.") and name.endswith(".weight") for name in tensors)
        return cls(characters, width, tensors["c.0.weight"].shape[-1], layers)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """tokens: integers [batch, characters] -> log(1 + frames) [batch, characters]."""
        hidden = self.e(tokens)
        for convolution, norm in zip(self.c, self.n, strict=True):
            hidden = hidden + functional.gelu(convolution(norm(hidden).transpose(1, 2))).transpose(1, 2)
        return self.o(hidden)[..., 0]

    @torch.inference_mode()
    def frames(self, tokens: torch.Tensor, speed: float) -> torch.Tensor:
        """Whole frames for each token, integers [characters]. Rounding is of the running sum, so no drift builds up."""
        lengths = (self(tokens[None])[0].exp() - 1).clamp(min=SHORTEST_FRAMES) / speed
        return lengths.cumsum(0).round().long().diff(prepend=torch.zeros(1, dtype=torch.long))
