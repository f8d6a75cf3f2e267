"""English from hibari-tts (Apache-2.0), and further speakers by moving the pitch and formants of its one packaged voice.

hibari's network predicts a source (the pitch) and filters (spectra of the harmonic, the noisy and the free part) apart.
Scaling the pitch, and the filters along frequency as another vocal tract would, gives a different speaker with the same
articulation: vocal tract length perturbation (Jaitly and Hinton, 2013), done before synthesis instead of after.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from hibari import Hibari, dsp

RATE = dsp.SR
#: Hz below which hibari's synthesis takes a frame for unvoiced; the network's silence is not quite 0.
UNVOICED = 40.0


@dataclasses.dataclass(frozen=True)
class Speaker:
    """pitch: factor on the fundamental. tract: factor on the formants (below 1: a longer tract). lively: factor on the
    melody's swing about its mean, in log frequency. speed: factor on the pace."""

    pitch: float = 1.0
    tract: float = 1.0
    lively: float = 1.0
    speed: float = 1.0


SPEAKERS = {
    "heart": Speaker(),
    "heart_low": Speaker(pitch=0.86, tract=0.95, speed=0.97),
    "heart_bright": Speaker(pitch=1.16, tract=1.07, lively=1.1, speed=1.05),
    "heart_child": Speaker(pitch=1.32, tract=1.16, lively=1.15),
    "heart_alto": Speaker(pitch=0.75, tract=0.9, lively=0.9),
    "heart_tenor": Speaker(pitch=0.63, tract=0.86),
    "heart_baritone": Speaker(pitch=0.56, tract=0.83, lively=0.9, speed=1.04),
    "heart_bass": Speaker(pitch=0.48, tract=0.79, lively=0.95, speed=0.94),
    "heart_dry": Speaker(pitch=0.6, tract=0.9, lively=0.7, speed=1.08),
    "heart_calm": Speaker(pitch=0.92, tract=1.03, lively=0.75, speed=0.92),
}


class Teacher:
    def __init__(self) -> None:
        self.voice = Hibari(threads=1)

    def speak(self, phones: str, speaker: str, seed: int) -> np.ndarray:
        """phones: a string in misaki's alphabet. Returns float32 [samples] at 24 kHz; the seed fixes the noise."""
        who = SPEAKERS[speaker]
        ids = self.voice.ids(phones)
        inputs = {"ids": np.asarray([ids], np.int64), "speed": np.asarray([who.speed], np.float32)}
        harmonic, phase, noise, free, angle, pitch = (output[0] for output in self.voice.sess.run(None, inputs))
        return dsp.synth(
            _stretched(harmonic, who.tract), _picked(phase, who.tract), _stretched(noise, who.tract),
            _stretched(free, who.tract), _picked(angle, who.tract), moved(pitch, who), np.random.default_rng(seed),
        )  # fmt: skip


def moved(pitch: np.ndarray, who: Speaker) -> np.ndarray:
    """A melody as the speaker has it. pitch: Hz [frames], about 0 where unvoiced."""
    voiced = pitch >= UNVOICED
    if not voiced.any():
        return pitch
    logarithm = np.log(np.where(voiced, pitch, 1.0))
    mean = logarithm[voiced].mean()
    swung = np.exp(mean + (logarithm - mean) * who.lively) * who.pitch
    return np.where(voiced, swung, pitch).astype(np.float32)


def _stretched(spectrum: np.ndarray, tract: float) -> np.ndarray:
    """A log spectrum [bins, frames] read at bins / tract; the top is held where it ran out."""
    if tract == 1.0:
        return spectrum
    at = np.minimum(np.arange(len(spectrum)) / tract, len(spectrum) - 1)
    below = at.astype(int)
    above = np.minimum(below + 1, len(spectrum) - 1)
    share = (at - below)[:, None].astype(np.float32)
    return spectrum[below] * (1 - share) + spectrum[above] * share


def _picked(phase: np.ndarray, tract: float) -> np.ndarray:
    """Phases are not interpolated: halfway between two angles may lie on the other side of the circle."""
    at = np.minimum(np.rint(np.arange(len(phase)) / tract), len(phase) - 1).astype(int)
    return phase[at]
