"""Holds peaks down while a narration is made louder: ffmpeg's look-ahead limiter, on samples four times as dense.

A peak between two samples counts as well (ITU-R BS.1770-5, annex 2), so the limiter has to see it.
"""

from __future__ import annotations

import subprocess

import imageio_ffmpeg
import numpy as np

from pipeline.errors import ToolFailed

#: How much denser the samples are that the limiter sees; BS.1770 wants four times for 48 kHz.
_DENSER = 4
#: Milliseconds in which the gain falls ahead of a peak, and comes back after it: within a syllable.
_ATTACK, _RELEASE = 5, 50
#: A filter that leaves all below 11 kHz of 24 kHz speech as it is; the default takes 4 dB at 11 kHz away.
_RESAMPLER = "filter_size=128:cutoff=0.99"
#: Seconds of silence behind the sound, which resampling loses instead of the sound's end.
_TAIL = 0.01


def limited(samples: np.ndarray, rate: int, gain: float, ceiling: float) -> np.ndarray:
    """Mono float32 [samples] made louder by `gain` dB, with true peaks held at `ceiling` dBTP (-24 to 0); nothing is moved in
    time. Resampling back may leave a peak some tenths of a dB above. Raises ToolFailed.
    """
    filters = (
        f"volume={gain:.4f}dB:precision=float",
        f"apad=pad_dur={_TAIL}",
        f"aresample={_DENSER * rate}:{_RESAMPLER}",
        f"alimiter=limit={10 ** (ceiling / 20):.6f}:attack={_ATTACK}:release={_RELEASE}:level=disabled:latency=1",
        f"aresample={rate}:{_RESAMPLER}",
    )
    sound = ("-f", "f32le", "-ar", str(rate), "-ac", "1")
    said = subprocess.run(
        [
            imageio_ffmpeg.get_ffmpeg_exe(),
            *("-hide_banner", "-nostats", "-loglevel", "error", *sound, "-i", "pipe:0"),
            *("-af", ",".join(filters), *sound, "pipe:1"),
        ],
        input=np.ascontiguousarray(samples, dtype="<f4").data.cast("B"),
        capture_output=True,
        check=False,
    )
    made = np.frombuffer(said.stdout, "<f4") if len(said.stdout) % 4 == 0 else np.empty(0, "<f4")
    if said.returncode != 0 or len(made) < len(samples):
        raise ToolFailed(f"ffmpeg could not limit the peaks: {said.stderr.decode('utf-8', 'replace')[-500:].strip()}")
    return made[: len(samples)]
