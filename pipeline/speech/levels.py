"""Brings a narration to the loudness of speech (EBU R128): one gain for the whole, and a limiter for its highest peaks."""

from __future__ import annotations

import dataclasses
import math
import re
import subprocess

import imageio_ffmpeg
import numpy as np

from pipeline.errors import ToolFailed
from pipeline.speech.limiter import limited

#: Integrated loudness of speech on one channel, in LUFS: -16 from the two loudspeakers that play it, as podcasts have it.
TARGET_LOUDNESS = -19.0
#: The true peak stays at or below this, in dBTP.
HIGHEST_PEAK = -1.0
#: A peak is held down by no more than this, in dB. What still is too quiet then has clicks, or is no speech.
MOST_LIMITED = 6.0
#: Quieter than this is taken for silence and left alone, in LUFS (the gate of R128).
_GATE = -70.0
#: No more gain than this, in dB: what is still too quiet then is noise.
_MOST_GAIN = 40.0
#: Seconds of silence behind what is measured.
_TAIL = 0.01
_LOUDNESS = re.compile(r"I:\s+(-?[\d.]+|-?inf|nan) LUFS")
_PEAK = re.compile(r"Peak:\s+(-?[\d.]+|-?inf|nan) dBFS")


@dataclasses.dataclass(frozen=True)
class Loudness:
    """integrated: LUFS, peak: true peak in dBTP; minus infinity for silence."""

    integrated: float
    peak: float


def measure(samples: np.ndarray, rate: int) -> Loudness:
    """Loudness of mono float32 [samples], by ffmpeg's ebur128. Raises ToolFailed."""
    if len(samples) == 0:
        return Loudness(-math.inf, -math.inf)
    # ebur128 gates in blocks of 0.4 s and never looks at the peaks of the last samples. The gate takes the padding out again.
    padding = max(_TAIL, 0.5 - len(samples) / rate)
    said = subprocess.run(
        [
            imageio_ffmpeg.get_ffmpeg_exe(),
            *("-hide_banner", "-nostats", "-f", "f32le", "-ar", str(rate), "-ac", "1", "-i", "pipe:0"),
            *("-af", f"apad=pad_dur={padding:.4f},ebur128=peak=true:framelog=quiet", "-f", "null", "-"),
        ],
        input=np.ascontiguousarray(samples, dtype="<f4").data.cast("B"),
        capture_output=True,
        check=False,
    )
    report = said.stderr.decode("utf-8", "replace")
    integrated, peak = _LOUDNESS.findall(report), _PEAK.findall(report)
    if said.returncode != 0 or not integrated or not peak:
        raise ToolFailed(f"ffmpeg could not measure the loudness: {report[-500:].strip()}")
    return Loudness(float(integrated[-1]), float(peak[-1]))


def level(samples: np.ndarray, rate: int, target: float = TARGET_LOUDNESS) -> np.ndarray:
    """`samples` at `target` LUFS, or as near below it as peaks allow that are held to -1 dBTP. Silence stays silence."""
    found = measure(samples, rate)
    if not math.isfinite(found.peak) or not found.integrated > _GATE:
        return samples.astype(np.float32, copy=True)
    room, wanted = HIGHEST_PEAK - found.peak, min(target - found.integrated, _MOST_GAIN)
    if wanted > room:
        samples = limited(samples, rate, min(wanted, room + MOST_LIMITED), HIGHEST_PEAK)
        found = measure(samples, rate)
        room, wanted = HIGHEST_PEAK - found.peak, target - found.integrated
    return (samples * np.float32(10 ** (min(wanted, room) / 20))).astype(np.float32, copy=False)
