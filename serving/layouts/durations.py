"""How long each phone of an aligned text is spoken."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

#: No phone is shorter than this many frames at speed 1, before rounding, so that fast ones still add up.
SHORTEST_FRAMES = 0.3
#: And none is longer than so many, 2.1 s, a pause with it: no text may come to fill the memory.
LONGEST_FRAMES = 200.0
#: What lies between these on the average over all phones, in frames, was learnt from speech; it is about 6 there.
LIKELY_FRAMES = (1.0, 60.0)


class Durations(nn.Module):
    """Phones -> log(1 + frames): a small stack of residual convolutions. Parameter names are the checkpoint's."""

    def __init__(self, tokens: int, width: int, kernel: int, layers: int) -> None:
        super().__init__()
        self.e = nn.Embedding(tokens, width)
        self.c = nn.ModuleList(nn.Conv1d(width, width, kernel, padding=kernel // 2) for _ in range(layers))
        self.n = nn.ModuleList(nn.LayerNorm(width) for _ in range(layers))
        self.o = nn.Linear(width, 1)

    @classmethod
    def shaped_like(cls, tensors: dict[str, torch.Tensor]) -> Durations:
        """An empty model with the shape of these weights. Raises KeyError, ValueError where they are of another kind."""
        tokens, width = tensors["e.weight"].shape
        _, _, kernel = tensors["c.0.weight"].shape
        if kernel % 2 == 0:
            raise ValueError(f"its kernel of {kernel} is even")
        layers = sum(name.startswith("c.") and name.endswith(".weight") for name in tensors)
        return cls(tokens, width, kernel, layers)

    def forward(self, tokens: torch.Tensor, spoken: torch.Tensor | None = None) -> torch.Tensor:
        """tokens: integers [batch, phones] -> log(1 + frames) [batch, phones].

        spoken: which are no padding, bools [batch, phones]; what is padding changes nothing for the others.
        """
        hidden = self.e(tokens)
        for convolution, norm in zip(self.c, self.n, strict=True):
            seen = norm(hidden) if spoken is None else norm(hidden) * spoken[..., None]
            hidden = hidden + functional.gelu(convolution(seen.transpose(1, 2))).transpose(1, 2)
        return self.o(hidden)[..., 0]

    @property
    def is_likely(self) -> bool:
        """Whether phones take about as long as they do in speech."""
        with torch.inference_mode():
            lengths = self(torch.arange(self.e.num_embeddings)[None]).exp() - 1
        return bool(LIKELY_FRAMES[0] <= lengths.mean() <= LIKELY_FRAMES[1])

    @torch.inference_mode()
    def lengths(self, tokens: torch.Tensor) -> torch.Tensor:
        """Frames for each token at speed 1, float32 [phones]."""
        return (self(tokens[None])[0].exp() - 1).clamp(SHORTEST_FRAMES, LONGEST_FRAMES)

    def frames(self, tokens: torch.Tensor, speed: float) -> torch.Tensor:
        """Whole frames for each token, integers [phones]."""
        return whole(self.lengths(tokens) / speed)


def whole(lengths: torch.Tensor) -> torch.Tensor:
    """Frames as integers. Rounding is of the running sum, so no drift builds up."""
    return lengths.cumsum(0).round().long().diff(prepend=torch.zeros(1, dtype=torch.long))
