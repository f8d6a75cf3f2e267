"""Everything that listens: what each makes of a sound, in errors against what was said."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from serving.alignment.words import SILENT
from serving.checkpoints import aligner, vocabulary
from serving.pronunciation import Pronunciation
from voices.training.corpus import RATE
from voices.training.evaluation import wording
from voices.training.evaluation.asr import VietAsr, Whisper
from voices.training.evaluation.choice import Weigh
from voices.training.evaluation.edits import Errors, errors

NOTHING = Errors()


@dataclasses.dataclass(frozen=True)
class Heard:
    """words: of Whisper base. phones: of the aligner, by the best class of each frame. other_words, and letters without tones:
    of viet-asr, in Vietnamese only. They add up over sentences."""

    words: Errors = NOTHING
    phones: Errors = NOTHING
    other_words: Errors = NOTHING
    letters: Errors = NOTHING

    def __add__(self, other: Heard) -> Heard:
        return Heard(*(getattr(self, each.name) + getattr(other, each.name) for each in dataclasses.fields(Heard)))


class Ears:
    def __init__(self, folder: Path, models: Path) -> None:
        """folder: of the voice, whose aligner listens. models: where Whisper is put together."""
        self.whisper = Whisper(models / "whisper-base")
        self.viet_asr = VietAsr()
        self.aligner = aligner.load(folder, torch.device("cpu"))
        self._tokens = list(vocabulary.read(folder))
        self._pronunciation = Pronunciation()

    def hear(self, text: str, language: str, samples: np.ndarray, rate: int) -> Heard:
        """What everybody makes of `text` in samples, float32 [n] in -1..1."""
        said = wording.WORDS[language](text)
        words = errors(said, wording.WORDS[language](self.whisper.hear(samples, rate, language)))
        phones = errors(self._said(text, language), greedy(self.aligner.hear(samples, rate), self._tokens))
        if language != "vi":
            return Heard(words, phones)
        other = wording.vietnamese(self.viet_asr.hear(samples, rate))
        return Heard(words, phones, errors(said, other), errors(wording.bare(said), wording.bare(other)))

    def recognisers(self, language: str) -> list[Callable[[np.ndarray, int], str]]:
        """Those that write `language` down, from samples, float32 [n] in -1..1, and their rate."""
        found: list[Callable[[np.ndarray, int], str]] = [lambda samples, rate: self.whisper.hear(samples, rate, language)]
        return [*found, self.viet_asr.hear] if language == "vi" else found

    def weigh(self, language: str) -> Weigh:
        """Whisper's log probabilities of texts in `language`, for sounds at the corpus's rate."""
        return lambda samples, texts: self.whisper.log_probabilities(samples, RATE, language, texts)

    def _said(self, text: str, language: str) -> list[str]:
        return [phone.token for phone in self._pronunciation.read(text, language) if phone.token not in SILENT]


def greedy(log_probabilities: np.ndarray, tokens: Sequence[str]) -> list[str]:
    """The phones heard by one who is not told the text: the best class of each frame, without repeats, blanks, pauses.

    log_probabilities: [frames, tokens + 1], class 0 for none.
    """
    best = log_probabilities.argmax(axis=1)
    changed = best[np.flatnonzero(np.diff(best, prepend=0))]
    return [token for number in changed if number and (token := tokens[number - 1]) not in SILENT]
