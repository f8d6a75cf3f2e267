"""Trains the CTC aligner: mel spectrogram -> phones (Graves et al. 2006).

python -m voices.training.aligner --size cpu
"""

from __future__ import annotations

import random
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from serving.alignment.listener import Listener
from voices.training import command, run, saved
from voices.training.corpus import Corpus, Utterance
from voices.training.features import CHANNELS, Features, frames
from voices.training.learner import Learner
from voices.training.recipe import SIZES, Size

#: Frames above which an utterance would leave a batch almost alone.
LONGEST = 1_200
RATE = 2e-3
#: Most bands and frames that one gap covers, and how many gaps (SpecAugment, Park et al. 2019): no whole phone is hidden.
BANDS, FRAMES, GAPS = 12, 6, 2


def main() -> None:
    chosen = command.parser(__doc__).parse_args()
    train(SIZES[chosen.size], Features(Corpus(chosen.data)), chosen.runs / chosen.size)


def train(size: Size, features: Features, folder: Path) -> Listener:
    """Train to the end, going on from `aligner.pt` in `folder`; returns what `load` then finds there."""
    run.carry_out(AlignerTraining(size, features), folder, "aligner")
    return load(folder)


class AlignerTraining(Learner):
    """Whole utterances, with gaps and at several levels; those of like length together."""

    def __init__(self, size: Size, features: Features) -> None:
        torch.manual_seed(0)
        random.seed(0)
        model = Listener(len(features.vocabulary), size.aligner_width, size.aligner_layers)
        optimiser = torch.optim.AdamW(model.parameters(), RATE, betas=(0.9, 0.98), weight_decay=0.01)
        super().__init__(model, [optimiser], steps=size.aligner_steps, decay=0.998)
        self._features = features
        trained = [utterance for utterance in features.corpus.utterances if not utterance.held_out]
        self._batches = _batches(trained, size.aligner_frames)

    def loss(self) -> torch.Tensor:
        """Negative log-likelihood of the phones, a phone."""
        return _loss(self.model, self._features, random.choice(self._batches))


def load(folder: Path) -> Listener:
    """The averaged weights of a run, ready to listen. Raises SystemExit as `saved.kept` does."""
    weights = saved.average(folder, "aligner")
    with saved.fitting(folder / "aligner.pt"):
        model = Listener.shaped_like(weights)
        model.load_state_dict(weights)
    return model.eval()


def _batches(utterances: list[Utterance], most: int) -> list[list[Utterance]]:
    """Utterances of like length together, up to `most` frames with the padding."""
    found: list[list[Utterance]] = [[]]
    for utterance in sorted(utterances, key=frames):
        if frames(utterance) > LONGEST:
            break
        if (len(found[-1]) + 1) * frames(utterance) > most:
            found.append([])
        found[-1].append(utterance)
    return [batch for batch in found if batch]


def _loss(model: nn.Module, features: Features, batch: list[Utterance]) -> torch.Tensor:
    lengths = torch.tensor([frames(utterance) for utterance in batch])
    mels = nn.utils.rnn.pad_sequence([_gapped(features.mel(utterance)) for utterance in batch], batch_first=True)
    # Another level is another constant on a log mel.
    mels += torch.empty(len(batch), 1, 1).uniform_(-0.5, 0.5)
    tokens = [torch.tensor(features.tokens(utterance)) + 1 for utterance in batch]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        heard = model(mels, lengths)
    return functional.ctc_loss(
        heard.float().transpose(0, 1),
        torch.cat(tokens),
        lengths,
        torch.tensor([len(row) for row in tokens]),
        zero_infinity=True,
    )


def _gapped(mel: torch.Tensor) -> torch.Tensor:
    """With bands and stretches set to the mean, so that the model leans on no single cue."""
    mel = mel.clone()
    for _ in range(GAPS):
        band, frame = random.randrange(CHANNELS), random.randrange(len(mel))
        mel[:, band : band + random.randrange(BANDS)] = mel.mean()
        mel[frame : frame + random.randrange(FRAMES)] = mel.mean()
    return mel


if __name__ == "__main__":
    main()
