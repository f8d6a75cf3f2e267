from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from serving.model.mel import Mel
from voices.training.discriminators import (
    PeriodDiscriminator,
    ResolutionDiscriminator,
    features_apart,
    taken_for_real,
    told_apart,
)
from voices.training.spectral import LogMel, SpectrumDistance

RATE = 24_000


def tones(number: int) -> torch.Tensor:
    """float32 [number, 4096]: each of a random pitch."""
    pitch = torch.empty(number, 1).uniform_(100, 400)
    return 0.1 * torch.sin(2 * torch.pi * pitch * torch.arange(4_096) / RATE)


@pytest.mark.parametrize(
    "discriminator", [PeriodDiscriminator(3, (4, 8, 8)), ResolutionDiscriminator(512, 4)], ids=["period", "resolution"]
)
def test_a_discriminator_learns_to_tell_tones_from_noise(discriminator: nn.Module) -> None:
    torch.manual_seed(0)
    optimiser = torch.optim.AdamW(discriminator.parameters(), 1e-2)
    for _ in range(100):
        real, made = [discriminator(tones(4))], [discriminator(0.07 * torch.randn(4, 4_096))]
        loss = told_apart(real, made)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.inference_mode():
        of_tone, of_noise = discriminator(tones(4))[0].mean(), discriminator(0.07 * torch.randn(4, 4_096))[0].mean()
    assert loss < 0.5
    assert of_tone > 0.5 > -0.5 > of_noise


def test_a_period_sees_what_lies_a_period_apart_and_nothing_between() -> None:
    discriminator = PeriodDiscriminator(5, (4, 4))
    wave = torch.randn(1, 500)
    between = wave.clone()
    between[0, 252] += 1
    columns = [seen.unflatten(0, (1, 5)) for seen in (discriminator(wave)[1][0], discriminator(between)[1][0])]
    changed = (columns[0] != columns[1]).any(-1).any(-1)[0]
    assert changed.tolist() == [number == 252 % 5 for number in range(5)]


def test_losses_of_known_scores_are_hinges() -> None:
    real, made = [(torch.tensor([2.0, 0.0]), [])], [(torch.tensor([-3.0, 0.5]), [])]
    assert told_apart(real, made) == 0.5 + 0.75
    assert taken_for_real(made) == (4 + 0.5) / 2


def test_features_lie_apart_by_their_share_and_not_at_all_where_they_are_the_same() -> None:
    features = [torch.tensor([1.0, -3.0]), torch.tensor([[2.0]])]
    one, half = (torch.zeros(1), features), (torch.zeros(1), [value / 2 for value in features])
    assert features_apart([one], [one]) == 0
    assert features_apart([one], [half]) == 0.5


@pytest.mark.parametrize("wave", [torch.zeros(1, 4_096), torch.ones(1, 4_096)], ids=["silence", "constant"])
def test_slopes_are_finite_where_there_is_no_sound(wave: torch.Tensor) -> None:
    made = wave.clone().requires_grad_()
    one = ResolutionDiscriminator(512, 4)
    loss = SpectrumDistance((512,))(made, functional.pad(wave[:, 1:], (0, 1))) + taken_for_real([one(made)])
    loss.backward()
    assert made.grad is not None
    assert made.grad.isfinite().all()


def test_the_mel_that_is_learnt_from_is_the_mel_that_is_served() -> None:
    torch.manual_seed(0)
    wave = torch.cat([tones(2) + 0.001 * torch.randn(2, 4_096), torch.zeros(2, 2_000), 0.01 * torch.randn(2, 2_000)], 1)
    torch.testing.assert_close(LogMel(RATE, 1024, 100)(wave), Mel()(wave).clone(), rtol=0, atol=2e-3)
