"""The vocoder alone, refined as it is served: the mel spectrogram of a teacher's sound, made into a wave again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from pystoi import stoi

from serving.model.refinement import Vocoder
from voices.training.corpus import RATE
from voices.training.evaluation import distances
from voices.training.evaluation.cases import Case
from voices.training.evaluation.edits import Errors
from voices.training.evaluation.judging import Judge, Taught


def measured(cases: Sequence[Case], taught: Sequence[Taught], vocoder: Vocoder, judge: Judge) -> dict[str, Any]:
    """mel: mean absolute difference in nepers. spectral: multi-resolution STFT distance. intelligibility: extended STOI
    (0 to 1). words: Whisper's errors on the wave made again, the teacher's own stand elsewhere."""
    mels, spectra, intelligible, words = [], [], [], Errors()
    for case, one in zip(cases, taught, strict=True):
        made = again(one.samples, vocoder, judge)
        mels.append(distances.mel_error(made, one.samples, judge.spectrogram))
        spectra.append(distances.spectral(made, one.samples))
        length = min(len(made), len(one.samples))
        intelligible.append(stoi(one.samples[:length], made[:length], RATE, extended=True))
        words += judge.ears.hear(case.text, case.voice.language, made, RATE).words
    return {
        "mel": float(np.mean(mels)),
        "spectral": float(np.mean(spectra)),
        "intelligibility": float(np.mean(intelligible)),
        "words": words.rate,
    }


def again(samples: np.ndarray, vocoder: Vocoder, judge: Judge) -> np.ndarray:
    """Wave -> mel -> wave, float32 [n]."""
    mel = judge.spectrogram(torch.from_numpy(samples)[None])[0].T
    return vocoder([mel])[0].numpy()
