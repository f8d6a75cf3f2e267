"""What is spoken for the evaluation: sentences that nothing was trained on, by every voice of a folder and by its teacher."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from voices.training import packages, sentences
from voices.training.corpus import RATE, Planned, levelled
from voices.training.recipe import DATA
from voices.training.speech import Cast
from voices.training.teachers import espeak, hibari, kokoro

#: Characters of a sentence. Shorter ones are headings, on which one wrong word is half of them.
SHORTEST, LONGEST = 30, 150
#: Sentences of a voice that the vocoder and the pace are measured with; the other measures take all.
FEW = 8
#: What is judged.
LANGUAGES = ("en", "vi")
#: Where the teachers' packages are unpacked, as for the training.
PACKAGES = DATA / "packages"
TEACHERS = {
    **dict.fromkeys(hibari.SPEAKERS, "hibari"),
    **dict.fromkeys(kokoro.SPEAKERS, "kokoro"),
    **dict.fromkeys(espeak.SPEAKERS, "espeak"),
}


class Unjudgeable(RuntimeError):
    """A voice folder that cannot be judged; the message tells what to change."""


@dataclasses.dataclass(frozen=True)
class Voice:
    """A reference of the folder. speaker: who of the corpus speaks it. samples: its wave, float32 [n] at 24 kHz."""

    name: str
    language: str
    speaker: str
    samples: np.ndarray

    @property
    def teacher(self) -> str:
        return TEACHERS[self.speaker]


@dataclasses.dataclass(frozen=True)
class Case:
    """A sentence that a voice speaks. number: of the sentence, and the seed of both sides' speech."""

    voice: Voice
    number: int
    text: str

    @property
    def planned(self) -> Planned:
        """The same for the teacher."""
        voice = self.voice
        return Planned(self.number, self.text, voice.language, voice.speaker, voice.teacher, held_out=True)


def voices(folder: Path) -> list[Voice]:
    """The references of a voice folder, by name. Raises Unjudgeable where there is none, or one does not tell who speaks it."""
    found = [_voice(path) for path in sorted((folder / "references").glob("*.wav"))]
    if not found:
        raise Unjudgeable(f"{folder / 'references'} holds no .wav. Name a voice folder, such as voices/sample.")
    return found


def _voice(path: Path) -> Voice:
    about = _about(path.with_suffix(".json"))
    if about.get("speaker") not in list(TEACHERS):  # it may be anything, also what has no hash
        known = ", ".join(TEACHERS)
        raise Unjudgeable(
            f'{path.with_suffix(".json")} must tell who of the corpus speaks it, as "speaker", so that the teacher can say the'
            f" same sentences in the same voice. Known are: {known}."
        )
    if about.get("language") not in LANGUAGES:
        raise Unjudgeable(f'{path.with_suffix(".json")} must tell its "language": {" or ".join(LANGUAGES)}.')
    return Voice(path.stem, about["language"], about["speaker"], _samples(path))


def _about(path: Path) -> dict[str, Any]:
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise Unjudgeable(f"{path} cannot be read: {error}. Copy it from the export again.") from error
    if not isinstance(about, dict):
        raise Unjudgeable(f'{path} must be an object with "text", "language" and "speaker". Copy it from the export again.')
    return about


def _samples(path: Path) -> np.ndarray:
    try:
        samples, rate = soundfile.read(path, dtype="float32")
    except (OSError, soundfile.SoundFileError) as error:
        raise Unjudgeable(f"{path} cannot be read: {error}. Copy the reference from the corpus again.") from error
    if rate != RATE:
        raise Unjudgeable(f"{path} has {rate} samples a second, the corpus {RATE}. Copy the reference from the corpus again.")
    if samples.ndim != 1 or not samples.any() or not np.isfinite(samples).all():
        raise Unjudgeable(f"{path} holds no speech of one channel. Copy the reference from the corpus again.")
    return samples


def held_out(language: str) -> list[str]:
    """Sentences that were never trained on, in a fixed shuffle. Fetches the packages they are from, once."""
    prose = sentences.read(packages.debian(PACKAGES / "debian"), language)
    return [text for text in prose if sentences.held_out(text) and SHORTEST <= len(text) <= LONGEST]


def of(voice: Voice, count: int) -> list[Case]:
    """The first `count` held-out sentences of the voice's language: the same for all its voices."""
    return [Case(voice, number, text) for number, text in enumerate(held_out(voice.language)[:count])]


def by_others(voice: Voice, text: str) -> Iterator[Case]:
    """A sentence by every other speaker of the voice's language."""
    for speaker, teacher in TEACHERS.items():
        if (teacher == "espeak") == (voice.teacher == "espeak") and speaker != voice.speaker:
            yield Case(dataclasses.replace(voice, speaker=speaker), 0, text)


class Teachers:
    """The teachers' own speech, each teacher loaded when it is first asked."""

    def __init__(self) -> None:
        packages.kokoro_voices(PACKAGES / "npm")
        self._cast = Cast(PACKAGES)

    def speak(self, case: Case) -> np.ndarray:
        """float32 [n] at 24 kHz and RMS 0.1, as it would lie in the corpus."""
        return levelled(self._cast.speak(case.planned))
