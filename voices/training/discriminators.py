"""Discriminators that tell recorded from generated waves: by periods (HiFi-GAN, arXiv 2010.05646) and by spectra at several
resolutions (UnivNet, arXiv 2106.07889).

What is reduced, since a discriminator costs more than the generator it teaches:
- The published ones are images convolved in two dimensions. Here each layer is a line convolved in one, with the other
  dimension folded into the batch: of the same layers, that takes half the time on a CPU with bfloat16.
- The size `cpu` has 16 to 128 channels instead of 32 to 1024 (0.8 M weights instead of 41 M), and asks two of the periods and
  one of the resolutions a step, by lot, instead of all: the mean over steps is the same.
"""

from __future__ import annotations

import itertools

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from voices.training.spectral import Spectrum

SLOPE = 0.1
#: Energy that is added to every bin's, so that roots have a slope in silence.
QUIETEST = 1e-6

#: A score for each place, any shape, and what each layer saw.
Opinion = tuple[torch.Tensor, list[torch.Tensor]]


class PeriodDiscriminator(nn.Module):
    """Sees the samples that lie a period apart. channels: of each layer; all but the last go three samples a step."""

    def __init__(self, period: int, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.period = period
        strides = (*[3] * (len(channels) - 1), 1)
        self.layers = nn.ModuleList(
            weight_norm(nn.Conv1d(before, after, 5, stride, padding=2))
            for (before, after), stride in zip(itertools.pairwise((1, *channels)), strides, strict=True)
        )
        self.out = weight_norm(nn.Conv1d(channels[-1], 1, 3, padding=1))

    def forward(self, wave: torch.Tensor) -> Opinion:
        """wave: [batch, samples]."""
        missing = -wave.shape[1] % self.period
        columns = functional.pad(wave[:, None], (0, missing), "reflect").unflatten(-1, (-1, self.period))
        hidden = columns.permute(0, 3, 1, 2).flatten(0, 1)
        seen = []
        for layer in self.layers:
            hidden = functional.leaky_relu(layer(hidden), SLOPE)
            seen.append(hidden)
        return self.out(hidden), seen


class ResolutionDiscriminator(nn.Module):
    """Sees the spectrum with one window, layers along the frequencies and along the time in turn."""

    def __init__(self, n_fft: int, channels: int) -> None:
        """channels: of the first layers; later ones have twice and four times as many."""
        super().__init__()
        self.spectrum = Spectrum(n_fft)
        widths = (3, channels, 2 * channels, 4 * channels)
        self.across = nn.ModuleList(
            weight_norm(nn.Conv1d(before, after, kernel, stride, kernel // 2))
            for (before, after), kernel, stride in zip(itertools.pairwise(widths), (9, 5, 5), (4, 3, 3), strict=True)
        )
        self.along = nn.ModuleList(weight_norm(nn.Conv1d(width, width, 3, padding=1)) for width in widths[1:])
        self.out = weight_norm(nn.Conv1d(widths[-1], 1, 3, padding=1))

    def forward(self, wave: torch.Tensor) -> Opinion:
        """wave: [batch, samples]."""
        hidden, seen = self._compressed(wave), []
        for across, along in zip(self.across, self.along, strict=True):
            batch, frames = hidden.shape[:2]
            hidden = functional.leaky_relu(across(hidden.flatten(0, 1)), SLOPE).unflatten(0, (batch, frames))
            seen.append(hidden)
            hidden = hidden.transpose(1, 3).contiguous()
            bins = hidden.shape[1]
            hidden = functional.leaky_relu(along(hidden.flatten(0, 1)), SLOPE)
            seen.append(hidden)
            hidden = hidden.unflatten(0, (batch, bins)).transpose(1, 3).contiguous()
        return self.out(hidden.transpose(1, 3).flatten(0, 1)), seen

    def _compressed(self, wave: torch.Tensor) -> torch.Tensor:
        """[batch, samples] -> [batch, frames, 3, bins]: real part, imaginary part and magnitude, with the root of the magnitude
        in the magnitude's place, so that quiet bands count as well."""
        parts = self.spectrum(wave.float())
        magnitude = (parts.square().sum(-1, keepdim=True) + QUIETEST).sqrt()
        seen = torch.cat([parts * magnitude.rsqrt(), magnitude.sqrt()], -1)
        return seen.permute(0, 2, 3, 1).contiguous()


def told_apart(real: list[Opinion], made: list[Opinion]) -> torch.Tensor:
    """Hinge loss of the discriminators, a mean over them: real scores above 1, made ones below -1."""
    losses = [
        functional.relu(1 - one[0].float()).mean() + functional.relu(1 + other[0].float()).mean()
        for one, other in zip(real, made, strict=True)
    ]
    return torch.stack(losses).mean()


def taken_for_real(made: list[Opinion]) -> torch.Tensor:
    """Hinge loss of the generator, a mean over the discriminators."""
    return torch.stack([functional.relu(1 - score.float()).mean() for score, _ in made]).mean()


def features_apart(real: list[Opinion], made: list[Opinion]) -> torch.Tensor:
    """Feature matching: mean absolute difference of the layers' outputs by the real ones' mean size; a mean over layers."""
    losses = []
    for (_, wanted), (_, found) in zip(real, made, strict=True):
        for want, have in zip(wanted, found, strict=True):
            losses.append(_size(have - want.detach()) / _size(want.detach()).clamp(min=QUIETEST))
    return torch.stack(losses).mean()


def _size(values: torch.Tensor) -> torch.Tensor:
    """Sum of absolute values: the norm adds up in float32 without a copy in it."""
    return torch.linalg.vector_norm(values, 1, dtype=torch.float32)
