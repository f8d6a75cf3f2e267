"""Where a recording and its text can be cut together: at a sentence's end at which the speaker pauses.

Nothing tells which word is heard when, so the place of a sentence's end is estimated from the syllables before it, and
only believed where a pause lies there and no other mark of the text lies nearer to that pause.
"""

from __future__ import annotations

import dataclasses
import itertools
import re

import numpy as np

from serving.layouts import pace
from serving.voices import silence

#: Seconds that an excerpt has at least.
SHORTEST = 3.0
#: Seconds of speech between a sentence's estimated end and the pause taken for it, at most, and for each second before it:
#: the estimate is off by about 7 in 100 (docs/quality.md).
TOLERANCE, DRIFT = 0.3, 0.07
#: How many seconds nearer a pause counts for each second that it lasts: speakers rest longest between sentences.
REST = 1.0

#: A run of marks is looked at from its beginning only: from each of its marks anew, a long one would take forever.
_MARKS = re.compile(r"(?P<sentence>(?<![.!?…])[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？]+[”’」]*)|[,;:](?=\s)|[，、；：]|\s[-–—](?=\s)")


@dataclasses.dataclass(frozen=True)
class Cut:
    """The excerpt ends where the last sound before a pause has faded, `seconds` into the recording, and with the first
    `characters` of the text."""

    seconds: float
    characters: int


@dataclasses.dataclass(frozen=True)
class _Mark:
    characters: int
    spoken: float
    ends_sentence: bool


def find(samples: np.ndarray, rate: int, text: str, longest: float) -> Cut | None:
    """The surest cut between SHORTEST and `longest` seconds; None where no sentence's end and pause agree.

    samples: the recording, trimmed to its speech.
    """
    pauses = silence.pauses(samples, rate)
    total = silence.spoken_seconds(samples, rate)
    marks = _marks(text, total)
    found = [
        (abs(mark.spoken - spoken) - REST * (end - start), (start, end), mark.characters)
        for (start, end), spoken in zip(pauses, _spoken_before(pauses), strict=True)
        if SHORTEST <= start <= longest
        for mark in [min(marks, key=lambda mark: abs(mark.spoken - spoken), default=None)]
        if mark is not None
        and mark.ends_sentence
        and abs(mark.spoken - spoken) <= TOLERANCE + DRIFT * min(spoken, total - spoken)
    ]
    if not found:
        return None
    _, pause, characters = min(found)
    return Cut(_faded(samples, rate, pause), characters)


def _faded(samples: np.ndarray, rate: int, pause: tuple[float, float]) -> float:
    """When the last sound before the pause is over, at the latest in its middle: a soft "p" is far below the speech."""
    heard = np.flatnonzero(silence.is_speech(silence.levels(samples, rate))) * silence.STEP
    middle = sum(pause) / 2
    return min(float(heard[heard < middle].max(initial=pause[0])) + silence.WINDOW, middle)


def _spoken_before(pauses: list[tuple[float, float]]) -> list[float]:
    """Seconds of speech before each pause: its start without the pauses before it."""
    quiet = np.cumsum([0.0, *(end - start for start, end in pauses)])
    return [start - before for (start, _), before in zip(pauses, quiet.tolist(), strict=False)]


def _marks(text: str, total: float) -> list[_Mark]:
    """The marks inside the text, with the seconds of speech before each by its share of the syllables."""
    matches = list(_MARKS.finditer(text))
    ends = [0, *(match.end() for match in matches), len(text)]
    # No word goes over a mark, so the syllables before one are those of the pieces before it: a text is weighed once only.
    syllables = list(itertools.accumulate(pace.weigh(text[start:end]).spoken for start, end in itertools.pairwise(ends)))
    return [
        _Mark(match.end(), total * spoken / syllables[-1], match["sentence"] is not None)
        for match, spoken in zip(matches, syllables, strict=False)
    ]
