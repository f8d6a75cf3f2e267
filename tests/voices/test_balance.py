from __future__ import annotations

import pytest
import torch

from voices.training.balance import Balance


def test_losses_of_any_scale_pull_by_their_shares() -> None:
    at = torch.zeros(2, requires_grad=True)
    losses = {"small": 0.01 * at[0], "large": 500 * at[1]}
    balance = Balance({"small": 3.0, "large": 1.0})
    balance.measure(losses, at)
    (slope,) = torch.autograd.grad(balance.total(losses), at)
    torch.testing.assert_close(slope, torch.tensor([0.75, 0.25]))


def test_a_loss_that_is_not_there_leaves_its_share_to_the_others() -> None:
    at = torch.zeros(1, requires_grad=True)
    balance = Balance({"here": 1.0, "away": 9.0})
    balance.measure({"here": 2 * at[0]}, at)
    (slope,) = torch.autograd.grad(balance.total({"here": 2 * at[0]}), at)
    torch.testing.assert_close(slope, torch.ones(1))


def test_one_odd_measurement_changes_little() -> None:
    at = torch.zeros(1, requires_grad=True)
    balance = Balance({"one": 1.0})
    for steep in (1.0, 1.0, 2.0):
        balance.measure({"one": steep * at[0]}, at)
    assert 1 < balance.sizes["one"] < 1.1


def test_a_loss_without_a_slope_is_not_blown_up() -> None:
    at = torch.zeros(1, requires_grad=True)
    balance = Balance({"flat": 1.0})
    balance.measure({"flat": 0 * at[0]}, at)
    (slope,) = torch.autograd.grad(balance.total({"flat": 0 * at[0]}), at)
    assert slope == 0


def test_a_loss_that_was_never_measured_is_no_guess() -> None:
    with pytest.raises(KeyError, match="new"):
        Balance({"new": 1.0}).total({"new": torch.ones(1)})
