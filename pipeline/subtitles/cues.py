"""Cues: what stands on the screen and when.

Rules as broadcasters keep them: at most two lines of a readable length, broken where the sense breaks; long enough to be
read; never two at once; no flicker between cues of running speech, and nothing on the screen in a long pause.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence

from pipeline.speech.model import Timing
from pipeline.subtitles.breaks import PLAIN, break_cost, lines_of
from pipeline.subtitles.chunks import Chunk, chunks


@dataclasses.dataclass(frozen=True)
class Cue:
    """`lines` (one or two) stand on the screen from `start` up to `end`, in seconds."""

    start: float
    end: float
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """Both lines, as one."""
        return "\n".join(self.lines)


@dataclasses.dataclass(frozen=True)
class Rules:
    """width: characters a line. speed: characters a second that are read with ease. All others are seconds.

    shortest: a cue stays at least so long where speech leaves the room. longest: and no longer than this.
    pause: silence up to this is bridged; after it the screen is empty. linger: how long a cue outlasts its last word.
    """

    width: int = 42
    speed: float = 20.0
    shortest: float = 1.0
    longest: float = 7.0
    pause: float = 0.7
    linger: float = 0.4


#: For 16:9 and 9:16.
WIDE, TALL = Rules(), Rules(width=26)
#: Cues change between two frames.
_FRAME = 0.04
#: Empty frames before a cue that follows a pause, in seconds.
_REST = 2 * _FRAME


def rules_for(size: tuple[int, int]) -> Rules:
    """The rules for a picture of `size` (width, height)."""
    return WIDE if size[0] > size[1] else TALL


def cues(
    text: str, words: Sequence[Timing], sentences: Sequence[Timing], rules: Rules = WIDE, *, until: float | None = None
) -> list[Cue]:
    """The cues of a narration of `text`: every word once, in order, with its signs.

    words, sentences: as in `Narration`. until: the sound's length in seconds; nothing is shown beyond it.
    Deterministic; takes time in proportion to the text.
    """
    runs = _runs(chunks(text, words, sentences), rules)
    shown = []
    for number, run in enumerate(runs):
        following = runs[number + 1][0].start if number + 1 < len(runs) else None
        fitting = lines_of(run, rules.width)
        assert fitting is not None, "a run is only made of what fits"
        lines, _ = fitting
        shown.append(Cue(run[0].start, _end(run, following, lines, rules), lines))
    placed = _on_frames(shown)
    return placed if until is None else _ended(placed, until)


def shifted(some: Sequence[Cue], seconds: float) -> list[Cue]:
    """The cues `seconds` later, as the scene's place in a film wants it."""
    return [Cue(cue.start + seconds, cue.end + seconds, cue.lines) for cue in some]


def _runs(all_chunks: Sequence[Chunk], rules: Rules) -> list[Sequence[Chunk]]:
    """The chunks parted into the runs of cues at the least total cost (dynamic programming over the breaks)."""
    count = len(all_chunks)
    best = [0.0] + [float("inf")] * count
    came_from = [0] * (count + 1)
    for end in range(1, count + 1):
        leaving = 0.0 if end == count else break_cost(all_chunks[end - 1], all_chunks[end])
        for start in range(end - 1, -1, -1):
            run = all_chunks[start:end]
            if sum(len(chunk.text) for chunk in run) > 2 * rules.width:
                break
            cost = best[start] + leaving + _run_cost(run, rules)
            if cost >= best[end] or (fitting := lines_of(run, rules.width)) is None:
                continue
            # Where two lines can only part inside of a name, say, two cues read better.
            cost += max(0.0, fitting[1] - PLAIN)
            if cost < best[end]:
                best[end], came_from[end] = cost, start
    runs: list[Sequence[Chunk]] = []
    end = count
    while end > 0:
        runs.append(all_chunks[came_from[end] : end])
        end = came_from[end]
    return runs[::-1]


def _run_cost(run: Sequence[Chunk], rules: Rules) -> float:
    """What a cue costs by itself: each one a little, too short or too long a stay more, sentences or pauses inside most."""
    seconds = max(run[-1].end - run[0].start, 1e-3)
    cost = 2.0
    cost += 10.0 * max(0.0, rules.shortest * 1.2 - seconds) / rules.shortest
    cost += 10.0 * max(0.0, seconds - rules.longest)
    for before, after in itertools.pairwise(run):
        if before.ends_sentence:
            cost += 5.0
        if after.start - before.end > rules.pause:
            cost += 25.0
    return cost


def _end(run: Sequence[Chunk], following: float | None, lines: tuple[str, ...], rules: Rules) -> float:
    """When the cue goes: at once with the next one in running speech, else a little after its last word."""
    spoken = run[-1].end
    if following is not None and following - spoken <= rules.pause:
        return following
    needed = run[0].start + max(rules.shortest, sum(map(len, lines)) / rules.speed)
    wanted = max(spoken + rules.linger, needed)
    return wanted if following is None else min(wanted, following - _REST)


def _on_frames(some: Sequence[Cue]) -> list[Cue]:
    """Times rounded to whole frames; each cue lasts one frame at least and none overlaps the next."""
    placed: list[Cue] = []
    for cue in some:
        first = round(cue.start / _FRAME)
        if placed:
            first = max(first, round(placed[-1].end / _FRAME))
        last = max(round(cue.end / _FRAME), first + 1)
        placed.append(Cue(round(first * _FRAME, 3), round(last * _FRAME, 3), cue.lines))
    return placed


def _ended(some: Sequence[Cue], until: float) -> list[Cue]:
    """The cues, none beyond `until`: at its last whole frame or, where a cue begins in that frame, at `until` itself."""
    frame = round(math.floor(until / _FRAME + 1e-6) * _FRAME, 3)
    exact = math.floor(until * 1000 + 1e-6) / 1000
    ended = []
    for cue in some:
        if cue.end > frame:
            cue = dataclasses.replace(cue, end=frame if frame > cue.start else exact)
        if cue.start < cue.end:  # else its words would be heard after the sound's end: broken timings
            ended.append(cue)
    return ended
