"""Mel spectrograms and phones of a corpus, made once: what the aligner, the durations and the DiT are trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from serving.model.mel import Mel
from serving.pronunciation import Pronunciation, inventory
from voices.training import whole
from voices.training.corpus import Corpus, Utterance

HOP, CHANNELS = 256, 100


class Features:
    """Beside a corpus: `mel(utterance)` and `tokens(utterance)`; the vocabulary is the pronunciation's whole inventory."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self._pronunciation = Pronunciation()
        self.vocabulary = {token: number for number, token in enumerate(inventory())}
        lengths = [frames(utterance) for utterance in corpus.utterances]
        starts = np.cumsum([0, *lengths])
        self._at = {utterance.id: slice(*starts[number : number + 2]) for number, utterance in enumerate(corpus.utterances)}
        path = corpus.folder / f"mels.{corpus.digest[:8]}.f16"
        if not path.exists():
            _write(corpus, path)
        self._mels = np.memmap(path, np.float16, "r").reshape(-1, CHANNELS)

    def mel(self, utterance: Utterance) -> torch.Tensor:
        """float32 [frames, 100]."""
        return torch.from_numpy(self._mels[self._at[utterance.id]].astype(np.float32))

    def tokens(self, utterance: Utterance) -> list[int]:
        """The phones of its text, by their places in the vocabulary."""
        return [self.vocabulary[phone.token] for phone in self._pronunciation.read(utterance.text, utterance.language)]


def frames(utterance: Utterance) -> int:
    """Of its mel spectrogram."""
    return utterance.samples // HOP + 1


def _write(corpus: Corpus, path: Path) -> None:
    spectrogram = Mel()
    with whole.written(path) as unfinished, open(unfinished, "wb") as file:
        for utterance in corpus.utterances:
            mel = spectrogram(torch.from_numpy(corpus.wave(utterance))[None])[0].T
            file.write(mel.numpy().astype(np.float16).tobytes())
