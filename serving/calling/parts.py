"""What comes back from serving: a passage, or the passages of a stream one after the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import msgpack
import numpy as np
import requests

from serving.calling.errors import SpeechError, error_for, worth_repeating

MSGPACK = "application/msgpack"
#: Bytes of one passage of a stream, at most; about 11 minutes.
MAX_BYTES = 64 * 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Heard:
    """What an aligner heard of a passage. score: part of the text's phones that were heard in their place, 0 to 1. skipped:
    characters [start, end) of each word that was not. extra: first and last second of each stretch of words that are not in
    the text, such as repeated ones."""

    score: float
    skipped: tuple[tuple[int, int], ...]
    extra: tuple[tuple[float, float], ...]


@dataclasses.dataclass(frozen=True)
class Speech:
    """A spoken passage. samples: float32 mono in -1..1, [n]. character_ends: seconds, one for each character of the text
    that was sent. timing: how they are known, "aligned" (heard), "laid" (as the model was told) or "proportional" (shared out
    by syllables). frames: mel frames spoken; batch: passages spoken with it. take, seed: which of the takes this is, counted
    from 0, and the seed it was spoken with. heard: None where nobody asked, or nothing was there to listen."""

    samples: np.ndarray
    rate: int
    character_ends: tuple[float, ...]
    timing: str
    frames: int
    batch: int
    take: int
    seed: int
    heard: Heard | None = None


def speech_of(fields: dict[str, Any]) -> Speech:
    """Raises KeyError, ValueError, TypeError where it is none."""
    heard = fields["heard"]
    return Speech(
        samples=np.frombuffer(fields["samples"], dtype="<f4").astype(np.float32),
        rate=int(fields["rate"]),
        character_ends=tuple(fields["character_ends"]),
        timing=str(fields["timing"]),
        frames=int(fields["frames"]),
        batch=int(fields["batch"]),
        take=int(fields["take"]),
        seed=int(fields["seed"]),
        heard=_heard_of(heard) if heard is not None else None,
    )


def _heard_of(fields: dict[str, Any]) -> Heard:
    skipped, extra = (tuple(tuple(pair) for pair in fields[name]) for name in ("skipped", "extra"))
    return Heard(float(fields["score"]), skipped, extra)


def parts(answer: requests.Response) -> Iterator[Speech | SpeechError]:
    """The passages of a stream as they come, errors of single ones among them.

    Raises SpeechError where a passage failed for a reason that passes: it and those after it are to be asked for again.
    """
    unpacker = msgpack.Unpacker(max_buffer_size=MAX_BYTES)
    for chunk in answer.iter_content(chunk_size=None):
        unpacker.feed(chunk)
        for fields in unpacker:
            yield _part(fields)


def _part(fields: dict[str, Any]) -> Speech | SpeechError:
    if "error" not in fields:
        return speech_of(fields)
    told = fields["error"]
    error = error_for(int(told["status"]), str(told["code"]), str(told["message"]))
    if worth_repeating(error):
        raise error
    return error
