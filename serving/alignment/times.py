"""When each character of a text has been said: from its phones, or by its share of the text where nothing better is known."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from serving.layouts import pace
from serving.pronunciation import Phone
from serving.pronunciation.phones import SPACE

#: Most frames of a space, 10.7 ms each, that are the next word's: a longer one is a pause.
SHARED = 4
#: A word with the marks inside it, and what lies between it and the next.
_RUN = re.compile(r"(\S*\w)(\W*)")


def spaces_shared(phones: Sequence[Phone], bounds: np.ndarray, frame: float) -> np.ndarray:
    """Bounds of phones with half of a space given to the word after it, up to `SHARED` frames; float [phones + 1].

    A listener hears a space until it is sure of the next word, whose first sound has then begun. Against what the teachers
    tell of 1,500 words' starts, the median error is 38 ms in English and in Vietnamese, instead of 30 and 53. frame: its
    length, in the unit of `bounds`.
    """
    shared = np.asarray(bounds, dtype=np.float64).copy()
    for at in range(1, len(phones)):
        if phones[at - 1].token == SPACE:
            shared[at] -= min((shared[at] - shared[at - 1]) / 2, SHARED * frame)
    return shared


def character_ends(characters: int, phones: Sequence[Phone], bounds: Sequence[float] | np.ndarray) -> np.ndarray:
    """The end of each of so many characters, float [characters], never falling, in the unit of `bounds`.

    bounds: where each phone begins and the last one ends, [phones + 1]. A phone shares its time out evenly between its
    characters. A character that no phone speaks ends where the one before it does, and at the beginning with the first
    bound.
    """
    shares = np.zeros(characters)
    for phone, length in zip(phones, np.diff(bounds), strict=True):
        shares[phone.start : phone.end] += length / (phone.end - phone.start)
    return np.minimum(bounds[0] + np.cumsum(shares), bounds[-1])


def shared_out(text: str, start: float, end: float) -> np.ndarray:
    """The same where nothing is known but when the speech begins and ends: by syllables and pauses (pace.py)."""
    shares = np.zeros(len(text))
    for run in _RUN.finditer(text):
        shares[slice(*run.span(1))] = pace.weigh(run[1]).spoken / len(run[1])
        if run[2] and run.end() < len(text):
            shares[slice(*run.span(2))] = pace.weigh(run[0] + "a").paused / len(run[2])
    if not shares.any():
        shares[:] = 1.0
    return start + (end - start) * np.minimum(np.cumsum(shares) / shares.sum(), 1.0)
