"""A long reading by a recogniser that is told what may have been said: which of its sentences does it hear in each sound?

What a recogniser writes down by itself is a poor witness of speech that it does not understand. But it can be asked how
probable a sentence is: log p(sentence | sound) - log p(sentence | silence), in nats, is called evidence here. It is a rough
estimate of their pointwise mutual information: what the recogniser holds probable in silence stands for its inner language
model (Meng et al. 2020, arXiv 2011.01991, leave the sound out inside the network instead). That takes away most of the
advantage of short and common sentences.

A sentence of which a part was left out, or to which something was added, may still be the one that is heard: that is left to
the aligner.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from voices.training.evaluation.doubts import Doubts

#: Seconds of silence in which a sentence is weighed for what it is worth unheard.
SILENCE = 5.0
#: Part of a sentence's evidence that each half of a sound must hold for it to be said in each. The weaker halves of 40
#: Vietnamese sentences by their teacher hold 0.55 of it at most where they are said once (the second highest 0.37), and 0.74
#: at least where they are said twice. Set on these, none of which is in the reading.
AGAIN = 0.65

#: From samples, float32 [n], and texts: their logarithms of probability, float64 [texts].
Weigh = Callable[[np.ndarray, Sequence[str]], np.ndarray]


@dataclasses.dataclass(frozen=True)
class Chosen:
    """margin: how much more evidence than for the next sentence there is for the right one, where it is least; below 0 where
    another one is heard."""

    doubts: Doubts
    margin: float


class Chooser:
    """Chooses among two or more different sentences."""

    def __init__(self, sentences: Sequence[str], weigh: Weigh, rate: int) -> None:
        """rate: samples a second of all sounds."""
        self._sentences, self._weigh = list(sentences), weigh
        self._unheard = weigh(np.zeros(round(SILENCE * rate), np.float32), self._sentences)

    def chosen(self, sounds: Sequence[np.ndarray]) -> Chosen:
        """Of a reading: a sound for each of the sentences, in their order."""
        evidence = [self._weigh(sound, self._sentences) - self._unheard for sound in sounds]
        margins = [row[number] - np.delete(row, number).max() for number, row in enumerate(evidence)]
        said = [number for number, row in enumerate(evidence) if row[number] > 0 and margins[number] > 0]
        skipped = tuple(sorted(set(range(len(sounds))) - set(said)))
        repeated = tuple(number for number in said if self._is_twice(number, sounds[number], evidence[number][number]))
        return Chosen(Doubts(skipped, repeated), float(min(margins)))

    def is_twice(self, number: int, sound: np.ndarray) -> bool:
        """Whether the whole sentence of that number is in the sound's first half, and in its second."""
        return self._is_twice(number, sound, self._own(number, sound))

    def _is_twice(self, number: int, sound: np.ndarray, whole: float) -> bool:
        """whole: the sentence's evidence in the sound."""
        return whole > 0 and all(self._own(number, half) >= AGAIN * whole for half in np.array_split(sound, 2))

    def _own(self, number: int, sound: np.ndarray) -> float:
        return float(self._weigh(sound, [self._sentences[number]])[0] - self._unheard[number])
