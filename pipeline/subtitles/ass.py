"""The look of burned-in subtitles, in Advanced SubStation Alpha as libass draws it."""

from __future__ import annotations

from collections.abc import Sequence

import pysubs2

from pipeline.subtitles.cues import Cue
from pipeline.video import fonts
from pipeline.video.sizes import Size

#: Size of the letters (the em) over the frame's shorter side.
_EM_WIDE, _EM_TALL = 0.047, 0.056
#: Distance of the lowest line from the lower edge, over the frame's height: within the area safe for titles, and in
#: upright films above what phones lay over the picture.
_LIFT_WIDE, _LIFT_TALL = 0.062, 0.15
#: The title of a scene that shows a photograph: how long it stays, and its fades, in seconds.
_TITLE_STAYS, _TITLE_FADES = 4.0, 0.4
_BOX = pysubs2.Color(10, 12, 18, 58)
_WHITE = pysubs2.Color(255, 255, 255, 0)


def ass_text(cues: Sequence[Cue], size: Size, title: str | None = None) -> str:
    """A whole ASS file for a frame of `size`; sizes in it are pixels of that frame."""
    film = pysubs2.SSAFile()
    # The matrix is named so that libass mixes colours for BT.709.
    film.info = {
        "ScriptType": "v4.00+",
        "PlayResX": str(size[0]),
        "PlayResY": str(size[1]),
        "WrapStyle": "0",
        "ScaledBorderAndShadow": "yes",
        "YCbCr Matrix": "TV.709",
    }
    film.styles = {"Subtitle": _subtitle_style(size), "Title": _title_style(size)}
    if title:
        fade = round(1000 * _TITLE_FADES)
        shown = f"{{\\fad({fade},{fade})}}{escaped(title)}"
        film.append(pysubs2.SSAEvent(start=200, end=round(200 + 1000 * _TITLE_STAYS), style="Title", text=shown))
    for cue in cues:
        start, end = round(cue.start * 1000), round(cue.end * 1000)
        text = r"\N".join(escaped(line) for line in cue.lines)
        film.append(pysubs2.SSAEvent(start=start, end=end, style="Subtitle", text=text))
    return film.to_string("ass")


def escaped(line: str) -> str:
    """Text that ASS shows as it is. A backslash has no escape there: an invisible joiner keeps it from meaning anything."""
    kept = line.replace("\\", "\\\u2060").replace("{", r"\{").replace("}", r"\}")
    return kept.replace("\n", r"\N")


def _subtitle_style(size: Size) -> pysubs2.SSAStyle:
    wide = size[0] > size[1]
    em = min(size) * (_EM_WIDE if wide else _EM_TALL)
    return pysubs2.SSAStyle(
        fontname=fonts.FAMILY,
        fontsize=round(em * fonts.LINE_HEIGHT, 1),
        bold=True,
        primarycolor=_WHITE,
        outlinecolor=_BOX,
        backcolor=_BOX,
        borderstyle=4,  # libass: one box behind all lines, as far beyond them as the shadow is deep
        outline=round(em * 0.035, 1),
        shadow=round(em * 0.30, 1),
        alignment=pysubs2.Alignment.BOTTOM_CENTER,
        marginl=round(size[0] * 0.05),
        marginr=round(size[0] * 0.05),
        marginv=round(size[1] * (_LIFT_WIDE if wide else _LIFT_TALL)),
    )


def _title_style(size: Size) -> pysubs2.SSAStyle:
    wide = size[0] > size[1]
    em = min(size) * (0.042 if wide else 0.05)
    return pysubs2.SSAStyle(
        fontname=fonts.FAMILY,
        fontsize=round(em * fonts.LINE_HEIGHT, 1),
        bold=True,
        primarycolor=_WHITE,
        outlinecolor=_BOX,
        backcolor=_BOX,
        borderstyle=4,
        outline=0,
        shadow=round(em * 0.45, 1),
        alignment=pysubs2.Alignment.TOP_LEFT,
        marginl=round(size[0] * 0.06),
        marginr=round(size[0] * 0.25 if wide else size[0] * 0.06),
        marginv=round(size[1] * 0.08),
    )
