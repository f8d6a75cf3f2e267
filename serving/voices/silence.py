"""Where speech begins, pauses and ends in a sound, told by its own level rather than by a fixed one."""

from __future__ import annotations

import itertools

import numpy as np

#: Seconds over which the level is measured, and by which the measurement moves on.
WINDOW, STEP = 0.02, 0.01
#: Decibels below the speech at which silence begins: between these two, as near to the sound's own noise as it goes. At the
#: ends the farther one spares breaths and last consonants; a pause inside is deep enough at the nearer one.
NEAREST, FARTHEST = 30.0, 50.0
#: Decibels above its own noise at which a sound is speech.
ABOVE_NOISE = 10.0
#: Seconds that are kept before and after speech: a breath before, and room to fade out after.
HEAD, TAIL = 0.05, 0.12
#: Seconds of quiet that make a pause; the stop of a "p" or "t" is shorter.
PAUSE = 0.15
#: Decibels of a digital silence.
SILENT = -120.0


def levels(samples: np.ndarray, rate: int) -> np.ndarray:
    """Decibels below full scale of windows of 20 ms, one each 10 ms; [0] where the sound is shorter than one."""
    window, step = round(WINDOW * rate), round(STEP * rate)
    if len(samples) < window:
        return np.empty(0)
    power = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    starts = np.arange(0, len(samples) - window + 1, step)
    return 10 * np.log10(np.maximum((power[starts + window] - power[starts]) / window, 10 ** (SILENT / 10)))


def is_speech(decibels: np.ndarray) -> np.ndarray:
    """Which windows hold more than silence. None do where the whole sound is silent, all where it never changes."""
    if len(decibels) == 0 or decibels.max() < -70:
        return np.zeros(len(decibels), dtype=bool)
    loud, noise = np.percentile(decibels, 95), np.percentile(decibels, 2)
    return decibels > np.clip(noise + ABOVE_NOISE, loud - FARTHEST, loud - NEAREST)


def trim(samples: np.ndarray, rate: int, head: float = HEAD, tail: float = TAIL) -> tuple[int, int]:
    """First and last sample to keep (last excluded): speech with `head` seconds before it and `tail` after.

    A sound without any speech is kept whole, since nothing in it tells what to drop.
    """
    heard = np.flatnonzero(is_speech(levels(samples, rate)))
    if len(heard) == 0:
        return 0, len(samples)
    step, window = round(STEP * rate), round(WINDOW * rate)
    first = int(heard[0]) * step - round(head * rate)
    last = int(heard[-1]) * step + window + round(tail * rate)
    # What the last step leaves over is too short to be judged, so it goes with the window before it.
    return max(0, first), len(samples) if last + step > len(samples) else last


def pauses(samples: np.ndarray, rate: int) -> list[tuple[float, float]]:
    """Start and end in seconds of each pause between stretches of speech, in order."""
    decibels = levels(samples, rate)
    if not is_speech(decibels).any():
        return []
    loud = np.flatnonzero(decibels > np.percentile(decibels, 95) - NEAREST).tolist()
    gaps = ((before * STEP + WINDOW, after * STEP) for before, after in itertools.pairwise(loud))
    return [(start, end) for start, end in gaps if end - start >= PAUSE]


def spoken_seconds(samples: np.ndarray, rate: int) -> float:
    """Seconds of speech: without silence at the ends, and without pauses."""
    heard = np.flatnonzero(is_speech(levels(samples, rate)))
    if len(heard) == 0:
        return 0.0
    whole = (int(heard[-1]) - int(heard[0])) * STEP + WINDOW
    return whole - sum(end - start for start, end in pauses(samples, rate))
