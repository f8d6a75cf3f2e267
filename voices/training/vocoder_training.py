"""One step of the vocoder's training, and all that it changes."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import torch
from torch import nn

from voices.training.balance import Balance
from voices.training.corpus import RATE
from voices.training.discriminators import (
    PeriodDiscriminator,
    ResolutionDiscriminator,
    features_apart,
    taken_for_real,
    told_apart,
)
from voices.training.learner import Average, rate
from voices.training.spectral import LogMel, MelDistance, SpectrumDistance
from voices.training.vocoder_generator import Generator
from voices.training.vocoder_sizes import VocoderSize

#: What part each loss has in what the generator learns.
SHARES = {"mel": 1.0, "spectrum": 2.0, "real": 0.5, "features": 1.0}
#: Steps between two measurements of the losses' slopes.
MEASURE_EVERY = 10
#: Slopes of the generator's weights above this norm are scaled down.
STEEPEST = 50.0
#: Steps between two updates of the average, which costs as much memory traffic as the optimiser itself.
AVERAGE_EVERY = 5


class VocoderTraining:
    """Generator, its average, discriminators, optimisers and the count of steps: `state()` holds them all."""

    def __init__(self, size: VocoderSize, device: torch.device, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self.size, self.device, self.seed, self.step = size, device, seed, 0
        self.generator = Generator(size.shape).to(device)
        self.average = Average(self.generator, 0.995)
        self.periods = nn.ModuleList(PeriodDiscriminator(period, size.period_channels) for period in size.periods)
        self.resolutions = nn.ModuleList(ResolutionDiscriminator(n_fft, size.resolution_channels) for n_fft in size.resolutions)
        self._discriminators = nn.ModuleList([self.periods, self.resolutions]).to(device)
        self._optimiser = torch.optim.AdamW(
            self.generator.parameters(), size.rate, betas=(0.8, 0.95), weight_decay=0.01, fused=True
        )
        self._discriminators_optimiser = torch.optim.AdamW(
            self._discriminators.parameters(), size.adversarial_rate, betas=(0.8, 0.95), weight_decay=0.01, fused=True
        )
        self.balance = Balance(SHARES)
        self._mel = LogMel(RATE, size.shape.n_fft, size.shape.input_channels).to(device)
        self._mel_distance = MelDistance(RATE, {size.shape.n_fft: size.shape.input_channels}).to(device)
        self._spectrum_distance = SpectrumDistance((2048, 512, 128)).to(device)

    def update(self, wave: torch.Tensor) -> dict[str, torch.Tensor]:
        """Learn from float32 [batch, samples]; returns the losses by their names."""
        wave = wave.to(self.device)
        self._set_rates()
        with torch.no_grad():
            mel = self._mel(wave)
        with torch.autocast(self.device.type, torch.bfloat16):
            hidden = self.generator.backbone(mel)
            made = self.generator.head(hidden)
        wave = wave[:, : made.shape[1]]
        losses = {"mel": self._mel_distance(made, wave), "spectrum": self._spectrum_distance(made, wave)}
        if self.step >= self.size.adversarial_from:
            losses |= self._judged(wave, made)
        shared = {name: loss for name, loss in losses.items() if name in SHARES}
        if self.step % MEASURE_EVERY == 0 or not shared.keys() <= self.balance.sizes.keys():
            self.balance.measure(shared, hidden)
        self._optimiser.zero_grad()
        self.balance.total(shared).backward(inputs=list(self.generator.parameters()))
        losses["slope"] = nn.utils.clip_grad_norm_(self.generator.parameters(), STEEPEST)
        self._optimiser.step()
        if self.step >= self.size.adversarial_from:
            self._discriminators_optimiser.step()
        self.step += 1
        if self.step % AVERAGE_EVERY == 0:
            self.average.update(self.generator, self.step // AVERAGE_EVERY)
        return {name: loss.detach() for name, loss in losses.items()}

    def _judged(self, wave: torch.Tensor, made: torch.Tensor) -> dict[str, torch.Tensor]:
        """What this step's discriminators say. Their own slopes are left at their weights; the generator is yet to learn.

        Both sides learn from the same look at both waves: two looks less than in turns, a fifth of the time.
        """
        chosen = self._chosen()
        with torch.autocast(self.device.type, torch.bfloat16):
            of_real, of_made = [one(wave) for one in chosen], [one(made) for one in chosen]
        apart = told_apart(of_real, of_made)
        self._discriminators_optimiser.zero_grad()
        weights = [weight for one in chosen for weight in one.parameters()]
        apart.backward(inputs=weights, retain_graph=True)
        return {"real": taken_for_real(of_made), "features": features_apart(of_real, of_made), "apart": apart}

    def _chosen(self) -> list[nn.Module]:
        """The discriminators of this step, by lot: told by the seed and the step."""
        random = np.random.default_rng((self.seed, self.step, 1))
        kinds = zip((self.periods, self.resolutions), self.size.at_once, strict=True)
        return [kind[number] for kind, some in kinds for number in random.choice(len(kind), some, replace=False)]

    def _set_rates(self) -> None:
        """Discriminators and generator at the same rate, which is lower than the generator's alone."""
        full = self.size.rate if self.step < self.size.adversarial_from else self.size.adversarial_rate
        for optimiser in (self._optimiser, self._discriminators_optimiser):
            for group in optimiser.param_groups:
                group["lr"] = full * rate(self.step, self.size.steps)

    def averaged(self, mel: torch.Tensor) -> torch.Tensor:
        """What the averaged weights make of float32 [batch, channels, frames]: [batch, samples], on the CPU."""
        return torch.func.functional_call(self.generator, self.average.weights, (mel.to(self.device),)).cpu()

    def state(self) -> dict[str, Any]:
        """All that `restore` needs to go on as if nothing had happened."""
        return {
            "step": self.step,
            "shape": dataclasses.asdict(self.size.shape),
            "generator": self.generator.state_dict(),
            "average": self.average.weights,
            "balance": self.balance.sizes,
            "discriminators": self._discriminators.state_dict(),
            "optimisers": [self._optimiser.state_dict(), self._discriminators_optimiser.state_dict()],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Stand where `state` was taken."""
        self.step = state["step"]
        self.generator.load_state_dict(state["generator"])
        self.average.weights = {name: value.to(self.device) for name, value in state["average"].items()}
        self.balance.sizes = {name: size.to(self.device) for name, size in state["balance"].items()}
        self._discriminators.load_state_dict(state["discriminators"])
        for optimiser, kept in zip((self._optimiser, self._discriminators_optimiser), state["optimisers"], strict=True):
            optimiser.load_state_dict(kept)
