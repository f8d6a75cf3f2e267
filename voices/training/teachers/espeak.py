"""Vietnamese from espeak-ng (GPL-3; the program is run, none of it is kept): the one teacher of that language there is."""

from __future__ import annotations

import dataclasses
import io
import shutil
import subprocess

import numpy as np
import soundfile
from scipy import signal

RATE = 24_000


class EspeakMissing(RuntimeError):
    """espeak-ng is not installed."""


@dataclasses.dataclass(frozen=True)
class Speaker:
    """voice: dialect and variant. pace: words a minute. pitch: 0 to 99, 50 as the variant has it."""

    voice: str
    pace: int = 165
    pitch: int = 50


#: Female and male, northern and southern.
SPEAKERS = {
    "vi_female": Speaker("vi+f2"),
    "vi_male": Speaker("vi+m3", pitch=45),
    "vi_north_1": Speaker("vi", pace=170),
    "vi_north_2": Speaker("vi+f4", pace=160, pitch=55),
    "vi_north_3": Speaker("vi+Andy", pace=160),
    "vi_north_4": Speaker("vi+Annie", pace=175),
    "vi_south_1": Speaker("vi-vn-x-south+f3", pace=165),
    "vi_south_2": Speaker("vi-vn-x-south+m1", pace=160),
    "vi_south_3": Speaker("vi-vn-x-south+f5", pace=170, pitch=60),
    "vi_south_4": Speaker("vi-vn-x-south+m7", pace=175, pitch=40),
}


class Teacher:
    def __init__(self) -> None:
        program = shutil.which("espeak-ng")
        if program is None:
            raise EspeakMissing("espeak-ng is missing. Install it: apt-get install espeak-ng")
        self._program = program

    def speak(self, text: str, speaker: str) -> np.ndarray:
        """Returns float32 [samples] at 24 kHz."""
        who = SPEAKERS[speaker]
        command = [self._program, "-v", who.voice, "-s", str(who.pace), "-p", str(who.pitch), "--stdout", "--", text]
        wave = subprocess.run(command, capture_output=True, check=True).stdout
        samples, rate = soundfile.read(io.BytesIO(wave), dtype="float32")
        return signal.resample_poly(samples, RATE, rate).astype(np.float32)
