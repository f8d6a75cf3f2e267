"""Several takes of one passage, and which of them to keep: the one with the fewest signs that a flow went astray.

The signs are cheap, numpy on the sound itself: the speech is much shorter or longer than the text takes, it is far from the
level of the reference, broken by a long silence, cut off in the middle of a sound, or it holds noise or hum where speech
should be. They tell a broken take from a whole one. Which of two whole ones is said better only an aligner hears: which
words were skipped or added, and how many of the phones were heard.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from serving.voices import silence

MAX_SEED = 2**63 - 1
#: How far speech may be from the length its text takes (natural logarithm), and decibels from the level of the reference.
LENGTH, LEVEL = 0.2, 6.0
#: Seconds below which a text was given more time than it takes (layout.py), and how far its speech may then be from it.
BRIEF, BRIEF_LENGTH = 1.0, 1.0
#: Seconds that a pause inside a passage lasts at most.
REST = 0.6
#: Samples of the windows in which noise is told from speech, in 140 to 8000 Hz, and from one to the next.
WINDOW, STEP = 512, 240
#: Spectral flatness above which a window sounds like noise (voices lie at 0.03, white noise at 0.57), and how many seconds of
#: it may follow one another: measured at 0.07 s for sharp consonants of people.
NOISE, HISS = 0.3, 0.15
#: Decibels by which the level of speech changes at least (standard deviation); measured at 7 to 14, hum and hiss at 0.3.
LIVELY = 4.0
#: Decibels below the speech that the last 30 ms lie at least, unless the speech was cut off.
FADE = 8.0


class Voice(Protocol):
    @property
    def level(self) -> float: ...
    @property
    def frames(self) -> int: ...
    @property
    def frame_seconds(self) -> float: ...


class Work(Protocol):
    """Of serving.engine.Work: frames counts the reference too."""

    @property
    def voice(self) -> Voice: ...
    @property
    def frames(self) -> int: ...


class Sound(Protocol):
    """Of serving.engine.Sound."""

    @property
    def samples(self) -> np.ndarray: ...
    @property
    def rate(self) -> int: ...
    @property
    def beyond(self) -> float: ...


class Heard(Protocol):
    """Of serving.alignment.alignment.Alignment."""

    @property
    def is_sure(self) -> bool: ...
    @property
    def score(self) -> float: ...
    @property
    def skipped(self) -> Sequence[object]: ...
    @property
    def extra(self) -> Sequence[object]: ...


def seeds(seed: int, count: int) -> list[int]:
    """The seeds of `count` takes, 0 to 2^63 - 1; the first is `seed` itself, so one take is what it always was.

    The others are far apart, so that the takes of neighbouring seeds are not the same.
    """
    return [seed, *(_mixed(seed + take * 0x9E3779B97F4A7C15) for take in range(1, count))]


def _mixed(value: int) -> int:
    """SplitMix64, its last bit dropped."""
    value &= 2**64 - 1
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & (2**64 - 1)
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB & (2**64 - 1)
    return (value ^ (value >> 31)) >> 1


def best(sounds: Sequence[Sound], works: Sequence[Work], heard: Sequence[Heard | None]) -> int:
    """Index of the take with the highest score, the first of equal ones. heard: what an aligner heard in each, or None."""
    scores = [score(sound, work) for sound, work in zip(sounds, works, strict=True)]
    if any(one is not None and one.is_sure for one in heard):  # else it does not understand this voice at all
        scores = [total + _words(one) for total, one in zip(scores, heard, strict=True)]
    return scores.index(max(scores))


def _words(heard: Heard | None) -> float:
    """1 less for each word that was skipped and each stretch that was added, and less for the part of the phones not heard."""
    return heard.score - 1 - len(heard.skipped) - len(heard.extra) if heard is not None else -1.0


def score(sound: Sound, work: Work) -> float:
    """0 for a take without any sign of a fault, less for each sign and the worse it is; -inf where nothing is heard."""
    samples, rate = sound.samples, sound.rate
    decibels = silence.levels(samples, rate)
    heard = silence.is_speech(decibels)
    if not np.isfinite(samples).all() or not heard.any():
        return -math.inf
    first, last = silence.trim(samples, rate, head=0.0, tail=0.0)
    expected = (work.frames - work.voice.frames) * work.voice.frame_seconds
    return 0.0 - (
        _length((last - first) / rate, expected)
        + _level(samples[first:last] * sound.beyond, work.voice.level)
        + _silences(samples, rate)
        + _noise(samples, rate)
        + max(0.0, LIVELY - float(decibels[heard].std())) / LIVELY
        + _abrupt(decibels)
    )


def _length(seconds: float, expected: float) -> float:
    apart = abs(math.log(seconds / expected))
    return max(0.0, apart - (BRIEF_LENGTH if expected < BRIEF else LENGTH)) * 4


def _level(speech: np.ndarray, wanted: float) -> float:
    apart = 20 * abs(math.log10(max(float(np.sqrt(np.mean(speech**2))), 1e-6) / wanted))
    return max(0.0, apart - LEVEL) / LEVEL


def _silences(samples: np.ndarray, rate: int) -> float:
    """2 for each second that the longest pause lasts too long."""
    longest = max((end - start for start, end in silence.pauses(samples, rate)), default=0.0)
    return 2 * max(0.0, longest - REST)


def _noise(samples: np.ndarray, rate: int) -> float:
    """4 for each second beyond HISS that the longest run of loud noise lasts, up to 2."""
    if len(samples) < WINDOW:
        return 0.0
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::STEP] * np.hanning(WINDOW)
    band = slice(round(140 * WINDOW / rate), round(8000 * WINDOW / rate))
    power = np.square(np.abs(np.fft.rfft(frames)))[:, band] + 1e-12
    level = 10 * np.log10(power.mean(axis=1))
    flatness = np.exp(np.log(power).mean(axis=1)) / power.mean(axis=1)
    noisy = (flatness > NOISE) & (level > np.percentile(level, 95) - 20)
    return min(2.0, 4 * max(0.0, _longest_run(noisy) * STEP / rate - HISS))


def _longest_run(flags: np.ndarray) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _abrupt(decibels: np.ndarray) -> float:
    """1 where the sound ends as loud as its speech is."""
    drop = float(np.percentile(decibels, 95) - decibels[-2:].max())
    return max(0.0, FADE - drop) / FADE
