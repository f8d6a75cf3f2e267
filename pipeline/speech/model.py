"""The data of speech: passages on the way in, sound and timings on the way out.

Offsets count characters (code points) of the original text, times are seconds from the start of the sound.
Sound is mono float32 in -1..1, shape [samples].
"""

from __future__ import annotations

import dataclasses

import numpy as np

#: How the times of characters are known, the best first: heard by an aligner, laid out before it was spoken, shared out.
TIMINGS = ("aligned", "laid", "proportional")


@dataclasses.dataclass(frozen=True)
class Span:
    """spoken[start:end] stands for original[original_start:original_end]."""

    start: int
    end: int
    original_start: int
    original_end: int


@dataclasses.dataclass(frozen=True)
class Passage:
    """One stretch of text spoken in one piece: a sentence, or part of one that is too long.

    start, end: where it lies in the original text. spoken: the normalised text (numbers as words ...).
    spans: how `spoken` lies on the original, in order, without gaps or overlaps in `spoken`.
    sentence: number of the sentence it belongs to, from 0. pause: silence after it, in seconds.
    """

    start: int
    end: int
    spoken: str
    spans: tuple[Span, ...]
    sentence: int
    pause: float


@dataclasses.dataclass(frozen=True)
class Sound:
    """What came back for a passage.

    samples: float32 [samples]. rate: Hz. character_ends: for each character of `spoken` the time its sound ends, in
    seconds. timing: how these are known, one of TIMINGS.
    """

    samples: np.ndarray
    rate: int
    character_ends: tuple[float, ...]
    timing: str


@dataclasses.dataclass(frozen=True)
class Timing:
    """A sentence or word of the original text and when it is heard. text == original[offset:offset + len(text)]."""

    text: str
    offset: int
    start: float
    end: float


@dataclasses.dataclass(frozen=True)
class SentenceTiming(Timing):
    """timing: how the times of its words are known, one of TIMINGS; the worst where it was spoken in several passages."""

    timing: str


@dataclasses.dataclass(frozen=True)
class Narration:
    """A whole text, spoken."""

    samples: np.ndarray
    rate: int
    sentences: tuple[SentenceTiming, ...]
    words: tuple[Timing, ...]

    @property
    def exact_words(self) -> bool:
        """Whether the times of all words come from the voice, and none are shared out."""
        return all(sentence.timing != TIMINGS[-1] for sentence in self.sentences)

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / self.rate

    def timings_to_json(self) -> dict:
        """All but the sound."""
        return {
            "rate": self.rate,
            "samples": len(self.samples),
            "exact_words": self.exact_words,
            "sentences": [dataclasses.asdict(t) for t in self.sentences],
            "words": [dataclasses.asdict(t) for t in self.words],
        }
