"""Films, decoded by PyAV, as numbers."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np


def luma(path: Path) -> np.ndarray:
    """uint8 [frames, height, width]."""
    with av.open(str(path)) as film:
        width = film.streams.video[0].width
        planes = [frame.to_ndarray()[: frame.height, :width] for frame in film.decode(video=0)]
    return np.stack(planes)


def pixels(path: Path, number: int) -> np.ndarray:
    """Frame `number` as RGB, converted as the file's own colour tags say: uint8 [height, width, 3]."""
    with av.open(str(path)) as film:
        for at, frame in enumerate(film.decode(video=0)):
            if at == number:
                return frame.to_ndarray(format="rgb24", src_colorspace="ITU709", dst_colorspace="ITU709")
    raise IndexError(f"{path.name} has no frame {number}")


def times(path: Path) -> list[float]:
    """Presentation time of every frame in seconds, in the order of decoding."""
    with av.open(str(path)) as film:
        return [float(frame.time) for frame in film.decode(video=0)]
