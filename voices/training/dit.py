"""Trains the speech model: upstream's DiT by conditional flow matching (F5-TTS, arXiv 2410.06885), one phone a mel frame.

python -m voices.training.dit --size cpu
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import torch
from torch import nn

from serving.upstream import DiT
from voices.training import alignments, command, embedding, run
from voices.training.alignments import Aligned
from voices.training.corpus import Corpus, Utterance
from voices.training.features import CHANNELS, Features
from voices.training.learner import Learner
from voices.training.recipe import SIZES, VOICES, Size

#: Share of the frames that are to be filled in; the rest is given (upstream's numbers, as the next two).
MASKED = (0.7, 1.0)
#: How often the given speech is left out, and how often speech and text both, for guidance without a classifier.
NO_SPEECH, NOTHING = 0.3, 0.2
#: Frames of one row, and how often rows of that length are drawn. Long ones teach the positions of long texts; attention makes
#: them cost more a frame, on a CPU.
LENGTHS, WEIGHTS = (352, 704, 1_408), (0.6, 0.3, 0.1)
#: How often an hour of a language is drawn, and one of a speaker whose voice is shipped. Tones are learnt last: after 9,800
#: steps of size `cpu`, of 250 phones wrong in 64 Vietnamese sentences 118 were wrong in their tone alone, most of them rising
#: ones said level, while English was understood. Southern speakers have other tones, and none of them is shipped.
OFTEN, SHIPPED = {"en": 1.0, "vi": 4.0}, 2.0
#: Channels of the mel from 0 Hz to 1 kHz, where the pitch can be read off the partials, and how much their error counts.
PITCH, PITCH_WEIGHT = 30, 2.0


def main() -> None:
    chosen = command.parser(__doc__).parse_args()
    device = command.device(chosen.size)
    size, features, folder = SIZES[chosen.size], Features(Corpus(chosen.data)), chosen.runs / chosen.size
    train(size, features, alignments.of_run(features, folder), folder, device)


def model(size: Size, tokens: list[str]) -> DiT:
    """An untrained model, of which `embedding.served` gives the tensors with the names of published checkpoints."""
    dit = DiT(**architecture(size), dropout=0.0, mel_dim=CHANNELS, text_num_embeds=len(tokens))
    embedding.share(dit, tokens)
    return dit


def architecture(size: Size) -> dict[str, Any]:
    """By upstream's names, as config.yaml tells it."""
    return {
        "dim": size.dim, "depth": size.depth, "heads": size.dim // 64, "dim_head": 64, "ff_mult": 2,
        "text_dim": size.text_dim, "conv_layers": 4, "text_mask_padding": True, "pe_attn_head": None,
    }  # fmt: skip


def train(size: Size, features: Features, aligned: list[Aligned], folder: Path, device: torch.device) -> None:
    """Train to the end, going on from `dit.pt` in `folder`."""
    run.carry_out(DitTraining(size, features, aligned, device), folder, "dit")


class DitTraining(Learner):
    """Rows of whole sentences (`Rows`), of which most is asked for and the rest is given."""

    def __init__(self, size: Size, features: Features, aligned: list[Aligned], device: torch.device) -> None:
        torch.manual_seed(0)
        random.seed(0)
        # On a CPU compiling brings 6 to 10 % and costs minutes at every start: most of the time lies in matrices and attention.
        dit = model(size, list(features.vocabulary)).to(device)
        super().__init__(dit, _optimisers(dit, size.rate), steps=size.steps, decay=0.999)
        self._rows = Rows(features, [each for each in aligned if not each.utterance.held_out], size.frames)
        self._device = device

    def loss(self) -> torch.Tensor:
        """The flow's error on the next batch of rows."""
        mels, tokens = self._rows.draw()
        return flow_loss(self.model, mels.to(self._device), tokens.to(self._device))

    def state(self) -> dict[str, Any]:
        """Also what each speaker is still to say."""
        return super().state() | {"waiting": self._rows.waiting}

    def restore(self, state: dict[str, Any]) -> None:
        """Stand where `state` was taken."""
        super().restore(state)
        self._rows.waiting = state["waiting"]


