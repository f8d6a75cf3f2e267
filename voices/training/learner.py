"""A model that learns from one loss: its optimisers, their rates, and the moving average of its weights."""

from __future__ import annotations

import abc
from typing import Any

import torch
from torch import nn

#: Steps on which the rate rises, the share of all after which it falls, and the part of it that is left in the end.
WARM_UP, DECAY_FROM, LEAST = 200, 0.7, 0.02


class Learner(abc.ABC):
    """A training (run.py) of one model. What its loss is, `loss` says."""

    def __init__(
        self,
        model: nn.Module,
        optimisers: list[torch.optim.Optimizer],
        *,
        steps: int,
        decay: float,
        tell_every: int = 50,
        steepest: float = 1.0,
    ) -> None:
        """decay: of the average, a step. steepest: slopes of a larger norm are scaled down. Full rates: the optimisers'."""
        self.model, self.optimisers = model, optimisers
        self.average = Average(model, decay)
        self.step, self.steps, self.tell_every = 0, steps, tell_every
        self._steepest = steepest
        self._losses: list[float] = []
        for group in self._groups():
            group["initial_lr"] = group["lr"]

    @abc.abstractmethod
    def loss(self) -> torch.Tensor:
        """The next batch's, a scalar."""

    def advance(self) -> None:
        """Learn from one batch."""
        for group in self._groups():
            group["lr"] = group["initial_lr"] * rate(self.step, self.steps)
        loss = self.loss()
        for optimiser in self.optimisers:
            optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self._steepest)
        for optimiser in self.optimisers:
            optimiser.step()
        self.step += 1
        self.average.update(self.model, self.step)
        self._losses.append(loss.item())

    def told(self) -> dict[str, float]:
        """The mean loss since it was last told."""
        mean = sum(self._losses) / len(self._losses)
        self._losses.clear()
        return {"loss": mean}

    def state(self) -> dict[str, Any]:
        """All that `restore` needs; `average` holds the weights that are used."""
        optimisers = [optimiser.state_dict() for optimiser in self.optimisers]
        return {"model": self.model.state_dict(), "optimisers": optimisers, "average": self.average.weights, "step": self.step}

    def restore(self, state: dict[str, Any]) -> None:
        """Stand where `state` was taken."""
        self.model.load_state_dict(state["model"])
        for optimiser, kept in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(kept)
        self.average.weights, self.step = state["average"], state["step"]

    def _groups(self) -> list[dict[str, Any]]:
        return [group for optimiser in self.optimisers for group in optimiser.param_groups]


class Average:
    """Moving average of a model's weights: after `1 / (1 - decay)` steps or so older ones count for little."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.weights = {name: value.detach().clone().float() for name, value in model.state_dict().items()}
        self._decay = decay

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """At the beginning it follows fast: the first weights are noise."""
        decay = min(self._decay, 1 - 1 / (step / 10 + 1))
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                self.weights[name].lerp_(value.detach().float(), 1 - decay)
            else:
                self.weights[name] = value.detach().clone()


def rate(step: int, steps: int) -> float:
    """Factor on the learning rate: up, level, and down in a line. Level most of the way, so that a run can be made longer."""
    rise = min(1.0, (step + 1) / WARM_UP)
    left = (steps - step) / (steps * (1 - DECAY_FROM))
    return rise * max(LEAST, min(1.0, left))
