"""Wave -> mel spectrogram, with the numbers of upstream's MelSpec ("vocos": torchaudio's MelSpectrogram, HTK scale)."""

from __future__ import annotations

import math

import torch
from torch import nn

#: Energies below this count as this, so that silence has a logarithm.
FLOOR = 1e-5


class Mel(nn.Module):
    """Log mel spectrogram. rate: samples a second; hop: samples a frame; channels: mel bands."""

    window: torch.Tensor
    filters: torch.Tensor

    def __init__(
        self, rate: int = 24_000, n_fft: int = 1024, hop: int = 256, win_length: int = 1024, channels: int = 100
    ) -> None:
        super().__init__()
        self.rate, self.hop, self.channels = rate, hop, channels
        self._n_fft, self._win_length = n_fft, win_length
        self.register_buffer("window", torch.hann_window(win_length), persistent=False)
        self.register_buffer("filters", filters(rate, n_fft, channels), persistent=False)

    @torch.inference_mode()
    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        """samples: float32 [batch, n] in -1..1 -> float32 [batch, channels, n // hop + 1]."""
        spectrum = torch.stft(
            samples,
            self._n_fft,
            self.hop,
            self._win_length,
            window=self.window,
            center=True,
            pad_mode="reflect",
            return_complex=True,
        )
        return (self.filters @ spectrum.abs()).clamp(min=FLOOR).log()


def filters(rate: int, n_fft: int, channels: int) -> torch.Tensor:
    """Triangles on the HTK mel scale from 0 to half the rate, float32 [channels, n_fft // 2 + 1], not normalised."""
    highest = 2595.0 * math.log10(1.0 + rate / 2 / 700.0)
    corners = 700.0 * (10.0 ** (torch.linspace(0.0, highest, channels + 2) / 2595.0) - 1.0)
    frequencies = torch.linspace(0, rate // 2, n_fft // 2 + 1)
    slopes = corners[None] - frequencies[:, None]
    widths = corners.diff()
    rising, falling = -slopes[:, :-2] / widths[:-1], slopes[:, 2:] / widths[1:]
    return torch.minimum(rising, falling).clamp(min=0).T.contiguous()
