"""Trains the vocoder, a Vocos (arXiv 2306.00814): mel spectrogram -> wave.

python -m voices.training.vocoder --size cpu                      begins, or goes on where it was stopped
python -m voices.training.vocoder --size cpu --export FILE        writes the averaged weights as they are now
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import torch

from voices.training import command, run, saved
from voices.training.corpus import Corpus
from voices.training.memory import keep_freed
from voices.training.vocoder_crops import Crops, HeldOut
from voices.training.vocoder_sizes import REFINEMENT_ROUNDS, SIZES, VocoderSize
from voices.training.vocoder_training import VocoderTraining

#: Held-out utterances that are looked at for every line of losses.
LOOKS = 26
#: Losses that a line tells, in this order.
LOSSES = ("mel", "spectrum", "real", "features", "apart", "slope")


def main() -> None:
    arguments = command.parser(__doc__)
    arguments.add_argument("--export", type=Path, metavar="FILE", help="write the averaged weights there, train nothing")
    chosen = arguments.parse_args()
    folder = chosen.runs / chosen.size
    if chosen.export:
        export(folder, chosen.export)
        return
    device = command.device(chosen.size)
    if device.type == "cpu":
        torch.set_num_threads(1)  # the others are the DiT's
    keep_freed()
    train(SIZES[chosen.size], Corpus(chosen.data), folder, device)


def train(size: VocoderSize, corpus: Corpus, folder: Path, device: torch.device) -> None:
    """Train to the end, going on from `vocoder.pt` in `folder`."""
    run.carry_out(CropsTraining(size, corpus, device), folder, "vocoder")


class CropsTraining:
    """Lets a VocoderTraining learn from short pieces of a corpus, and looks at held-out speech for every line of losses."""

    def __init__(self, size: VocoderSize, corpus: Corpus, device: torch.device) -> None:
        self.tell_every, self.steps = size.tell_every, size.steps
        self._training, self._batch = VocoderTraining(size, device), size.batch
        self._crops, self._held_out = Crops(corpus, size.crop * size.shape.hop_length), HeldOut(corpus, LOOKS)
        self._losses: dict[str, list[torch.Tensor]] = defaultdict(list)
        self.state, self.restore = self._training.state, self._training.restore

    @property
    def step(self) -> int:
        return self._training.step

    def advance(self) -> None:
        """Learn from one batch."""
        for name, loss in self._training.update(self._crops.batch(self.step, self._batch)).items():
            self._losses[name].append(loss)

    def told(self) -> dict[str, float]:
        """The losses' means since they were last told, and the average's distances to held-out speech."""
        means = {name: float(torch.stack(self._losses[name]).mean()) if self._losses[name] else float("nan") for name in LOSSES}
        self._losses.clear()
        mel, spectrum = self._held_out.distances(self._training.averaged)
        return {**means, "held_out_mel": mel, "held_out_spectrum": spectrum}


def export(folder: Path, path: Path) -> None:
    """Write the averaged weights of the run in `folder` as fp16 .safetensors, whole or not at all."""
    run.write_half(saved.average(folder, "vocoder"), path)


def config(folder: Path) -> dict[str, Any]:
    """The part `vocoder` of config.yaml for what the run in `folder` exports."""
    state = saved.kept(folder, "vocoder")
    with saved.fitting(folder / "vocoder.pt"):
        return {"kind": "vocos", **state["shape"], "refinement_rounds": REFINEMENT_ROUNDS}


if __name__ == "__main__":
    main()
