"""Cues as files: SubRip (.srt) and WebVTT (.vtt) beside the film, ASS to be burned into it."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.subtitles.ass import ass_text
from pipeline.subtitles.cues import Cue
from pipeline.video.atomic import whole_file
from pipeline.video.sizes import Size


def srt_text(cues: Sequence[Cue]) -> str:
    """SubRip. It knows no escapes: an arrow of signs in the text, which would end a cue's head, becomes an arrow."""
    blocks = []
    for number, cue in enumerate(cues, 1):
        lines = "\n".join(line.replace("-->", "→") for line in cue.lines)
        blocks.append(f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{lines}\n")
    return "\n".join(blocks)


def vtt_text(cues: Sequence[Cue]) -> str:
    """WebVTT, with `&`, `<` and `>` escaped (W3C WebVTT, 4.2.2)."""
    blocks = ["WEBVTT\n"]
    for cue in cues:
        lines = "\n".join(html.escape(line, quote=False) for line in cue.lines)
        blocks.append(f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{lines}\n")
    return "\n".join(blocks)


def write_srt(cues: Sequence[Cue], out: Path) -> None:
    _write(srt_text, cues, out)


def write_vtt(cues: Sequence[Cue], out: Path) -> None:
    _write(vtt_text, cues, out)


def write_ass(cues: Sequence[Cue], size: Size, out: Path, *, title: str | None = None) -> None:
    """The file that `render_scene` burns in. title: shown for the first seconds, for scenes whose picture has none."""
    _write(lambda some: ass_text(some, size, title), cues, out)


def _write(writer: Callable[[Sequence[Cue]], str], cues: Sequence[Cue], out: Path) -> None:
    with whole_file(out) as partial:
        partial.write_text(writer(cues), encoding="utf-8", newline="\n")


def _clock(seconds: float, mark: str) -> str:
    """Hours, minutes, seconds and milliseconds; both formats want two digits of hours or more."""
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{milliseconds // 1000:02}{mark}{milliseconds % 1000:03}"
