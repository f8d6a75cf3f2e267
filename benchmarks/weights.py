"""Models of the right size without a download: random weights, since speed does not depend on their values."""

from __future__ import annotations

import math

import torch

from serving.model.shape import Shape, sizes
from serving.model.vocos import VocosShape

#: F5TTS_v1_Base as published (f5_tts/configs/F5TTS_v1_Base.yaml; its vocabulary has 2545 entries).
F5TTS_V1_BASE = Shape(dim=1024, depth=22, heads=16, ff_mult=2, text_num_embeds=2545, text_dim=512, conv_layers=4)
#: The size of the bundled voice's DiT, but for its vocabulary.
SAMPLE = Shape(dim=256, depth=6, heads=4, ff_mult=2, text_num_embeds=256, text_dim=192, conv_layers=4)
#: As small as the parts allow, to try a benchmark out.
TINY = Shape(dim=64, depth=2, heads=1, ff_mult=2, text_num_embeds=96, text_dim=32, conv_layers=1)
#: Vocos as published for 24 kHz (charactr/vocos-mel-24khz), a smaller one, and a tiny one.
VOCOS_24K, VOCOS_SMALL, VOCOS_TINY = (
    VocosShape(input_channels=100, dim=dim, intermediate_dim=3 * dim, num_layers=layers, n_fft=1024, hop_length=256)
    for dim, layers in ((512, 8), (256, 5), (32, 2))
)
#: What upstream's DiT is made with, besides the vocabulary's size.
ARCH = ("dim", "depth", "heads", "ff_mult", "text_dim", "conv_layers", "text_mask_padding", "pe_attn_head", "qk_norm")


def drawn(wanted: dict[str, tuple[int, ...]], seed: int) -> dict[str, torch.Tensor]:
    """float32 tensors of these sizes by name: matrices normal with a deviation of 1 / sqrt(inputs), so that sums neither
    fade nor grow; what scales a normalisation near 1, all else small."""
    dice = torch.Generator().manual_seed(seed)
    return {name: _drawn(name, size, dice) for name, size in wanted.items()}


def model(shape: Shape, seed: int = 0) -> dict[str, torch.Tensor]:
    """Weights of a DiT by upstream's names, without the prefix `transformer.`."""
    return drawn(sizes(shape), seed)


def _drawn(name: str, size: tuple[int, ...], dice: torch.Generator) -> torch.Tensor:
    if name.endswith("norm.weight"):
        return 1 + 0.02 * torch.randn(size, generator=dice)
    if len(size) == 1 or name.endswith((".gamma", ".beta")):
        return 0.02 * torch.randn(size, generator=dice)
    if name.endswith("text_embed.weight"):
        return torch.randn(size, generator=dice)
    return torch.randn(size, generator=dice) / math.sqrt(math.prod(size[1:]))