def _optimisers(dit: nn.Module, learning_rate: float) -> list[torch.optim.Optimizer]:
    """Muon (Jordan et al. 2024) for the matrices of attention and feed-forward, AdamW for everything else."""
    matrices: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for name, parameter in dit.named_parameters():
        inner = "transformer_blocks" in name and (".attn." in name or ".ff." in name)
        (matrices if inner and parameter.ndim == 2 else others).append(parameter)
    return [
        torch.optim.Muon(matrices, learning_rate, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, learning_rate, betas=(0.9, 0.98), weight_decay=0.01),
    ]


def flow_loss(dit: nn.Module, mels: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """Mean squared error of the flow, where it is asked. mels: float32 [batch, frames, 100]; tokens: [batch, frames].

    What minimises it is the same whatever the channels weigh; a model too small for it gets those right first that weigh most.
    """
    batch, frames, _ = mels.shape
    time = torch.rand(batch, device=mels.device)
    noise = torch.randn_like(mels)
    at = time[:, None, None]
    asked = _spans(batch, frames).to(mels.device)
    nothing = random.random() < NOTHING
    with torch.autocast(mels.device.type, dtype=torch.bfloat16):
        flow = dit(
            x=(1 - at) * noise + at * mels, cond=mels.masked_fill(asked[..., None], 0.0), text=tokens, time=time,
            drop_audio_cond=nothing or random.random() < NO_SPEECH, drop_text=nothing,
        )  # fmt: skip
    weights = torch.ones(CHANNELS, device=mels.device)
    weights[:PITCH] = PITCH_WEIGHT
    return ((flow.float() - (mels - noise)).square() @ (weights / weights.sum()))[asked].mean()


def _spans(batch: int, frames: int) -> torch.Tensor:
    """One span a row, of 70 to 100 % of its frames, anywhere in it: booleans [batch, frames]."""
    lengths = (torch.empty(batch).uniform_(*MASKED) * frames).long()
    starts = (torch.rand(batch) * (frames - lengths)).long()
    at = torch.arange(frames)
    return (at >= starts[:, None]) & (at < (starts + lengths)[:, None])


class Rows:
    """Batches without padding: utterances of one speaker after one another, cut where the row is full.

    So a row often begins with other sentences than it asks for, as in use, where the reference comes first.
    """

    def __init__(self, features: Features, aligned: list[Aligned], frames: int) -> None:
        """frames: of a whole batch, about."""
        self._features, self._frames = features, frames
        self._said: dict[str, dict[int, Aligned]] = {}
        for each in aligned:
            self._said.setdefault(each.utterance.speaker, {})[each.utterance.id] = each
        self._names = sorted(self._said)
        self._weights = [sum(_weight(each.utterance) for each in self._said[name].values()) for name in self._names]
        #: Ids of what each speaker is still to say before anything of theirs comes again: kept when a run is stopped.
        self.waiting: dict[str, list[int]] = {name: [] for name in self._names}

    def draw(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Mels, float32 [batch, frames, 100], and tokens, integers [batch, frames]."""
        length = random.choices(LENGTHS, WEIGHTS)[0]
        speakers = random.choices(self._names, self._weights, k=max(1, self._frames // length))
        rows = [self._row(name, length) for name in speakers]
        return torch.stack([mel for mel, _ in rows]), torch.stack([tokens for _, tokens in rows])

    def _row(self, name: str, length: int) -> tuple[torch.Tensor, torch.Tensor]:
        taken: list[Aligned] = []
        while sum(int(each.durations.sum()) for each in taken) < length:
            if not self.waiting[name]:
                self.waiting[name] = random.sample(list(self._said[name]), len(self._said[name]))
            taken.append(self._said[name][self.waiting[name].pop()])
        mel = torch.cat([self._features.mel(each.utterance) for each in taken])
        tokens = torch.cat([torch.from_numpy(each.tokens.repeat(each.durations)).long() for each in taken])
        return mel[:length], tokens[:length]


def _weight(utterance: Utterance) -> float:
    return utterance.samples * OFTEN[utterance.language] * (SHIPPED if utterance.speaker in VOICES.values() else 1.0)


if __name__ == "__main__":
    main()
