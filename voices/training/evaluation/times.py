"""How well the aligner tells when a word is said, on held-out speech whose teacher knows it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from serving.alignment.aligner import Aligner
from serving.alignment.alignment import Alignment
from serving.alignment.words import words
from serving.pronunciation import Pronunciation
from serving.voices import silence
from voices.training.evaluation.cases import Case
from voices.training.evaluation.teacher_times import RATE, EspeakTimes, HibariTimes, Timed


@dataclasses.dataclass(frozen=True)
class Offsets:
    """By how many seconds the starts and ends of words are told too late, float [n] each; missed: words with no time of one
    of the two."""

    starts: np.ndarray
    ends: np.ndarray
    missed: int


def measured(cases: Sequence[Case], aligner: Aligner) -> dict[str, Any]:
    """Figures over sentences of one teacher, hibari or espeak; at least one sentence."""
    speak = _by_espeak() if cases[0].voice.teacher == "espeak" else _by_hibari()
    return figures([_offsets(case, speak(case), aligner) for case in cases])


def _by_espeak() -> Callable[[Case], Timed]:
    espeak = EspeakTimes()
    return lambda case: espeak.speak(case.text, case.voice.speaker)


def _by_hibari() -> Callable[[Case], Timed]:
    hibari, read = HibariTimes(), Pronunciation().read
    return lambda case: hibari.speak(read(case.text, case.voice.language), case.voice.speaker, case.number)


def _offsets(case: Case, timed: Timed, aligner: Aligner) -> Offsets:
    # As the engine cuts what it speaks.
    first, last = silence.trim(timed.samples, RATE)
    alignment = aligner.align(case.text, case.voice.language, aligner.hear(timed.samples[first:last], RATE))
    return offsets(timed.words, told(alignment, first / RATE) if alignment else {})


def told(alignment: Alignment, begun: float = 0.0) -> dict[int, tuple[float, float]]:
    """Seconds of the word that begins at each character of the text, by the aligner. begun: where its sound begins."""
    bounds = begun + alignment.bounds
    return {word.start: (bounds[word.first], bounds[word.last]) for word in words(alignment.phones)}


def offsets(true: Mapping[int, tuple[float, float]], heard: Mapping[int, tuple[float, float]]) -> Offsets:
    """Of the words that both have, by the character they begin at."""
    both = [(heard[place], true[place]) for place in sorted(true.keys() & heard.keys())]
    starts = np.array([one[0] - other[0] for one, other in both])
    ends = np.array([one[1] - other[1] for one, other in both])
    return Offsets(starts, ends, len(true.keys() ^ heard.keys()))


def figures(found: Sequence[Offsets]) -> dict[str, Any]:
    """Milliseconds: of the absolute error the median and the 90th percentile, and the median with its sign."""
    summed: dict[str, Any] = {"missed": sum(each.missed for each in found)}
    for name in ("starts", "ends"):
        late = 1000 * np.concatenate([getattr(each, name) for each in found])
        summed["words"] = len(late)
        median, high = np.percentile(np.abs(late), (50, 90))
        summed[name] = {"median": float(median), "p90": float(high), "late": float(np.median(late))}
    return summed
