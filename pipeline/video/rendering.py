"""One scene: a picture in slow motion with its subtitles burned in, as a film of its own without sound.

Segments are encoded with the same parameters, in closed groups of pictures with the same reordering, so that they can be
put one behind the other without encoding again.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pipeline.errors import Cancelled
from pipeline.video import fonts
from pipeline.video.atomic import whole_file
from pipeline.video.ffmpeg import Ffmpeg
from pipeline.video.motion import Motion
from pipeline.video.planes import Frame, darken, draw_view, load_planes
from pipeline.video.sizes import FPS, Size

#: Length of the fade from and to black, in frames; a short scene gets a quarter of its frames at most.
FADE = 9
#: Seconds between two calls of the progress callback.
_PROGRESS_PAUSE = 0.4
#: Chosen by measurement, see docs/video.md; so are two B-frames in fixed places and the coarser sub-pixel search.
PRESET, CRF = "veryfast", "20"


def render_scene(
    picture: Path,
    frames: int,
    size: Size,
    motion: Motion,
    subtitles: Path | None,
    out: Path,
    *,
    threads: int = 1,
    cancelled: Callable[[], bool] = lambda: False,
    progress: Callable[[float], None] = lambda fraction: None,
) -> None:
    """Write `out`, an mp4 of exactly `frames` frames at 25 a second, H.264, BT.709; it appears whole or not at all.

    picture: a file of the frame's aspect. subtitles: an ASS file whose times count from the scene's start, or None.
    threads: how many x264 may use. progress: called with 0..1, a few times a second at most.
    Raises Cancelled between two frames, ToolFailed when ffmpeg cannot go on.
    """
    if frames < 1:
        raise ValueError("A scene has at least one frame.")
    planes = load_planes(picture, size, min(motion.start.zoom, motion.end.zoom))
    frame = Frame(size)
    reporter = _throttled(progress)
    with whole_file(out) as partial, tempfile.TemporaryDirectory(prefix="scene-") as folder:
        arguments = _arguments(size, _lay_out(Path(folder), subtitles), threads, partial)
        with Ffmpeg(arguments, Path(folder), cancelled) as encoder:
            for number in range(frames):
                if cancelled():
                    raise Cancelled("The job was cancelled while its video was made.")
                draw_view(planes, motion.at(number / max(frames - 1, 1)), frame)
                light = _light(number, frames)
                if light < 1:
                    darken(frame, light)
                encoder.write(frame.bytes)
                reporter((number + 1) / frames)
            encoder.finish()
    progress(1.0)


def _lay_out(folder: Path, subtitles: Path | None) -> bool:
    """Put what the subtitle filter needs under plain names: filter arguments quote by rules of their own."""
    if subtitles is None:
        return False
    shutil.copyfile(subtitles, folder / "subtitles.ass")
    (folder / "fonts").symlink_to(fonts.FOLDER)
    return True


def _arguments(size: Size, burn: bool, threads: int, out: Path) -> list[str]:
    colour = ["-color_range", "tv", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
    source = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", f"{size[0]}x{size[1]}", "-framerate", str(FPS)]
    filters = ["-filter_threads", "1", "-vf", "ass=subtitles.ass:fontsdir=fonts"] if burn else []
    codec = ["-c:v", "libx264", "-preset", PRESET, "-crf", CRF, "-profile:v", "high", "-level", "4.1", "-threads", str(threads)]
    groups = ["-g", str(2 * FPS), "-bf", "2", "-b_strategy", "0", "-subq", "1", "-sc_threshold", "0", "-flags", "+cgop"]
    film = ["-chroma_sample_location", "left", "-video_track_timescale", str(FPS * 512), "-fps_mode", "cfr"]
    return [*source, *colour, "-i", "pipe:0", *filters, *codec, *groups, *colour, *film, "-f", "mp4", str(out)]


def _light(number: int, frames: int) -> float:
    """How bright frame `number` is: 1 but for the fades at both ends."""
    fade = min(FADE, frames // 4)
    if fade == 0:
        return 1.0
    nearest = min(number + 1, frames - number)
    return min(1.0, nearest / (fade + 1))


def _throttled(progress: Callable[[float], None]) -> Callable[[float], None]:
    last = time.monotonic()

    def report(fraction: float) -> None:
        nonlocal last
        if time.monotonic() - last >= _PROGRESS_PAUSE:
            last = time.monotonic()
            progress(fraction)

    return report
