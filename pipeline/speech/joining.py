"""Joins the sounds of all passages into one narration and says when each sentence and word is heard."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from pipeline.speech.model import TIMINGS, Narration, Passage, SentenceTiming, Sound
from pipeline.speech.words import word_timings

#: Silence kept at either end of a passage's sound, in seconds; what is more is cut off.
KEPT_SILENCE = 0.06
#: A passage fades in and out over this many seconds, so that no seam clicks.
FADE = 0.005
#: Quieter than this part of the passage's peak is silence (-54 dB).
_SILENCE = 0.002


def join(text: str, passages: Sequence[Passage], sounds: Sequence[Sound], *, pause_scale: float = 1.0) -> Narration:
    """One narration from the passages of `text` and the sound of each.

    Silence around a passage beyond 60 ms is cut off; pauses between passages are theirs times `pause_scale`. Word times
    are those of the sounds' `character_ends`.
    Raises ValueError when the sounds do not fit the passages: their number, differing rates, not mono, not finite.
    """
    rate = _checked_rate(passages, sounds)
    pieces: list[np.ndarray] = []
    starts: list[float] = []
    ends: list[float] = []
    character_times: list[np.ndarray] = []
    position = 0
    for passage, sound in zip(passages, sounds, strict=True):
        first, last = _bounds(sound)
        piece = _faded(sound.samples[first:last], rate)
        times = np.clip(np.asarray(sound.character_ends), first / rate, last / rate) - first / rate
        starts.append(position / rate)
        ends.append((position + len(piece)) / rate)
        character_times.append(np.maximum.accumulate(times) + position / rate)
        pause = np.zeros(round(passage.pause * pause_scale * rate), dtype=np.float32)
        pieces += [piece, pause]
        position += len(piece) + len(pause)
    words = [
        word
        for group in _by_sentence(passages)
        for word in word_timings(text, [(passages[i], starts[i], character_times[i]) for i in group])
    ]
    return Narration(
        samples=np.concatenate(pieces),
        rate=rate,
        sentences=tuple(_sentence_timings(text, passages, starts, ends, [sound.timing for sound in sounds])),
        words=tuple(words),
    )


def _checked_rate(passages: Sequence[Passage], sounds: Sequence[Sound]) -> int:
    if not passages or len(passages) != len(sounds):
        raise ValueError(f"{len(passages)} passages and {len(sounds)} sounds: there must be one sound a passage, at least one")
    rates = {sound.rate for sound in sounds}
    if len(rates) != 1:
        raise ValueError(f"sounds of different rates cannot be joined: {sorted(rates)} Hz")
    for number, (passage, sound) in enumerate(zip(passages, sounds, strict=True)):
        if sound.samples.ndim != 1:
            raise ValueError(f"the sound of passage {number} has shape {sound.samples.shape}; mono [samples] is needed")
        if not np.isfinite(sound.samples).all():
            raise ValueError(f"the sound of passage {number} holds values that are no numbers")
        if len(sound.character_ends) != len(passage.spoken):
            raise ValueError(
                f"passage {number} has {len(passage.spoken)} characters, its sound has times for {len(sound.character_ends)}"
            )
    return rates.pop()


def _bounds(sound: Sound) -> tuple[int, int]:
    """First and last sample to keep: what is heard, with a little silence around it."""
    loudness = np.abs(sound.samples)
    peak = float(loudness.max(initial=0.0))
    heard = np.flatnonzero(loudness > peak * _SILENCE)
    if len(heard) == 0:
        return 0, len(sound.samples)
    kept = round(KEPT_SILENCE * sound.rate)
    return max(0, int(heard[0]) - kept), min(len(sound.samples), int(heard[-1]) + 1 + kept)


def _faded(samples: np.ndarray, rate: int) -> np.ndarray:
    faded = samples.astype(np.float32, copy=True)
    length = min(round(FADE * rate), len(faded) // 2)
    if length:
        ramp = np.linspace(0.0, 1.0, length, dtype=np.float32)
        faded[:length] *= ramp
        faded[-length:] *= ramp[::-1]
    return faded


def _by_sentence(passages: Sequence[Passage]) -> Iterator[list[int]]:
    for _, group in itertools.groupby(range(len(passages)), key=lambda index: passages[index].sentence):
        yield list(group)


def _sentence_timings(
    text: str, passages: Sequence[Passage], starts: Sequence[float], ends: Sequence[float], timings: Sequence[str]
) -> Iterator[SentenceTiming]:
    for group in _by_sentence(passages):
        first, last = group[0], group[-1]
        offset = passages[first].start
        worst = max((timings[index] for index in group), key=TIMINGS.index)
        yield SentenceTiming(text[offset : passages[last].end], offset, starts[first], ends[last], worst)
