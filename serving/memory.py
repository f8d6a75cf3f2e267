"""What the scheduler remembers: results for those who ask again, and how fast it has been."""

from __future__ import annotations

import collections
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

    def get(self, key: Hashable) -> Result | None:
        if key not in self._results:
            return None
        self._results.move_to_end(key)
        return self._results[key][0]

    def add(self, key: Hashable, result: Result, frames: int) -> int:
        """Remember a result. Returns how many times this key has been added in this process's life."""
        if key in self._results:
            self._frames -= self._results.pop(key)[1]
        self._results[key] = (result, frames)
        self._frames += frames
        while self._frames > self._max_frames:
            self._frames -= self._results.popitem(last=False)[1][1]
        count = self._counts.pop(key, 0) + 1
        self._counts[key] = count
        if len(self._counts) > COUNTED_KEYS:
            self._counts.popitem(last=False)
        return count


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
