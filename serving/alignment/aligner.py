"""Listens to speech and lays its text on it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import soxr
import torch

from serving.alignment import frames
from serving.alignment.alignment import Alignment, align
from serving.alignment.languages import narrowed
from serving.alignment.listener import Listener
from serving.alignment.path import best_path
from serving.model.mel import Mel
from serving.pronunciation import Phone, Pronunciation

#: Level (RMS) that speech is brought to before it is listened to: that of what the listener was trained on.
LEVEL = 0.1
#: Seconds of sound below which there is nothing to listen to.
SHORTEST = 0.05


class Aligner:
    """A listener with the tokens it was trained on. May be used by any thread."""

    def __init__(self, listener: Listener, vocabulary: Mapping[str, int], dtype: torch.dtype = torch.float32) -> None:
        """listener: on its device. dtype: in which its products are computed."""
        self._listener = listener.eval()
        self._vocabulary = vocabulary
        self._dtype = dtype
        self._device = next(listener.parameters()).device
        self._mel = Mel().to(self._device)
        self._frame_seconds = self._mel.hop / self._mel.rate
        self._pronunciation = Pronunciation()

    @property
    def rate(self) -> int:
        """Samples a second of what it listens to."""
        return self._mel.rate

    @property
    def hop(self) -> int:
        """Samples of a frame."""
        return self._mel.hop

    @torch.inference_mode()
    def hear(self, samples: np.ndarray, rate: int) -> np.ndarray:
        """What is heard in speech, float32 [n] of any level: log-probabilities of the tokens in each frame, float32
        [frames, tokens + 1]. No frames where there is too little to listen to."""
        if len(samples) < SHORTEST * rate:
            return np.empty((0, len(self._vocabulary) + 1), np.float32)
        if rate != self._mel.rate:
            samples = soxr.resample(samples, rate, self._mel.rate)
        loudness = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
        levelled = torch.from_numpy(samples * np.float32(LEVEL / max(loudness, 1e-6))).to(self._device)
        with torch.autocast(self._device.type, self._dtype, enabled=self._dtype != torch.float32):
            heard = self._listener(self._mel(levelled[None]).transpose(1, 2))
        return heard[0].float().cpu().numpy()

    def align(self, text: str, language: str, heard: np.ndarray) -> Alignment | None:
        """How a text lies on what was heard. None where none of it can be said, or not in so short a sound."""
        return align(self._read(text, language), self._vocabulary, heard, self._frame_seconds)

    def tokens_of_frames(self, text: str, language: str, heard: np.ndarray) -> np.ndarray | None:
        """The token that is spoken in each frame, integers [frames]: every phone in its turn, as the models of the layout
        `aligned` were trained. None where `align` gives none."""
        phones = self._read(text, language)
        tokens = np.array([self._vocabulary[phone.token] for phone in phones], dtype=np.int64)
        found = best_path(narrowed(heard, phones, self._vocabulary), tokens) if phones else None
        return tokens[frames.spoken_in(found[0], len(heard))] if found is not None else None

    def _read(self, text: str, language: str) -> tuple[Phone, ...]:
        """The phones of a text that are in the vocabulary."""
        return tuple(phone for phone in self._pronunciation.read(text, language) if phone.token in self._vocabulary)
