"""The whole evaluation: every measure, for every voice of a folder, as one tree of figures (evaluation.json)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks import machine
from voices.training.corpus import RATE
from voices.training.evaluation import cases, judging, pace, reading, times, vocoding
from voices.training.evaluation.cases import Case, Unjudgeable, Voice
from voices.training.evaluation.ears import Ears
from voices.training.evaluation.judging import Judge, Judged, Taught
from voices.training.evaluation.speaking import Speech

#: Sentences that a long reading is made of, as far as it takes.
ENOUGH = 80
#: Teachers that know when they say each word.
TIMED = ("hibari", "espeak")


class Evaluation:
    """A voice folder with those who judge it."""

    def __init__(self, folder: Path, sentences: int) -> None:
        """sentences: of each voice. Raises Unjudgeable, CheckpointError, PackageMissing."""
        self._voices = cases.voices(folder)
        self._speech = Speech(folder)
        if self._speech.checkpoint.rate != RATE:
            raise Unjudgeable(
                f"{folder} speaks at {self._speech.checkpoint.rate} samples a second, and its teachers at {RATE}. Name a folder"
                f" whose config.yaml says target_sample_rate: {RATE}."
            )
        self._teachers = cases.Teachers()
        self._judge = Judge(Ears(folder, cases.PACKAGES), self._teachers)
        self._cases = {voice.name: cases.of(voice, sentences) for voice in self._voices}

    def report(self, steps: Sequence[int]) -> dict[str, Any]:
        """steps: numbers of steps of the flow to be compared; everything else is measured with the folder's own number."""
        usual = self._speech.steps
        taught = {voice.name: list(self._taught(voice)) for voice in self._voices}
        judged = {
            count: {voice.name: list(self._judged(voice, taught[voice.name], count)) for voice in self._voices}
            for count in dict.fromkeys([usual, *steps])
        }
        return {
            "fingerprint": self._speech.checkpoint.fingerprint,
            **machine.about(torch.device("cpu")),
            "load": round(os.getloadavg()[0], 2),
            "sentences": {name: len(found) for name, found in self._cases.items()},
            "default_steps": usual,
            "languages": self._languages(judged[usual], taught),
            "voices": {voice.name: self._voice(voice, judged[usual], taught) for voice in self._voices},
            "times": {teacher: self._times(teacher) for teacher in TIMED},
            "readings": {voice.language: self._reading(voice) for voice in self._readers()},
            "steps": {str(count): self._languages(judged[count], taught) for count in sorted(steps)},
        }

    def _taught(self, voice: Voice) -> Iterator[Taught]:
        for case in self._cases[voice.name]:
            _say(f"{voice.speaker} says: {case.text}")
            yield self._judge.teach(case)

    def _judged(self, voice: Voice, taught: Sequence[Taught], steps: int) -> Iterator[Judged]:
        for number, case in enumerate(self._cases[voice.name]):
            _say(f"{voice.name}, {steps} steps, says: {case.text}")
            others = [*taught[:number], *taught[number + 1 :]]
            yield self._judge.judge(case, self._speech.speak(case, steps), taught[number], others)

    def _languages(
        self, judged: Mapping[str, Sequence[Judged]], taught: Mapping[str, Sequence[Taught]]
    ) -> dict[str, dict[str, Any]]:
        """Figures over all voices of a language."""
        names: dict[str, list[str]] = {}
        for voice in self._voices:
            names.setdefault(voice.language, []).append(voice.name)
        return {
            language: judging.figures(
                [one for name in those for one in judged[name]], [one for name in those for one in taught[name]]
            )
            for language, those in names.items()
        }

    def _voice(
        self, voice: Voice, judged: Mapping[str, Sequence[Judged]], taught: Mapping[str, Sequence[Taught]]
    ) -> dict[str, Any]:
        _say(f"{voice.name}: likeness, pace and vocoder")
        ours, teachers, those = judged[voice.name], taught[voice.name], self._cases[voice.name]
        few = (those[: cases.FEW], teachers[: cases.FEW])
        return {
            "language": voice.language,
            "speaker": voice.speaker,
            "teacher": voice.teacher,
            **judging.figures(ours, teachers),
            "likeness": self._judge.likeness(voice, ours, teachers, those[0].text),
            "pace": pace.measured(*few, self._speech, self._judge.ears.aligner),
            "vocoder": vocoding.measured(*few, self._speech.checkpoint.vocoder, self._judge),
        }

    def _times(self, teacher: str) -> dict[str, Any]:
        """Of all sentences of the folder's voices that this teacher speaks."""
        _say(f"times of words: {teacher}")
        those: list[Case] = [case for voice in self._voices if voice.teacher == teacher for case in self._cases[voice.name]]
        return times.measured(those, self._judge.ears.aligner) if those else {}

    def _readers(self) -> Iterator[Voice]:
        """The first voice of each language."""
        for language in dict.fromkeys(voice.language for voice in self._voices):
            yield next(voice for voice in self._voices if voice.language == language)

    def _reading(self, voice: Voice) -> dict[str, Any]:
        _say(f"{voice.name} reads for two minutes, and {voice.speaker} the same")
        found = reading.measured(cases.of(voice, ENOUGH), self._speech, self._teachers, self._judge.ears)
        return {"voice": voice.name, **found}


def _say(what: str) -> None:
    print(what, flush=True)
