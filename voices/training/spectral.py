"""Spectra that gradients flow through, and how far two waves lie apart in them."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from serving.model.mel import FLOOR, filters

#: Added to energies before their root, so that a silent bin has a slope. Far below FLOOR squared.
EPSILON = 1e-14


class Spectrum(nn.Module):
    """Short-time Fourier transform with a Hann window and a hop of a quarter of it."""

    window: torch.Tensor

    def __init__(self, n_fft: int) -> None:
        super().__init__()
        self.n_fft = n_fft
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)

    def forward(self, wave: torch.Tensor) -> torch.Tensor:
        """float32 [batch, samples] -> float32 [batch, n_fft // 2 + 1, frames, 2]: real and imaginary parts."""
        n_fft = self.n_fft
        return torch.view_as_real(torch.stft(wave, n_fft, n_fft // 4, n_fft, self.window, center=True, return_complex=True))


def magnitude(spectrum: torch.Tensor) -> torch.Tensor:
    """Real and imaginary parts, float32 [..., 2] -> float32 [...]. Forth and back, the root takes a quarter less time on a CPU
    than the absolute value of complex numbers."""
    return (spectrum.square().sum(-1) + EPSILON).sqrt()


class LogMel(nn.Module):
    """Log mel spectrogram as serving/model/mel.py makes it, for any window."""

    filters: torch.Tensor

    def __init__(self, rate: int, n_fft: int, channels: int) -> None:
        super().__init__()
        self.spectrum = Spectrum(n_fft)
        self.register_buffer("filters", filters(rate, n_fft, channels), persistent=False)

    def forward(self, wave: torch.Tensor) -> torch.Tensor:
        """float32 [batch, samples] -> float32 [batch, channels, frames]."""
        return (self.filters @ magnitude(self.spectrum(wave))).clamp(min=FLOOR).log()


class MelDistance(nn.Module):
    """Mean absolute difference of log mels, in nepers, averaged over several windows."""

    def __init__(self, rate: int, windows: dict[int, int]) -> None:
        """windows: samples of the window -> mel bands."""
        super().__init__()
        self.mels = nn.ModuleList(LogMel(rate, n_fft, bands) for n_fft, bands in windows.items())

    def forward(self, wave: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """float32 [batch, samples] both -> a number."""
        with torch.no_grad():
            wanted = [mel(target) for mel in self.mels]
        return torch.stack([functional.l1_loss(mel(wave), want) for mel, want in zip(self.mels, wanted, strict=True)]).mean()


class SpectrumDistance(nn.Module):
    """Multi-resolution STFT distance (arXiv 1910.11480): spectral convergence plus difference of log magnitudes."""

    def __init__(self, windows: tuple[int, ...]) -> None:
        super().__init__()
        self.spectra = nn.ModuleList(map(Spectrum, windows))

    def forward(self, wave: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """float32 [batch, samples] both -> a number, averaged over the windows."""
        with torch.no_grad():
            wanted = [magnitude(spectrum(target)) for spectrum in self.spectra]
        found = [magnitude(spectrum(wave)) for spectrum in self.spectra]
        return torch.stack([_apart(have, want) for have, want in zip(found, wanted, strict=True)]).mean()


def _apart(found: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    convergence = (found - wanted).norm() / wanted.norm().clamp(min=FLOOR)
    return convergence + functional.l1_loss(found.clamp(min=FLOOR).log(), wanted.clamp(min=FLOOR).log())
