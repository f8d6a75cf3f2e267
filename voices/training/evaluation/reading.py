"""A long reading, passage by passage as the product speaks it: was a sentence skipped, or said twice?

Two listeners are asked, each in its own way. The aligner lays each sentence on its sound and lists words that were not said
and stretches that are in no text. A recogniser writes down what it hears, and a sentence counts as said where of all
sentences of the reading its own is the nearest to that: so even one that mishears half of the letters can tell. Vietnamese
has two recognisers, of which each loses some sentences of the teacher's own reading, but hardly the same ones: what one of them
recognises was said, and what both hear twice was said twice.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from serving.alignment.alignment import Alignment
from serving.alignment.words import words
from serving.pronunciation import Pronunciation
from voices.training.evaluation import wording
from voices.training.evaluation.cases import Case
from voices.training.evaluation.ears import Ears
from voices.training.evaluation.edits import errors
from voices.training.evaluation.speaking import Speech, Spoken

#: Seconds of a reading.
LONG = 120.0
#: Part of a sentence's words, or of its time, from which on it counts as skipped, or as said again.
MOST = 0.5


@dataclasses.dataclass(frozen=True)
class Doubts:
    """Numbers of the sentences that seem to have been skipped, and of those that seem to have been said twice."""

    skipped: tuple[int, ...]
    repeated: tuple[int, ...]


def measured(cases: Sequence[Case], speech: Speech, ears: Ears) -> dict[str, Any]:
    """The first sentences of `cases` that last two minutes together."""
    spoken: list[Spoken] = []
    while sum(each.seconds for each in spoken) < LONG and len(spoken) < len(cases):
        spoken.append(speech.speak(cases[len(spoken)]))
    read = [case.text for case in cases[: len(spoken)]]
    language = cases[0].voice.language
    alignments = [
        ears.aligner.align(text, language, ears.aligner.hear(each.samples, each.rate))
        for text, each in zip(read, spoken, strict=True)
    ]
    recognised = [
        written(read, [hear(each.samples, each.rate) for each in spoken], language) for hear in ears.recognisers(language)
    ]
    spaced = [len(list(words(Pronunciation().read(text, language)))) for text in read]
    return {
        "seconds": sum(each.seconds for each in spoken),
        "sentences": len(read),
        "aligner": dataclasses.asdict(laid(alignments, spaced, [each.seconds for each in spoken])),
        "recognisers": dataclasses.asdict(shared(recognised)),
        "words_skipped": sum(len(each.skipped) for each in alignments if each),
        "words_extra_seconds": sum(end - start for each in alignments if each for start, end in each.extra),
    }


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
