"""The sizes in which the vocoder can be trained, every number in one place."""

from __future__ import annotations

import dataclasses

from serving.model.vocos import VocosShape


@dataclasses.dataclass(frozen=True, kw_only=True)
class VocoderSize:
    """steps: updates of the weights; the discriminators join at adversarial_from, and the rate of learning changes from rate
    to adversarial_rate, which is theirs as well. batch: crops a step, of crop frames each.
    periods, resolutions: one discriminator each, with these channels; at_once: how many of each kind a step asks.
    tell_every: steps between two lines of losses with a look at held-out speech.
    """

    shape: VocosShape
    steps: int
    adversarial_from: int
    batch: int
    crop: int = 64
    rate: float = 2e-3
    adversarial_rate: float = 8e-4
    periods: tuple[int, ...] = (2, 3, 5, 7, 11)
    period_channels: tuple[int, ...]
    resolutions: tuple[int, ...] = (2048, 1024, 512)
    resolution_channels: int
    at_once: tuple[int, int]
    tell_every: int = 250


#: Rounds of refinement after the vocoder when it is served (serving/model/refinement.py); README.md tells what they bring.
REFINEMENT_ROUNDS = 8
SHAPE = VocosShape(input_channels=100, dim=384, intermediate_dim=1152, num_layers=6, n_fft=1024, hop_length=256)
SIZES = {
    "cpu": VocoderSize(
        shape=SHAPE,
        steps=8_000,
        adversarial_from=2_500,
        batch=8,
        period_channels=(16, 32, 64, 128, 128),
        resolution_channels=16,
        at_once=(2, 1),
    ),
    "gpu": VocoderSize(
        shape=dataclasses.replace(SHAPE, dim=512, intermediate_dim=1536, num_layers=8),
        steps=200_000,
        adversarial_from=5_000,
        batch=32,
        rate=1e-3,
        adversarial_rate=3e-4,
        period_channels=(32, 128, 512, 1024, 1024),
        resolution_channels=64,
        at_once=(5, 3),
        tell_every=1_000,
    ),
}
