"""What a video file really holds."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import av


@dataclasses.dataclass(frozen=True)
class Stream:
    """kind: "video" or "audio". start, duration: seconds. frames: pictures of video, packets of audio.

    width, height, fps: 0 for audio. rate (Hz), channels: 0 for video.
    """

    kind: str
    codec: str
    start: float
    duration: float
    frames: int
    width: int = 0
    height: int = 0
    fps: float = 0.0
    rate: int = 0
    channels: int = 0


@dataclasses.dataclass(frozen=True)
class Probe:
    """A file's streams, its length in seconds, its tags, and whether the index precedes the media (mp4)."""

    streams: tuple[Stream, ...]
    duration: float
    tags: dict[str, str]
    faststart: bool

    @property
    def video(self) -> Stream:
        """The first video stream. Raises StopIteration where there is none."""
        return next(stream for stream in self.streams if stream.kind == "video")

    @property
    def audio(self) -> Stream:
        """The first audio stream. Raises StopIteration where there is none."""
        return next(stream for stream in self.streams if stream.kind == "audio")


def probe(path: Path) -> Probe:
    """Read the file's index; decodes nothing. Raises av.FFmpegError where it is no media file."""
    with av.open(str(path)) as container:
        streams = tuple(_stream(stream) for stream in container.streams if stream.type in ("video", "audio"))
        duration = (container.duration or 0) / av.time_base
        return Probe(streams, duration, dict(container.metadata), _is_faststart(path))


def _stream(stream: av.stream.Stream) -> Stream:
    base = float(stream.time_base or 0)
    start, duration = (stream.start_time or 0) * base, (stream.duration or 0) * base
    about = stream.codec_context
    if isinstance(stream, av.VideoStream):
        fps = float(stream.average_rate or 0)
        return Stream("video", about.name, start, duration, stream.frames, stream.width, stream.height, fps)
    channels, rate = getattr(about, "channels", 0), getattr(about, "sample_rate", 0)
    return Stream("audio", about.name, start, duration, stream.frames, rate=rate, channels=channels)


def _is_faststart(path: Path) -> bool:
    """Whether `moov` comes before `mdat` among the boxes of the file (ISO/IEC 14496-12, 4.2)."""
    with path.open("rb") as file:
        position, end = 0, path.stat().st_size
        while position + 8 <= end:
            file.seek(position)
            header = file.read(16)
            kind, size = header[4:8], int.from_bytes(header[:4], "big")
            if kind in (b"moov", b"mdat"):
                return kind == b"moov"
            if size == 1:  # The true size follows in eight bytes.
                size = int.from_bytes(header[8:16], "big")
            if size < 8:
                return False
            position += size
    return False
