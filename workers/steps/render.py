"""render: one scene becomes a film of its own, in motion and with its subtitles."""

from __future__ import annotations

from jobs.model import Outcome
from pipeline.subtitles.cues import Cue, cues, rules_for
from pipeline.subtitles.files import write_ass
from pipeline.video.motion import motion_for
from pipeline.video.rendering import render_scene
from pipeline.video.sizes import FPS, Size, frame_size
from workers.addresses import address
from workers.steps.illustrate import read_illustration
from workers.steps.narrate import read_narration
from workers.steps.script import read_script
from workers.work import Work


def run(work: Work) -> Outcome:
    """Publish segment.mp4: as many frames as the scene's narration is long, without sound."""
    request, number = work.claim.request, work.claim.params["scene"]
    picture, sound = work.address(f"illustrate:{number}"), work.address(f"narrate:{number}")
    size = frame_size(request["resolution"], request["aspect"])
    scene = read_script(work).scenes[number]
    # The title is shown over one's own pictures, of which the picture's address knows nothing.
    place = address("segment", picture=picture, sound=sound, size=size, subtitles=request["subtitles"], title=scene.title)
    files = work.store.files
    if not files.has(place):
        shown = read_illustration(work, number)
        frames = work.claim.inputs[f"narrate:{number}"]["summary"]["frames"]
        title = scene.title if shown.kind == "image" else None
        with files.scratch() as scratch:
            overlay = scratch / "overlay.ass" if request["subtitles"] or title else None
            if overlay is not None:
                write_ass(_cues(work, number, scene.narration, size), size, overlay, title=title)
            render_scene(
                shown.path,
                frames,
                size,
                motion_for(picture, frames / FPS, shown.kind),
                overlay,
                scratch / "segment.mp4",
                cancelled=work.cancelled,
                progress=lambda fraction: work.report(fraction, "Rendering"),
            )
            files.publish(place, {"segment.mp4": scratch / "segment.mp4"})
    return Outcome(place)


def _cues(work: Work, number: int, text: str, size: Size) -> list[Cue]:
    """What is burned in as subtitles: nothing where the job wants none."""
    if not work.claim.request["subtitles"]:
        return []
    narration = read_narration(work, number)
    return cues(text, narration.words, narration.sentences, rules_for(size), until=narration.duration)
