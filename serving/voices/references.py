"""Reading the files of one voice: a wave in whatever form it was recorded, and the text that is spoken in it.

The model hears the wave from its first sample to its last and takes text and pace from it, so both must fit: silence at
the ends is cut off, a reference that is too long is cut together with its text, and what cannot be mended is refused.
"""

from __future__ import annotations

import dataclasses
import io
import json
import logging
from typing import Any

import numpy as np
import soundfile
import soxr

from serving.characters import well_formed
from serving.errors import VoiceUnusable
from serving.layouts import pace
from serving.voices import excerpt, silence

#: Seconds of a reference. Below, a voice cannot be heard; above, it costs time and room, and models were not trained so.
SHORTEST, LONGEST = 1.0, 12.0
#: Seconds of a recording above which no place is looked for at which to cut it.
HEARD = 600.0
#: Seconds of silence left at its ends.
HEAD, TAIL = 0.05, 0.08
#: Levels (RMS) below which a wave is silent, and below which its noise will be heard.
SILENT, QUIET = 1e-4, 5e-3
#: Part of the samples at full scale above which a recording is clipped.
CLIPPED = 1e-3
#: Times full scale up to which a wave in floating point is turned down. Beyond, it is no sound in -1..1 at all.
BEYOND = 2.0
#: Characters of text for a second of the wave above which nobody can have said them: the fastest say about 50.
DENSEST = 200
#: Decibels that speech should lie above the noise.
CLEAN = 20.0

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Reference:
    """samples: float32 mono at the rate asked for, [n]. syllable_seconds: of speech, a syllable of the text (pace.py)."""

    language: str
    text: str
    samples: np.ndarray
    syllable_seconds: float


