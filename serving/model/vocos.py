"""Mel spectrogram -> waveform with Vocos (arXiv 2306.00814), on the tensors of a published one."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch.nn import functional

from serving.model.shape import below

#: Widest frequency magnitude that the inverse transform is given, as upstream: no single bin may deafen.
LOUDEST = 100.0
KERNEL = 7


@dataclasses.dataclass(frozen=True, kw_only=True)
class VocosShape:
    """input_channels: mel bands; n_fft: samples of the window; padding: "center" (frames - 1 hops of sound) or "same"."""

    input_channels: int
    dim: int
    intermediate_dim: int
    num_layers: int
    n_fft: int
    hop_length: int
    padding: str = "center"


def sizes(shape: VocosShape) -> dict[str, tuple[int, ...]]:
    """Name -> size of every weight, by upstream's names."""
    dim, wide = shape.dim, shape.intermediate_dim
    found: dict[str, tuple[int, ...]] = {
        "backbone.embed.weight": (dim, shape.input_channels, KERNEL),
        "backbone.embed.bias": (dim,),
        "head.out.weight": (shape.n_fft + 2, dim),
        "head.out.bias": (shape.n_fft + 2,),
    }
    for name in ("norm", "final_layer_norm"):
        found[f"backbone.{name}.weight"] = found[f"backbone.{name}.bias"] = (dim,)
    for number in range(shape.num_layers):
        block = f"backbone.convnext.{number}."
        found[block + "dwconv.weight"], found[block + "dwconv.bias"] = (dim, 1, KERNEL), (dim,)
        found[block + "norm.weight"] = found[block + "norm.bias"] = found[block + "gamma"] = (dim,)
        found[block + "pwconv1.weight"], found[block + "pwconv1.bias"] = (wide, dim), (wide,)
        found[block + "pwconv2.weight"], found[block + "pwconv2.bias"] = (dim, wide), (dim,)
    return found


class Vocos:
    """ConvNeXt blocks over frames, then an inverse Fourier transform. The transform and the norms are float32."""

    def __init__(
        self, shape: VocosShape, tensors: dict[str, torch.Tensor], device: torch.device, dtype: torch.dtype = torch.float32
    ) -> None:
        """tensors: by upstream's names (`sizes` lists them). dtype: of the pointwise products."""
        self.shape, self._dtype = shape, dtype
        exact = {name: value.to(device, torch.float32) for name, value in tensors.items()}
        self._embed = exact["backbone.embed.weight"], exact["backbone.embed.bias"]
        self._norm = exact["backbone.norm.weight"], exact["backbone.norm.bias"]
        self._last_norm = exact["backbone.final_layer_norm.weight"], exact["backbone.final_layer_norm.bias"]
        self._head = exact["head.out.weight"], exact["head.out.bias"]
        self._blocks = [
            {
                name: value.to(dtype) if name.startswith("pwconv") else value
                for name, value in below(exact, f"backbone.convnext.{number}.").items()
            }
            for number in range(shape.num_layers)
        ]
        self._window = torch.hann_window(shape.n_fft, device=device)

    @torch.inference_mode()
    def __call__(self, mels: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """mels: float32 [frames, channels] each -> float32 [samples] each, as long as its frames are.

        The batch is padded to the longest, and what each convolution sees beyond a mel's end is zeros, as it is alone.
        """
        longest = max(map(len, mels))
        frames = torch.tensor([len(mel) for mel in mels], device=mels[0].device)
        inside = None
        if len(set(map(len, mels))) > 1:
            inside = (torch.arange(longest, device=mels[0].device)[None] < frames[:, None])[:, None]
        padded = torch.nn.utils.rnn.pad_sequence(list(mels), batch_first=True).transpose(1, 2)
        spectrum = self._spectrum(padded, inside)
        return [self._wave(one[:, : len(mel)]) for one, mel in zip(spectrum, mels, strict=True)]

    def _spectrum(self, mel: torch.Tensor, inside: torch.Tensor | None) -> torch.Tensor:
        """[batch, channels, frames] -> complex [batch, n_fft / 2 + 1, frames]."""
        hidden = functional.conv1d(mel, *self._embed, padding=KERNEL // 2).transpose(1, 2)
        hidden = functional.layer_norm(hidden, hidden.shape[-1:], *self._norm, 1e-6).transpose(1, 2)
        for block in self._blocks:
            hidden = self._convnext(hidden if inside is None else hidden * inside, block)
        hidden = functional.layer_norm(hidden.transpose(1, 2), hidden.shape[1:2], *self._last_norm, 1e-6)
        magnitude, phase = functional.linear(hidden, *self._head).transpose(1, 2).chunk(2, dim=1)
        return torch.polar(magnitude.exp().clamp(max=LOUDEST), phase)

    def _convnext(self, hidden: torch.Tensor, weights: dict[str, torch.Tensor]) -> torch.Tensor:
        mixed = functional.conv1d(
            hidden, weights["dwconv.weight"], weights["dwconv.bias"], padding=KERNEL // 2, groups=hidden.shape[1]
        ).transpose(1, 2)
        mixed = functional.layer_norm(mixed, mixed.shape[-1:], weights["norm.weight"], weights["norm.bias"], 1e-6)
        wide = functional.gelu(functional.linear(mixed.to(self._dtype), weights["pwconv1.weight"], weights["pwconv1.bias"]))
        narrow = functional.linear(wide, weights["pwconv2.weight"], weights["pwconv2.bias"]).float()
        return hidden + (weights["gamma"] * narrow).transpose(1, 2)

    def _wave(self, spectrum: torch.Tensor) -> torch.Tensor:
        """complex [bins, frames] -> samples."""
        n_fft, hop = self.shape.n_fft, self.shape.hop_length
        if self.shape.padding == "center":
            if spectrum.shape[1] < 2:  # between one frame and no other lies nothing, and istft fails on it
                return spectrum.new_zeros(spectrum.shape[1] * hop, dtype=torch.float32)
            return torch.istft(spectrum, n_fft, hop, n_fft, self._window, center=True)
        pieces = torch.fft.irfft(spectrum, n_fft, dim=0) * self._window[:, None]
        weights = self._window.square()[:, None].expand_as(pieces)
        edge = (n_fft - hop) // 2
        wave, envelope = (self._overlapped(each)[edge:-edge] for each in (pieces, weights))
        return wave / envelope

    def _overlapped(self, pieces: torch.Tensor) -> torch.Tensor:
        """Windows [n_fft, frames], each a hop after the one before, summed to one line."""
        n_fft, hop = self.shape.n_fft, self.shape.hop_length
        length = (pieces.shape[1] - 1) * hop + n_fft
        return functional.fold(pieces[None], (1, length), (1, n_fft), stride=(1, hop))[0, 0, 0]
