"""A voice beside its teacher, sentence by sentence: what is understood of it, and how near it comes in sound and in voice."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from serving.model.mel import Mel
from voices.training.corpus import RATE
from voices.training.evaluation import distances
from voices.training.evaluation.cases import Case, Teachers, Voice, by_others
from voices.training.evaluation.ears import Ears, Heard
from voices.training.evaluation.speakers import Encoder
from voices.training.evaluation.speaking import Spoken


@dataclasses.dataclass(frozen=True)
class Taught:
    """A sentence as the teacher says it. mel: as distances.mel gives it. embedding: of the speaker encoder."""

    samples: np.ndarray
    heard: Heard
    mel: np.ndarray
    embedding: np.ndarray


@dataclasses.dataclass(frozen=True)
class Judged:
    """A sentence as the voice says it. distance: of its mel to that of the teacher's same sentence, wrong: of the teacher's own
    of another sentence. longer: than the teacher's, as a share of that. seconds, took: of sound, and of work for it."""

    heard: Heard
    distance: float
    wrong: float
    embedding: np.ndarray
    longer: float
    seconds: float
    took: float


class Judge:
    def __init__(self, ears: Ears, teachers: Teachers) -> None:
        self.ears, self.spectrogram = ears, Mel()
        self._teachers, self._encoder = teachers, Encoder()

    def teach(self, case: Case) -> Taught:
        """The teacher's own speech of a sentence, and what is made of it."""
        samples = self._teachers.speak(case)
        heard = self.ears.hear(case.text, case.voice.language, samples, RATE)
        return Taught(samples, heard, distances.mel(samples, self.spectrogram), self._encoder.embed(samples, RATE))

    def judge(self, case: Case, spoken: Spoken, taught: Taught, others: Sequence[Taught]) -> Judged:
        """others: the teacher's speech of other sentences, of which the one of the nearest length is the wrong one."""
        wrong = min(others, key=lambda other: abs(len(other.mel) - len(taught.mel)))
        made = distances.mel(spoken.samples, self.spectrogram)
        return Judged(
            heard=self.ears.hear(case.text, case.voice.language, spoken.samples, spoken.rate),
            distance=distances.warped(made, taught.mel),
            wrong=distances.warped(wrong.mel, taught.mel),
            embedding=self._encoder.embed(spoken.samples, spoken.rate),
            longer=len(made) / len(taught.mel) - 1,
            seconds=spoken.seconds,
            took=spoken.took,
        )

    def likeness(self, voice: Voice, judged: Sequence[Judged], taught: Sequence[Taught], text: str) -> dict[str, float]:
        """Mean cosine of the embeddings with that of the voice's reference: of our speech, of the same speaker's own, and of
        every other speaker of the corpus saying `text`."""
        reference = self._encoder.embed(voice.samples, RATE)
        others = [self._encoder.embed(self._teachers.speak(case), RATE) for case in by_others(voice, text)]
        return {
            "ours": _mean(reference @ one.embedding for one in judged),
            "same_speaker": _mean(reference @ one.embedding for one in taught),
            "other_speakers": _mean(reference @ other for other in others),
        }


def figures(judged: Sequence[Judged], taught: Sequence[Taught]) -> dict[str, Any]:
    """The figures of some sentences: rates are of all their words together, the rest are means over sentences."""
    ours = sum((one.heard for one in judged), Heard())
    teachers = sum((one.heard for one in taught), Heard())
    errors = {
        kind.name: {"ours": getattr(ours, kind.name).rate, "teacher": getattr(teachers, kind.name).rate}
        for kind in dataclasses.fields(Heard)
        if getattr(ours, kind.name).said
    }
    return {
        "errors": errors,
        "distance": {"ours": _mean(one.distance for one in judged), "wrong": _mean(one.wrong for one in judged)},
        "longer": {"mean": _mean(one.longer for one in judged), "absolute": _mean(abs(one.longer) for one in judged)},
        "speed": sum(one.seconds for one in judged) / sum(one.took for one in judged),
    }


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))
