"""The sizes of picture and the one frame rate of every film."""

from __future__ import annotations

from typing import Literal

from pipeline.errors import PipelineError

Resolution = Literal["1080p", "720p"]
Aspect = Literal["16:9", "9:16"]
#: (width, height) in pixels.
Size = tuple[int, int]

#: Frames a second. 24 kHz narration then has exactly 960 samples a frame.
FPS = 25

SIZES: dict[tuple[str, str], Size] = {
    ("1080p", "16:9"): (1920, 1080),
    ("1080p", "9:16"): (1080, 1920),
    ("720p", "16:9"): (1280, 720),
    ("720p", "9:16"): (720, 1280),
}


def frame_size(resolution: str, aspect: str) -> Size:
    """Width and height in pixels, both even as 4:2:0 wants them. Raises PipelineError "unknown_size"."""
    try:
        return SIZES[resolution, aspect]
    except KeyError:
        known = ", ".join(f"{one} {other}" for one, other in SIZES)
        message = f"There is no size {resolution} {aspect}; choose one of: {known}."
        raise PipelineError(message, code="unknown_size") from None


def frames_of(samples: int, rate: int) -> int:
    """How many frames cover `samples` of sound at `rate` Hz: the last one may be covered in part."""
    return -(-samples * FPS // rate)
