"""Several losses, each with a stated share in what is learnt (after the balancer of EnCodec, arXiv 2210.13438).

Losses weighed by constants pull as hard as their scales happen to be, and those of discriminators change by and by. Here the
sizes of their slopes are measured now and then and divided out, so that the same shares do for any size and any stage.
"""

from __future__ import annotations

import torch

#: Measurements that a running mean goes over, about.
REMEMBERED = 20
#: Slopes smaller than this are not made larger.
SMALLEST = 1e-8


class Balance:
    """shares: loss -> how much of the slope is its. `sizes` is the state: loss -> running mean of its slope's norm."""

    def __init__(self, shares: dict[str, float]) -> None:
        self.shares = shares
        self.sizes: dict[str, torch.Tensor] = {}

    def measure(self, losses: dict[str, torch.Tensor], at: torch.Tensor) -> None:
        """Measure their slopes at a tensor that all of them depend on. Graphs are kept.

        Take a hidden layer rather than a wave: at a wave, the slopes of logarithms of silence outweigh everything.
        """
        for name, loss in losses.items():
            (slope,) = torch.autograd.grad(loss, at, retain_graph=True)
            size = slope.float().norm().clamp(min=SMALLEST)
            self.sizes[name] = torch.lerp(self.sizes.get(name, size), size, 1 / REMEMBERED)

    def total(self, losses: dict[str, torch.Tensor]) -> torch.Tensor:
        """Their sum, whose slope has a norm of 1 or so there. Raises KeyError for one that was never measured."""
        shares = sum(self.shares[name] for name in losses)
        return torch.stack([loss * (self.shares[name] / shares / self.sizes[name]) for name, loss in losses.items()]).sum()
