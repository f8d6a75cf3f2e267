"""Trains the durations: phones -> frames of each, apart from how fast the speaker is.

The loss is the Poisson likelihood of the frames, so that what is predicted is their mean and long texts come out as long as
they are spoken; a loss on logarithms predicts the geometric mean, which is some 5 % shorter.

    python -m voices.training.durations --size cpu
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from serving.layouts.durations import Durations
from voices.training import alignments, command, run
from voices.training.alignments import Aligned
from voices.training.corpus import Corpus, Utterance
from voices.training.features import Features
from voices.training.learner import Learner
from voices.training.recipe import SIZES, VOICES, Size

WIDTH, KERNEL, LAYERS = 128, 5, 5
#: Utterances of a batch.
TOGETHER = 48
#: How much a phone counts that is said by a speaker whose voice is shipped, by its language: dialects of Vietnamese lengthen
#: other phones. English ones count once: of the male one there is a quarter of an hour, too little to count more.
SHIPPED = {"en": 1.0, "vi": 4.0}


class Paced(nn.Module):
    """The model with a factor on the pace of each speaker beside it, which is learnt and then left behind."""

    def __init__(self, tokens: int, speakers: int) -> None:
        super().__init__()
        self.durations = Durations(tokens, WIDTH, KERNEL, LAYERS)
        self.paces = nn.Embedding(speakers, 1)
        nn.init.zeros_(self.paces.weight)

    def forward(self, tokens: torch.Tensor, spoken: torch.Tensor, speakers: torch.Tensor) -> torch.Tensor:
        """Mean frames, above 0, [batch, tokens]. spoken: which tokens are no padding, bools [batch, tokens]."""
        return (self.durations(tokens, spoken).exp() - 1).clamp(min=0.05) * self.paces(speakers).exp()


def served(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Of a `Paced`'s weights those that are served, by the names that serving knows."""
    return {name.removeprefix("durations."): value for name, value in weights.items() if name.startswith("durations.")}


def main() -> None:
    chosen = command.parser(__doc__).parse_args()
    size, features, folder = SIZES[chosen.size], Features(Corpus(chosen.data)), chosen.runs / chosen.size
    train(size, features, alignments.of_run(features, folder), folder)


def train(size: Size, features: Features, aligned: list[Aligned], folder: Path) -> None:
    """Train to the end, going on from `durations.pt` in `folder`."""
    run.carry_out(DurationsTraining(size, len(features.vocabulary), aligned), folder, "durations")


class DurationsTraining(Learner):
    """Whole utterances; those of like length together."""

    def __init__(self, size: Size, tokens: int, aligned: list[Aligned]) -> None:
        torch.manual_seed(0)
        random.seed(0)
        self._speakers = {name: number for number, name in enumerate(sorted({each.utterance.speaker for each in aligned}))}
        self.paced = Paced(tokens, len(self._speakers))
        # A pace is one number that every utterance of its speaker shows: it may move fast.
        groups = [
            {"params": self.paced.durations.parameters(), "lr": 2e-3},
            {"params": self.paced.paces.parameters(), "lr": 2e-2},
        ]
        super().__init__(
            self.paced, [torch.optim.Adam(groups)], steps=size.durations_steps, decay=0.99, tell_every=200, steepest=math.inf
        )
        trained = sorted((each for each in aligned if not each.utterance.held_out), key=lambda each: len(each.tokens))
        self._batches = [trained[at : at + TOGETHER] for at in range(0, len(trained), TOGETHER)]
        self._held = [each for each in aligned if each.utterance.held_out]

    def loss(self) -> torch.Tensor:
        """Negative log-likelihood of the frames, a phone; a constant is left out."""
        batch = random.choice(self._batches)
        predicted, frames, spoken = self._predict(batch)
        weights = torch.tensor([_counts(each.utterance) for each in batch])[:, None] * spoken
        return ((predicted - frames * predicted.log()) * weights).sum() / weights.sum()

    def advance(self) -> None:
        """Learn from one batch. The speakers' paces mean nothing but each beside the others: their mean stays 1."""
        super().advance()
        self.paced.paces.weight.data -= self.paced.paces.weight.data.mean()

    @torch.inference_mode()
    def told(self) -> dict[str, float]:
        """Beside the loss, on held-out speech: mean error of a phone in frames, of an utterance's length as a share of it."""
        predicted, frames, spoken = self._predict(self._held)
        totals = (predicted * spoken).sum(1) / (frames * spoken).sum(1) - 1
        phone = (predicted - frames)[spoken].abs().mean().item()
        return super().told() | {"phone_frames": phone, "length": totals.abs().mean().item()}

    def _predict(self, batch: list[Aligned]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Predicted and true frames, and which of them are no padding; each [batch, tokens]."""
        rows = [torch.from_numpy(each.tokens).long() for each in batch]
        tokens = nn.utils.rnn.pad_sequence(rows, batch_first=True)
        frames = nn.utils.rnn.pad_sequence([torch.from_numpy(each.durations).float() for each in batch], batch_first=True)
        who = torch.tensor([self._speakers[each.utterance.speaker] for each in batch])
        spoken = frames > 0  # each token has one at least
        return self.paced(tokens, spoken, who), frames, spoken


def _counts(utterance: Utterance) -> float:
    return SHIPPED[utterance.language] if utterance.speaker in VOICES.values() else 1.0


if __name__ == "__main__":
    main()
