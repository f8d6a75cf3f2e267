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

    @property
    def invertible(self) -> bool:
        """Whether `sound` can be made of a spectrum, with frames where they were: every sample lies well within some window,
        and windows are centred on samples."""
        return 2 * self.hop <= self._win_length and self._n_fft % 2 == 0

    @property
    def shortest(self) -> int:
        """Samples that a spectrum needs at least: its ends are mirrored."""
        return self._n_fft // 2 + 1

    @torch.inference_mode()
    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        """samples: float32 [batch, n] in -1..1 -> float32 [batch, channels, n // hop + 1]."""
        return self.bands(self.spectrum(samples))

    @torch.inference_mode()
    def spectrum(self, samples: torch.Tensor) -> torch.Tensor:
        """float32 [..., n] -> complex [..., n_fft // 2 + 1, n // hop + 1] (n_fft even). n: `shortest` or more."""
        return torch.stft(
            samples,
            self._n_fft,
            self.hop,
            self._win_length,
            window=self.window,
            center=True,
            pad_mode="reflect",
            return_complex=True,
        )

    @torch.inference_mode()
    def bands(self, spectrum: torch.Tensor) -> torch.Tensor:
        """Log mels of a spectrum: float32 [..., channels, frames]."""
        return (self.filters @ spectrum.abs()).clamp(min=FLOOR).log()

    @torch.inference_mode()
    def sound(self, spectrum: torch.Tensor, samples: int) -> torch.Tensor:
        """The sound whose spectrum is nearest to a complex [n_fft // 2 + 1, frames]: float32 [samples]."""
        return torch.istft(spectrum, self._n_fft, self.hop, self._win_length, self.window, center=True, length=samples)


def filters(rate: int, n_fft: int, channels: int) -> torch.Tensor:
    """Triangles on the HTK mel scale from 0 to half the rate, float32 [channels, n_fft // 2 + 1], not normalised."""
    highest = 2595.0 * math.log10(1.0 + rate / 2 / 700.0)
    corners = 700.0 * (10.0 ** (torch.linspace(0.0, highest, channels + 2) / 2595.0) - 1.0)
    frequencies = torch.linspace(0, rate // 2, n_fft // 2 + 1)
    slopes = corners[None] - frequencies[:, None]
    widths = corners.diff()
    rising, falling = -slopes[:, :-2] / widths[:-1], slopes[:, 2:] / widths[1:]
    return torch.minimum(rising, falling).clamp(min=0).T.contiguous()
