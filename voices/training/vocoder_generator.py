"""Vocos (arXiv 2306.00814) for training: the network that serving/model/vocos.py runs, by the same names of its weights."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from serving.model.vocos import KERNEL, LOUDEST, VocosShape


class ConvNeXt(nn.Module):
    """A residual block over frames: depthwise convolution, norm, two pointwise layers, a scale for each channel."""

    def __init__(self, dim: int, wide: int, scale: float) -> None:
        super().__init__()
        self.dwconv = nn.Conv1d(dim, dim, KERNEL, padding=KERNEL // 2, groups=dim)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.pwconv1, self.pwconv2 = nn.Linear(dim, wide), nn.Linear(wide, dim)
        self.gamma = nn.Parameter(torch.full((dim,), scale))

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """[batch, frames, dim] -> the same. Channels lie last, as the products want them; a flat image keeps them there
        through the convolution, which a line of samples would not."""
        image = hidden.transpose(1, 2)[:, :, None]
        weight, edge = self.dwconv.weight[:, :, None], (0, KERNEL // 2)
        mixed = functional.conv2d(image, weight, self.dwconv.bias, padding=edge, groups=hidden.shape[-1])
        wide = functional.gelu(self.pwconv1(self.norm(mixed[:, :, 0].transpose(1, 2))))
        return hidden + self.gamma * self.pwconv2(wide)


class Backbone(nn.Module):
    def __init__(self, shape: VocosShape) -> None:
        super().__init__()
        self.embed = nn.Conv1d(shape.input_channels, shape.dim, KERNEL, padding=KERNEL // 2)
        self.norm = nn.LayerNorm(shape.dim, eps=1e-6)
        self.convnext = nn.ModuleList(
            ConvNeXt(shape.dim, shape.intermediate_dim, 1 / shape.num_layers) for _ in range(shape.num_layers)
        )
        self.final_layer_norm = nn.LayerNorm(shape.dim, eps=1e-6)
        self.apply(_begin)

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        """[batch, channels, frames] -> [batch, frames, dim]."""
        hidden = self.norm(self.embed(mel).transpose(1, 2))
        for block in self.convnext:
            hidden = block(hidden)
        return self.final_layer_norm(hidden)


class Head(nn.Module):
    """Frames -> log magnitudes and phases -> samples."""

    window: torch.Tensor

    def __init__(self, shape: VocosShape) -> None:
        super().__init__()
        self.n_fft, self.hop = shape.n_fft, shape.hop_length
        self.out = nn.Linear(shape.dim, shape.n_fft + 2)
        self.register_buffer("window", torch.hann_window(shape.n_fft), persistent=False)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """[batch, frames, dim] -> float32 [batch, (frames - 1) * hop]. All in float32: bfloat16 has 3 digits, and a phase of
        some turns would be rounded by a tenth of a radian."""
        with torch.autocast(hidden.device.type, enabled=False):
            magnitude, phase = self.out(hidden.float()).transpose(1, 2).chunk(2, dim=1)
            magnitude = magnitude.exp().clamp(max=LOUDEST)
            spectrum = torch.complex(magnitude * phase.cos(), magnitude * phase.sin())
            return torch.istft(spectrum, self.n_fft, self.hop, self.n_fft, self.window, center=True)


class Generator(nn.Module):
    """Mel spectrogram -> wave. The backbone's products are in the autocast's type where there is one."""

    def __init__(self, shape: VocosShape) -> None:
        super().__init__()
        self.backbone, self.head = Backbone(shape), Head(shape)

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        """float32 [batch, channels, frames] -> float32 [batch, (frames - 1) * hop]."""
        return self.head(self.backbone(mel))


def _begin(module: nn.Module) -> None:
    """Upstream's first weights."""
    if isinstance(module, nn.Conv1d | nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
