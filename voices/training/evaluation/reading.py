"""A long reading, passage by passage as the product speaks it: was a sentence skipped, or said twice?

There are three judges, and all listen to the teacher's reading of the same sentences as well. The aligner lays each sentence
on its sound and lists words that were not said and stretches that are in no text. Whisper is told the sentences and chooses
the one that it hears (choice.py). And recognisers, Whisper again among them, write down what they hear: a sentence counts as
said where of all sentences of the reading its own is the nearest to that. Vietnamese has two of these, and each loses some
sentences of the teacher's own reading, but hardly the same ones: what one of them recognises was said, and what both hear
twice was said twice.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from serving.alignment.alignment import Alignment
from serving.alignment.words import words
from serving.pronunciation import Pronunciation
from voices.training.corpus import RATE
from voices.training.evaluation import wording
from voices.training.evaluation.cases import Case, Teachers
from voices.training.evaluation.choice import Chooser
from voices.training.evaluation.doubts import Doubts
from voices.training.evaluation.ears import Ears
from voices.training.evaluation.edits import errors
from voices.training.evaluation.speaking import Speech

#: Seconds of a reading.
LONG = 120.0
#: Part of a sentence's words, or of its time, from which on it counts as skipped, or as said again.
MOST = 0.5
#: Seconds between a sentence and the same again.
PAUSE = 1.0


@dataclasses.dataclass(frozen=True)
class Reading:
    """sounds: of the sentences, float32 [n] at RATE each."""

    language: str
    sentences: list[str]
    sounds: list[np.ndarray]

    @property
    def seconds(self) -> list[float]:
        """Of each sound."""
        return [len(sound) / RATE for sound in self.sounds]


def measured(cases: Sequence[Case], speech: Speech, teachers: Teachers, ears: Ears) -> dict[str, Any]:
    """The first sentences of `cases` that last two minutes together, read by the voice and by its teacher. twice_missed: how
    many of the sentences Whisper takes as said once where the teacher says them and then, after a second, the voice."""
    ours = spoken(cases, speech)
    said = cases[: len(ours.sentences)]
    theirs = Reading(ours.language, ours.sentences, [teachers.speak(case) for case in said])
    chooser = Chooser(ours.sentences, ears.weigh(ours.language), RATE)
    return {
        "seconds": sum(ours.seconds),
        "sentences": len(ours.sentences),
        "ours": judged(ours, ears, chooser),
        "teacher": judged(theirs, ears, chooser),
        "twice_missed": sum(not chooser.is_twice(number, sound) for number, sound in enumerate(twice(theirs, ours))),
    }


def spoken(cases: Sequence[Case], speech: Speech) -> Reading:
    """By the voice, to the end of the sentence in which two minutes are over."""
    sounds: list[np.ndarray] = []
    while sum(map(len, sounds)) < LONG * RATE and len(sounds) < len(cases):
        sounds.append(speech.speak(cases[len(sounds)]).samples)
    return Reading(cases[0].voice.language, [case.text for case in cases[: len(sounds)]], sounds)


def judged(reading: Reading, ears: Ears, chooser: Chooser) -> dict[str, Any]:
    """What each judge doubts."""
    alignments = [
        ears.aligner.align(text, reading.language, ears.aligner.hear(sound, RATE))
        for text, sound in zip(reading.sentences, reading.sounds, strict=True)
    ]
    recognised = [
        written(reading.sentences, [hear(sound, RATE) for sound in reading.sounds], reading.language)
        for hear in ears.recognisers(reading.language)
    ]
    spaced = [len(list(words(Pronunciation().read(text, reading.language)))) for text in reading.sentences]
    chosen = chooser.chosen(reading.sounds)
    return {
        "aligner": dataclasses.asdict(laid(alignments, spaced, reading.seconds)),
        "choice": dataclasses.asdict(chosen.doubts),
        "transcripts": dataclasses.asdict(shared(recognised)),
        "margin": chosen.margin,
        "words_skipped": sum(len(each.skipped) for each in alignments if each),
        "words_extra_seconds": sum(end - start for each in alignments if each for start, end in each.extra),
    }


def twice(one: Reading, other: Reading) -> list[np.ndarray]:
    """Each sentence by one, a pause, and the same by the other."""
    pause = np.zeros(round(PAUSE * RATE), np.float32)
    return [np.concatenate([first, pause, second]) for first, second in zip(one.sounds, other.sounds, strict=True)]


def laid(alignments: Sequence[Alignment | None], counts: Sequence[int], seconds: Sequence[float]) -> Doubts:
    """By the aligner. counts: words of each sentence; seconds: of its sound."""
    skipped = [
        number
        for number, (alignment, count) in enumerate(zip(alignments, counts, strict=True))
        if alignment is None or not alignment.is_sure or len(alignment.skipped) >= MOST * count
    ]
    repeated = [
        number
        for number, (alignment, length) in enumerate(zip(alignments, seconds, strict=True))
        # Said twice, half of the sound is what nobody asked for.
        if alignment is not None and sum(end - start for start, end in alignment.extra) >= MOST * length / 2
    ]
    return Doubts(tuple(skipped), tuple(repeated))


def written(said: Sequence[str], transcripts: Sequence[str], language: str) -> Doubts:
    """By what a recogniser wrote down of each sentence."""
    letters = [_letters(text, language) for text in said]
    heard = [_letters(text, language) for text in transcripts]
    skipped, repeated = [], []
    for number, transcript in enumerate(heard):
        own = _apart(letters[number], transcript)
        if own == 1 or any(_apart(other, transcript) < own for other in letters):
            skipped.append(number)
        elif _apart(2 * letters[number], transcript) < own:
            repeated.append(number)
    return Doubts(tuple(skipped), tuple(repeated))


def shared(found: Sequence[Doubts]) -> Doubts:
    """What all recognisers doubt."""
    skipped, repeated = (
        sorted(set.intersection(*(set(getattr(doubts, kind)) for doubts in found))) for kind in ("skipped", "repeated")
    )
    return Doubts(tuple(skipped), tuple(repeated))


def _letters(text: str, language: str) -> str:
    return wording.bare(wording.WORDS[language](text))


def _apart(one: str, other: str) -> float:
    """Edits by the letters of the longer one, 0 to 1."""
    return errors(one, other).edits / max(len(one), len(other), 1)
