"""Which token is spoken in each frame, from where each is heard first."""

from __future__ import annotations

import numpy as np

#: Frames after which a token really begins: a listener sees what follows, and is sure of a token a little before it sounds.
#: Measured on 50 onsets after pauses, where sound begins one frame of 10.7 ms after it is heard first, and on tones.
LAG = 1


def starts(first: np.ndarray, frames: int) -> np.ndarray:
    """Where each token begins, integers [n], rising, so that each has a frame at least.

    first: as path.best_path gives it. frames: of the whole sound, at least n.
    """
    numbers = np.arange(len(first))
    return np.clip(first + LAG, numbers, frames - len(first) + numbers)


def spoken_in(first: np.ndarray, frames: int) -> np.ndarray:
    """The number of the token that is spoken in each frame, integers [frames], never falling. The first token begins with
    the sound and the last ends with it.

    first: at least one, all below `frames`.
    """
    begun = starts(first, frames)
    begun[0] = 0
    return np.repeat(np.arange(len(begun)), np.diff(begun, append=frames))