def read(name: str, wave: bytes, about: bytes, rate: int) -> Reference:
    """The reference in the contents of <name>.wav and <name>.json, at `rate` samples a second. Raises VoiceUnusable."""
    fields = _fields(name, about)
    try:
        samples, own_rate = soundfile.read(io.BytesIO(wave), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise _no_sound(name, error) from error
    _check(name, samples, len(samples) / own_rate, fields["text"].strip())
    mono = _within_full_scale(samples.mean(axis=1))
    if own_rate != rate:
        mono = soxr.resample(mono, own_rate, rate, quality="VHQ").astype(np.float32)
    if _level(mono) < SILENT:
        raise VoiceUnusable(name, "is silent. Record it again.")
    first, last = silence.trim(mono, rate, HEAD, TAIL)
    mono, text = _bounded(name, mono[first:last], rate, fields["text"].strip())
    _warn(name, mono, rate)
    return Reference(fields["language"], text, mono, _pace(name, mono, rate, text, fields.get("rate")))


def language(name: str, wave: bytes, about: bytes) -> str:
    """The language of a voice, if its files can be read as far as that takes. Raises VoiceUnusable."""
    fields = _fields(name, about)
    try:
        soundfile.info(io.BytesIO(wave))
    except soundfile.LibsndfileError as error:
        raise _no_sound(name, error) from error
    return fields["language"]


def _fields(name: str, about: bytes) -> dict[str, Any]:
    """The fields of a .json, checked."""
    try:
        fields = json.loads(about)
        wrong = not all(isinstance(fields[field], str) and well_formed(fields[field]) for field in ("text", "language"))
        rate = fields.get("rate", pace.USUAL)
        wrong |= not isinstance(rate, int | float) or not pace.SLOWEST <= rate <= pace.FASTEST
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        wrong = True
    if wrong:
        raise VoiceUnusable(
            name,
            'has a .json that cannot be used. It must be {"text": "what is said", "language": "vi"}, and may have "rate",'
            f" {pace.SLOWEST:g} to {pace.FASTEST:g} syllables a second.",
        )
    return fields


def _no_sound(name: str, error: soundfile.LibsndfileError) -> VoiceUnusable:
    return VoiceUnusable(name, f"has a .wav that cannot be read ({error.error_string.rstrip('.')}). Export or copy it again.")


def _check(name: str, samples: np.ndarray, seconds: float, text: str) -> None:
    """samples: as recorded, [n, channels]. Raises VoiceUnusable."""
    if not np.isfinite(samples).all():
        raise VoiceUnusable(name, "has samples that are no numbers. Export its wave again.")
    peak = np.abs(samples).max(initial=0.0)
    if peak > BEYOND:
        raise VoiceUnusable(name, f"has samples beyond full scale, up to {peak:.3g} times it. Export its wave as 16-bit PCM.")
    if _level(samples.mean(axis=1)) < SILENT <= _level(samples):
        raise VoiceUnusable(name, "has channels that cancel each other out. Export one of them alone, as mono.")
    if seconds > HEARD:
        raise VoiceUnusable(name, f"is {seconds:.0f} s long. Cut its wave to 5 to 10 s, and its text to what is then said.")
    if pace.weigh(text[: round(DENSEST * seconds)]).spoken == 0:
        raise VoiceUnusable(name, "has no text. Write into its .json what is said in the wave.")
    if len(text) > DENSEST * seconds:
        raise VoiceUnusable(
            name,
            f"has a text of {len(text)} characters, which nobody can say in {seconds:.1f} s. Write into its .json what is said"
            " in the wave, and no more.",
        )


def _level(samples: np.ndarray) -> float:
    """RMS."""
    return float(np.sqrt(np.mean(np.square(samples)))) if samples.size else 0.0


def _within_full_scale(samples: np.ndarray) -> np.ndarray:
    """Speech comes back at the level of its reference, so what is louder than full scale would be cut off in it."""
    return samples / max(1.0, float(np.abs(samples).max(initial=0.0)))


def _bounded(name: str, samples: np.ndarray, rate: int, text: str) -> tuple[np.ndarray, str]:
    """Wave and text of at most LONGEST seconds. Raises VoiceUnusable."""
    seconds = len(samples) / rate
    if seconds < SHORTEST:
        raise VoiceUnusable(name, f"has {seconds:.1f} s of speech; at least {SHORTEST:g} s are needed, 5 to 10 s are best.")
    if seconds <= LONGEST:
        return samples, text
    cut = excerpt.find(samples, rate, text, LONGEST - TAIL)
    if cut is None:
        raise VoiceUnusable(
            name,
            f"is {seconds:.1f} s long, at most {LONGEST:g} s can be used, and no pause in it agrees with a sentence end of"
            " its text. Cut the wave to 5 to 10 s and shorten the text in its .json to what is then said.",
        )
    logger.info("a reference was cut at a sentence end", extra={"voice": name, "seconds": round(cut.seconds, 2)})
    return samples[: round((cut.seconds + TAIL) * rate)], text[: cut.characters]


def _warn(name: str, samples: np.ndarray, rate: int) -> None:
    """Say what will be heard in everything that the voice speaks."""
    decibels = silence.levels(samples, rate)
    loud, noise = np.percentile(decibels, 95), np.percentile(decibels, 2)
    if np.mean(np.abs(samples) > 0.999) > CLIPPED:
        logger.warning("the voice %s is clipped: its loudest samples are cut off. Record it at a lower level.", name)
    if np.sqrt(np.mean(samples**2)) < QUIET:
        logger.warning("the voice %s is very quiet, so its noise will be loud. Record it nearer to the microphone.", name)
    if loud - noise < CLEAN:
        logger.warning("in the voice %s noise lies only %.0f dB below the speech. Record it elsewhere.", name, loud - noise)


def _pace(name: str, samples: np.ndarray, rate: int, text: str, stated: float | None) -> float:
    """Seconds a syllable. What nobody can have spoken so fast or so slowly was not spoken: then the usual pace is taken."""
    if stated is not None:
        return 1 / stated
    seconds = silence.spoken_seconds(samples, rate)
    if pace.plausible(seconds, text):
        return seconds / pace.weigh(text).spoken
    logger.warning(
        "the text of the voice %s seems not to be what is said in its wave: %.1f syllables in %.1f s. It speaks at the usual"
        " %.1f a second; correct the text, or set `rate` in its .json.",
        *(name, pace.weigh(text).spoken, seconds, pace.USUAL),
    )
    return 1 / pace.USUAL
