"""Writes sound as wav, mp3, opus or flac: whole or not at all.

wav and flac by libsndfile; mp3 and opus by ffmpeg, whose bit rates can be set and whose files say how many samples the
encoder added, so that players cut them off again.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import soundfile

from pipeline.errors import ToolFailed

MEDIA_TYPES: dict[str, str] = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "flac": "audio/flac",
}
#: LAME turns everything down to 95 percent to be safe from clipping (measured); the levels here leave room already.
_LAME_TURNED_UP = "volume=1/0.95:precision=float"
#: Bit rates for mono speech: above what listeners can tell from the original at 24 kHz.
_FFMPEG: dict[str, tuple[str, ...]] = {
    "mp3": ("-c:a", "libmp3lame", "-b:a", "96k", "-af", _LAME_TURNED_UP, "-f", "mp3", "-id3v2_version", "3"),
    "opus": ("-c:a", "libopus", "-b:a", "48k", "-application", "audio", "-f", "ogg"),
}
_OPUS_RATES = (8000, 12000, 16000, 24000, 48000)
_TAGS = ("title", "artist", "album", "date", "comment", "copyright", "genre")


def encode(samples: np.ndarray, rate: int, format: str, path: Path, tags: Mapping[str, str] | None = None) -> None:
    """Write mono float32 [samples] to `path`; what lies outside -1..1 is clipped.

    format: one of MEDIA_TYPES. tags: title, artist, album, date, comment, copyright, genre. The file appears by rename;
    on failure nothing is left and a file that stood there before is untouched.
    Raises ValueError for an unknown format or tag or for sound that is not mono, ToolFailed when the encoder fails.
    """
    if format not in MEDIA_TYPES:
        raise ValueError(f"unknown audio format {format!r}; choose one of {', '.join(MEDIA_TYPES)}")
    if samples.ndim != 1:
        raise ValueError(f"mono sound [samples] is needed, not shape {samples.shape}")
    unknown = sorted(set(tags or {}) - set(_TAGS))
    if unknown:
        raise ValueError(f"unknown tags: {', '.join(unknown)}; there are {', '.join(_TAGS)}")
    sound = np.clip(samples, -1.0, 1.0).astype(np.float32, copy=False)
    with _whole_or_nothing(Path(path)) as temporary:
        if format in _FFMPEG:
            _by_ffmpeg(sound, rate, format, temporary, tags or {})
        else:
            _by_soundfile(sound, rate, format, temporary, tags or {})


@contextlib.contextmanager
def _whole_or_nothing(path: Path) -> Iterator[Path]:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _by_soundfile(sound: np.ndarray, rate: int, format: str, path: Path, tags: Mapping[str, str]) -> None:
    try:
        with soundfile.SoundFile(path, "w", rate, 1, "PCM_16", format=format.upper()) as file:
            for name, value in tags.items():
                setattr(file, name, value)
            file.write(sound)
    except soundfile.LibsndfileError as error:
        raise ToolFailed(f"the {format} file could not be written: {error}") from error


def _by_ffmpeg(sound: np.ndarray, rate: int, format: str, path: Path, tags: Mapping[str, str]) -> None:
    resampled = ("-ar", "48000") if format == "opus" and rate not in _OPUS_RATES else ()
    said = subprocess.run(
        [
            imageio_ffmpeg.get_ffmpeg_exe(),
            *("-hide_banner", "-nostats", "-loglevel", "error", "-y"),
            *("-f", "f32le", "-ar", str(rate), "-ac", "1", "-i", "pipe:0", "-map_metadata", "-1"),
            *(word for name, value in tags.items() for word in ("-metadata", f"{name}={value}")),
            *resampled,
            *_FFMPEG[format],
            str(path),
        ],
        input=np.ascontiguousarray(sound, dtype="<f4").data.cast("B"),
        capture_output=True,
        check=False,
    )
    if said.returncode != 0:
        raise ToolFailed(f"ffmpeg could not write the {format} file: {said.stderr.decode('utf-8', 'replace')[-500:].strip()}")
