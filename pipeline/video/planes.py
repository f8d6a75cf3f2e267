"""Pictures as the encoder wants them: planes of YUV 4:2:0, BT.709, limited range.

The picture of a scene is converted once. Each frame is then one affine warp a plane, straight into the frame's buffer,
with no colour conversion. Chroma lies as H.264 assumes: a sample stands beside the left one of its two columns of
luma, and between its two rows. `cv2.warpAffine` is exact to well under 1/256 of a pixel for INTER_LINEAR (OpenCV 5).
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np

from pipeline.errors import ToolFailed
from pipeline.video.motion import View
from pipeline.video.sizes import Size

#: Width of the source over width of the frame where the view is widest. More keeps fine lines from changing their
#: sharpness as they move; too much lets them alias, as the warp looks at four pixels only.
OVERSAMPLING = 1.3

# ITU-R BT.709-6, section 3: luma weights, and chroma scaled to 16..240.
_RED, _GREEN, _BLUE = 0.2126, 0.7152, 0.0722
_BLUE_SCALE, _RED_SCALE = 1.8556, 1.5748


@dataclasses.dataclass(frozen=True)
class Planes:
    """One picture. y: uint8 [height, width]; u, v: uint8 [height / 2, width / 2], each the mean of four pixels."""

    y: np.ndarray
    u: np.ndarray
    v: np.ndarray


class Frame:
    """The buffer of one yuv420p frame; `y`, `u` and `v` are views into it, `bytes` is all of it in order."""

    def __init__(self, size: Size):
        width, height = size
        if width % 2 or height % 2:
            raise ValueError(f"A frame of {width}x{height} cannot be 4:2:0: both sides must be even.")
        self.size = size
        self.bytes = memoryview(bytearray(width * height * 3 // 2))
        data = np.frombuffer(self.bytes, np.uint8)
        luma, chroma = width * height, width * height // 4
        self.y = data[:luma].reshape(height, width)
        self.u = data[luma : luma + chroma].reshape(height // 2, width // 2)
        self.v = data[luma + chroma :].reshape(height // 2, width // 2)


def load_planes(picture: Path, size: Size, widest_zoom: float = 1.0) -> Planes:
    """Read a picture file (PNG, JPEG) of the frame's aspect, as planes fit for `size` at `widest_zoom` and closer."""
    pixels = cv2.imread(str(picture), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ToolFailed(f"The picture {picture.name} of a scene cannot be read; the scene has to be drawn again.")
    width = 2 * round(size[0] * OVERSAMPLING * widest_zoom / 2)
    height = 2 * round(size[1] * OVERSAMPLING * widest_zoom / 2)
    shrinking = width < pixels.shape[1]
    if (width, height) != (pixels.shape[1], pixels.shape[0]):
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC)
    return to_planes(pixels)


def to_planes(pixels: np.ndarray) -> Planes:
    """uint8 [height, width, 3] in OpenCV's order (blue, green, red), both sides even -> planes."""
    blue, green, red = (channel.astype(np.float32) for channel in cv2.split(pixels))
    luma = _RED * red + _GREEN * green + _BLUE * blue
    half = (pixels.shape[1] // 2, pixels.shape[0] // 2)
    u = cv2.resize(blue - luma, half, interpolation=cv2.INTER_AREA) * (224 / 255 / _BLUE_SCALE) + 128
    v = cv2.resize(red - luma, half, interpolation=cv2.INTER_AREA) * (224 / 255 / _RED_SCALE) + 128
    return Planes(_whole(luma * (219 / 255) + 16), _whole(u), _whole(v))


def draw_view(planes: Planes, view: View, frame: Frame) -> None:
    """Fill the frame with what `view` shows of the picture."""
    height, width = planes.y.shape
    across, down = frame.size
    step = width / view.zoom / across, height / view.zoom / down
    # Edges of pixels are whole numbers in this reckoning, their centres half ones.
    left, top = view.x * width - step[0] * across / 2, view.y * height - step[1] * down / 2
    first = left + step[0] * 0.5 - 0.5, top + step[1] * 0.5 - 0.5
    _warp(planes.y, frame.y, step, first)
    # The first chroma sample of the frame stands at luma (0.5, 1.0); that of the source, a mean of four, at (1.0, 1.0).
    first = (left + step[0] * 0.5) / 2 - 0.5, (top + step[1] * 1.0) / 2 - 0.5
    _warp(planes.u, frame.u, step, first)
    _warp(planes.v, frame.v, step, first)


def darken(frame: Frame, light: float) -> None:
    """Fade the whole frame towards black; `light` 1 leaves it, 0 is black."""
    levels = np.arange(256, dtype=np.float32)
    cv2.LUT(frame.y, _whole(16 + (levels - 16) * light), dst=frame.y)
    chroma = _whole(128 + (levels - 128) * light)
    cv2.LUT(frame.u, chroma, dst=frame.u)
    cv2.LUT(frame.v, chroma, dst=frame.v)


def _warp(source: np.ndarray, target: np.ndarray, step: tuple[float, float], first: tuple[float, float]) -> None:
    matrix = np.array([[step[0], 0, first[0]], [0, step[1], first[1]]])
    size = (target.shape[1], target.shape[0])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cv2.warpAffine(source, matrix, size, dst=target, flags=flags, borderMode=cv2.BORDER_REPLICATE)


def _whole(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
