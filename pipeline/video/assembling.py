"""The film: scenes one behind the other by stream copy, with the narration beside them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pipeline.video.atomic import whole_file
from pipeline.video.ffmpeg import Ffmpeg
from pipeline.video.sizes import FPS

#: Speech in one channel needs no more, in bits a second.
_AUDIO_BITS = "128k"
#: What every player takes, in Hz; the narration is brought to it.
_AUDIO_RATE = "48000"
#: Streams name their language by ISO 639-2, jobs by ISO 639-1.
_LANGUAGES = {"vi": "vie", "en": "eng"}


def assemble(
    segments: Sequence[Path],
    narration: Path,
    out: Path,
    *,
    title: str = "",
    metadata: Mapping[str, str] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Write the film `out` (mp4, H.264 as rendered, AAC), ready for the web: its index comes first.

    segments: what `render_scene` wrote, in order, all of one size. narration: a sound file as long as all of them
    together. metadata: further tags by name, such as "comment"; "language" ("vi", "en") is said of both streams.
    Raises Cancelled, ToolFailed.
    """
    if not segments:
        raise ValueError("A film has at least one scene.")
    tags = {"title": title, **(metadata or {})}
    with whole_file(out) as partial, tempfile.TemporaryDirectory(prefix="film-") as name:
        folder = Path(name)
        _lay_out(folder, segments, narration)
        with Ffmpeg([*_arguments(tags), str(partial)], folder, cancelled) as ffmpeg:
            ffmpeg.finish()


def _lay_out(folder: Path, segments: Sequence[Path], narration: Path) -> None:
    """Links under plain names: lists of files and arguments then need no quoting, whatever the files are called."""
    lines = ["ffconcat version 1.0"]
    for number, segment in enumerate(segments):
        link = f"scene{number:05d}.mp4"
        (folder / link).symlink_to(segment.resolve())
        lines.append(f"file {link}")
    (folder / "scenes.ffconcat").write_text("\n".join(lines) + "\n")
    (folder / "narration").symlink_to(narration.resolve())


def _arguments(tags: Mapping[str, str]) -> list[str]:
    sources = ["-f", "concat", "-i", "scenes.ffconcat", "-i", "narration"]
    video = ["-map", "0:v:0", "-c:v", "copy", "-video_track_timescale", str(FPS * 512)]
    audio = ["-map", "1:a:0", "-c:a", "aac", "-b:a", _AUDIO_BITS, "-ar", _AUDIO_RATE]
    language = _LANGUAGES.get(tags.get("language", ""), "und")
    spoken = [word for stream in "va" for word in (f"-metadata:s:{stream}:0", f"language={language}")]
    others = {name: value for name, value in tags.items() if name != "language" and value}
    described = [word for name, value in others.items() for word in ("-metadata", f"{name}={value}")]
    return [*sources, *video, *audio, "-map_metadata", "-1", *described, *spoken, "-movflags", "+faststart", "-f", "mp4"]
