"""What the vocoder is trained and judged on: crops of a corpus's waves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import numpy as np
import torch

from voices.training.corpus import RATE, Corpus, Utterance
from voices.training.spectral import LogMel, MelDistance, SpectrumDistance

#: Most that a crop is made louder or softer, in decibels, about the level that speech has in use.
GAIN = 6.0
#: Seconds of each held-out utterance that are looked at.
LOOKED_AT = 3.0


class Crops:
    """Random crops of what is not held out. Every speaker is as frequent as every other, however long each spoke."""

    def __init__(self, corpus: Corpus, samples: int, seed: int = 0) -> None:
        """samples: of a crop."""
        self._corpus, self._samples, self._seed = corpus, samples, seed
        self._speakers = [_trained_on(spoken) for spoken in _by_speaker(corpus).values()]

    def batch(self, step: int, size: int) -> torch.Tensor:
        """float32 [size, samples], told by the seed and the step alone: a run that goes on sees what it would have seen."""
        random = np.random.default_rng((self._seed, step))
        return torch.from_numpy(np.stack([self._crop(random) for _ in range(size)]))

    def _crop(self, random: np.random.Generator) -> np.ndarray:
        spoken = self._speakers[random.integers(len(self._speakers))]
        wave = self._corpus.wave(spoken[random.integers(len(spoken))])
        start = random.integers(max(len(wave) - self._samples, 0) + 1)
        crop = np.zeros(self._samples, np.float32)
        found = wave[start : start + self._samples]
        crop[: len(found)] = found
        return crop * np.float32(10 ** (random.uniform(-GAIN, GAIN) / 20))


class HeldOut:
    """Waves that no crop was taken from, as many of each speaker, and how far a vocoder's are from them."""

    def __init__(self, corpus: Corpus, most: int) -> None:
        """most: utterances to look at. Raises ValueError where the corpus holds none out."""
        speakers = [[one for one in spoken if one.held_out] for spoken in _by_speaker(corpus).values()]
        rounds = range(max(map(len, speakers)))
        chosen = [spoken[number] for number in rounds for spoken in speakers if number < len(spoken)][:most]
        if not chosen:
            raise ValueError("The corpus holds no utterance out. Make it anew with some where held_out is true.")
        self.waves = [torch.from_numpy(corpus.wave(one)[: int(LOOKED_AT * RATE)]) for one in chosen]
        self._mel = LogMel(RATE, 1024, 100)
        self._distances = MelDistance(RATE, {1024: 100}), SpectrumDistance((2048, 1024, 512))

    @torch.inference_mode()
    def distances(self, spoken: Callable[[torch.Tensor], torch.Tensor]) -> tuple[float, float]:
        """Mel distance and multi-resolution STFT distance, means over the utterances.

        spoken: float32 mel [1, channels, frames] -> float32 wave [1, at most as many samples as were listened to].
        """
        found = []
        for wave in self.waves:
            made = spoken(self._mel(wave[None]))
            found.append([float(distance(made, wave[None, : made.shape[1]])) for distance in self._distances])
        mel, spectrum = np.mean(found, axis=0)
        return float(mel), float(spectrum)


def _by_speaker(corpus: Corpus) -> dict[str, list[Utterance]]:
    found: dict[str, list[Utterance]] = defaultdict(list)
    for utterance in corpus.utterances:
        found[utterance.speaker].append(utterance)
    return found


def _trained_on(spoken: list[Utterance]) -> list[Utterance]:
    return [one for one in spoken if not one.held_out]
