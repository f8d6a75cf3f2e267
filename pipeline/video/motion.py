"""The slow movement over a picture: where the frame looks at each moment.

A view is a centre in fractions of the picture and a zoom: zoom 1 shows all of the picture, zoom 1.1 one eleventh less in
each direction. A picture always has the aspect of the frame.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import random
from typing import Literal

#: Largest zoom over a drawn card (its text must stay inside) and over a photograph.
_MOST = {"card": 1.045, "image": 1.1}
#: Growth of the zoom a second; above it a short scene would rush.
_GROWTH_PER_SECOND = {"card": 0.006, "image": 0.014}
#: How much of a picture, around its middle, every view shows: what must not be cut off keeps within.
ALWAYS_SHOWN = {"card": 0.93, "image": 0.85}
#: How far from the middle the closer view may look, as a fraction of the room that its zoom leaves.
_DRIFT = {"card": 0.5, "image": 0.6}


@dataclasses.dataclass(frozen=True)
class View:
    """What the frame shows: x and y of its centre (0..1 of the picture), zoom >= 1."""

    x: float
    y: float
    zoom: float

    def __post_init__(self) -> None:
        half = 0.5 / self.zoom
        inside = half - 1e-9 <= self.x <= 1 - half + 1e-9 and half - 1e-9 <= self.y <= 1 - half + 1e-9
        if self.zoom < 1 or not inside:
            raise ValueError(f"{self} looks beyond the picture's edge")


@dataclasses.dataclass(frozen=True)
class Motion:
    """From one view to another over a scene."""

    start: View
    end: View

    def at(self, moment: float) -> View:
        """The view at `moment` in 0..1. The zoom moves geometrically, so that it seems even; both ends are eased."""
        eased = _ease(moment)
        zoom = math.exp(_mix(math.log(self.start.zoom), math.log(self.end.zoom), eased))
        return View(
            _along(self.start.x, self.end.x, self.start.zoom, self.end.zoom, zoom, eased),
            _along(self.start.y, self.end.y, self.start.zoom, self.end.zoom, zoom, eased),
            zoom,
        )


STILL = Motion(View(0.5, 0.5, 1.0), View(0.5, 0.5, 1.0))


def motion_for(seed: str, seconds: float, kind: Literal["card", "image"]) -> Motion:
    """A gentle movement for a scene of `seconds`, the same for the same arguments. Every other seed moves inwards."""
    dice = random.Random(hashlib.sha256(f"motion {kind} {seed}".encode()).digest())
    zoom = min(_MOST[kind], 1 + _GROWTH_PER_SECOND[kind] * max(seconds, 1.0))
    room = 0.5 - 0.5 / zoom
    angle = dice.uniform(0, 2 * math.pi)
    reach = room * _DRIFT[kind]
    close = View(0.5 + reach * math.cos(angle), 0.5 + reach * math.sin(angle), zoom)
    wide = STILL.start
    return Motion(wide, close) if dice.random() < 0.5 else Motion(close, wide)


def _ease(moment: float) -> float:
    """Between a straight line and a smooth step: it sets off and arrives softly, yet never seems to stop."""
    moment = min(max(moment, 0.0), 1.0)
    return 0.5 * moment + 0.5 * moment * moment * (3 - 2 * moment)


def _mix(one: float, other: float, share: float) -> float:
    return one + (other - one) * share


def _along(start: float, end: float, start_zoom: float, end_zoom: float, zoom: float, eased: float) -> float:
    """The centre moves with the width of the view, so that one point of the picture stands still while zooming."""
    change = 1 / end_zoom - 1 / start_zoom
    share = eased if abs(change) < 1e-9 else (1 / zoom - 1 / start_zoom) / change
    return _mix(start, end, share)
