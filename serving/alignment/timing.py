"""When each character of a passage ends, and how that is known. Here, and nowhere else, it is decided whom to believe."""

from __future__ import annotations

import dataclasses
from typing import Literal, Protocol

import numpy as np

from serving.alignment import times
from serving.alignment.alignment import Alignment
from serving.voices import silence

#: aligned: heard in the speech. laid: how long the model was told to speak each character, which it keeps to.
#: proportional: shared out by syllables.
Timing = Literal["aligned", "laid", "proportional"]


class Sound(Protocol):
    """samples: float32 [n]. rate: of them a second. laid_ends: seconds at which each character ends, as the layout planned it;
    None where it cannot know."""

    @property
    def samples(self) -> np.ndarray: ...
    @property
    def rate(self) -> int: ...
    @property
    def laid_ends(self) -> tuple[float, ...] | None: ...


@dataclasses.dataclass(frozen=True)
class Times:
    """character_ends: seconds, one for each character of the text, never falling."""

    character_ends: tuple[float, ...]
    timing: Timing


def is_to_be_heard(sound: Sound) -> bool:
    """Whether only listening can tell the times."""
    return sound.laid_ends is None


def told(text: str, sound: Sound, alignment: Alignment | None) -> Times:
    """The times of a text in its sound. alignment: of the one on the other; None where nobody listened, or in vain."""
    if sound.laid_ends is not None:
        return Times(_out_of_pauses(text, np.array(sound.laid_ends), sound), "laid")
    if alignment is not None and alignment.is_sure:
        return Times(_out_of_pauses(text, alignment.character_ends(len(text)), sound), "aligned")
    first, last = silence.trim(sound.samples, sound.rate, head=0.0, tail=0.0)
    return Times(tuple(times.shared_out(text, first / sound.rate, last / sound.rate).tolist()), "proportional")


def _out_of_pauses(text: str, ends: np.ndarray, sound: Sound) -> tuple[float, ...]:
    """With the words ending where a pause begins that they would end in, and what lies between words where it ends: when a
    mark is heard in a silence, only the silence can tell."""
    seconds = len(sound.samples) / sound.rate
    last = silence.trim(sound.samples, sound.rate, head=0.0, tail=0.0)[1] / sound.rate
    ends, is_spoken = np.minimum(ends, seconds), np.array([character.isalnum() for character in text])
    for begin, end in [*silence.pauses(sound.samples, sound.rate), (last, seconds)]:
        inside = (begin < ends) & (ends <= end)
        ends = np.where(inside, np.where(is_spoken, begin, end), ends)
    return tuple(np.maximum.accumulate(ends).tolist())
