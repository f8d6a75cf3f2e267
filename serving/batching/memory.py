"""What the scheduler remembers: results for those who ask again, what has happened, and how fast it has been."""

from __future__ import annotations

import collections
import dataclasses
import math
from collections.abc import Hashable
from typing import Generic, TypeVar

#: Keys whose count of speaking is kept; a count is a number, so many more than results.
COUNTED_KEYS = 100_000
#: Past work counts half after this many seconds of work, so that the rate follows what is spoken now.
HALF_LIFE_SECONDS = 30.0
#: Bounds of the advice in Retry-After, in seconds.
SHORTEST_WAIT, LONGEST_WAIT = 1, 60

Result = TypeVar("Result")


class Remembered(Generic[Result]):
    """The latest results by key, bounded by their frames together (one frame is about 1 KB of sound). Not thread-safe."""

    def __init__(self, max_frames: int) -> None:
        self._max_frames = max_frames
        self._frames = 0
        self._results: collections.OrderedDict[Hashable, tuple[Result, int]] = collections.OrderedDict()
        self._counts: collections.OrderedDict[Hashable, int] = collections.OrderedDict()

    def limit(self, max_frames: int) -> None:
        """Change the bound, and forget the oldest results beyond it."""
        self._max_frames = max_frames
        while self._frames > self._max_frames:
            self._frames -= self._results.popitem(last=False)[1][1]

    def get(self, key: Hashable) -> Result | None:
        if key not in self._results:
            return None
        self._results.move_to_end(key)
        return self._results[key][0]

    def add(self, key: Hashable, result: Result, frames: int) -> None:
        if key in self._results:
            self._frames -= self._results.pop(key)[1]
        self._results[key] = (result, frames)
        self._frames += frames
        self.limit(self._max_frames)
        self._counts[key] = self._counts.pop(key, 0) + 1
        if len(self._counts) > COUNTED_KEYS:
            self._counts.popitem(last=False)

    def count(self, key: Hashable) -> int:
        """How many times this key has been added in this process's life."""
        return self._counts.get(key, 0)


@dataclasses.dataclass
class Counts:
    """What has happened since the start.

    Passages that were spoken, that failed, and that were given up when the loop ended (stopped). Requests whose deadline
    passed, whose caller left, that were refused for a full queue (pushed out of it included), that joined a passage under
    way, and that were answered from memory. Several requests may be for one passage.
    """

    spoken: int = 0
    failed: int = 0
    stopped: int = 0
    expired: int = 0
    cancelled: int = 0
    refused: int = 0
    joined: int = 0
    remembered: int = 0


class Throughput:
    """Frames spoken a second of work, the latest work weighing most."""

    def __init__(self) -> None:
        self._frames = 0.0
        self._seconds = 0.0

    def add(self, frames: int, seconds: float) -> None:
        fading = 0.5 ** (seconds / HALF_LIFE_SECONDS)
        self._frames = self._frames * fading + frames
        self._seconds = self._seconds * fading + seconds

    @property
    def rate(self) -> float:
        return self._frames / self._seconds if self._seconds else 0.0

    def seconds_for(self, frames: int) -> int:
        """Whole seconds until `frames` are likely spoken, bounded; the upper bound where nothing is known yet."""
        seconds = frames / self.rate if self.rate else LONGEST_WAIT
        return min(LONGEST_WAIT, max(SHORTEST_WAIT, math.ceil(seconds)))
