"""assemble: the scenes become the film, with everything that lies beside it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from jobs.model import Outcome
from pipeline.script.model import Script
from pipeline.speech.encoding import encode
from pipeline.speech.levels import level
from pipeline.speech.model import Narration, Timing
from pipeline.subtitles.cues import Cue, cues, rules_for, shifted
from pipeline.subtitles.files import srt_text, vtt_text
from pipeline.video.assembling import assemble
from pipeline.video.sizes import frame_size
from pipeline.visuals.model import credits_to_json
from workers.addresses import address
from workers.passages import require_sound
from workers.results import TEXT_TYPES, results
from workers.steps.illustrate import read_illustration
from workers.steps.narrate import read_narration
from workers.steps.script import read_script
from workers.work import Work

#: What a film job gives, in the order shown.
RESULTS = {
    "video.mp4": "video/mp4",
    "narration.wav": "audio/wav",
    "subtitles.srt": TEXT_TYPES["srt"],
    "subtitles.vtt": TEXT_TYPES["vtt"],
    "credits.json": TEXT_TYPES["json"],
    "script.json": TEXT_TYPES["json"],
    "timings.json": TEXT_TYPES["json"],
}


def run(work: Work) -> Outcome:
    """Publish the film, its narration, subtitles, credits, script and timings."""
    script = read_script(work)
    numbers = range(len(script.scenes))
    segments = [work.address(f"render:{number}") for number in numbers]
    sounds = [work.address(f"narrate:{number}") for number in numbers]
    pictures = [work.address(f"illustrate:{number}") for number in numbers]
    place = address("film", script=work.address("script"), segments=segments, sounds=sounds, pictures=pictures)
    files = work.store.files
    if not files.has(place):
        narrations = [read_narration(work, number) for number in numbers]
        with files.scratch() as scratch:
            narration = _write_narration(narrations, scratch / "narration.wav")
            work.report(0.2, "Assembling")
            scenes = [files.path(segment, "segment.mp4") for segment in segments]
            tags = {"language": script.language}
            assemble(scenes, narration, scratch / "video.mp4", title=script.title, metadata=tags, cancelled=work.cancelled)
            texts = {name: text.encode() for name, text in _texts(work, script, narrations).items()}
            files.publish(place, {"video.mp4": scratch / "video.mp4", "narration.wav": narration, **texts})
    return Outcome(place, files=results(files, place, RESULTS))


def _write_narration(narrations: Sequence[Narration], out: Path) -> Path:
    """All scenes' sound as one, levelled as one, so that no scene is louder than another."""
    rate, samples = narrations[0].rate, np.concatenate([narration.samples for narration in narrations])
    require_sound(samples)
    encode(level(samples, rate), rate, "wav", out)
    return out


def _texts(work: Work, script: Script, narrations: Sequence[Narration]) -> dict[str, str]:
    size = frame_size(work.claim.request["resolution"], work.claim.request["aspect"])
    shown: list[Cue] = []
    for scene, narration, start in zip(script.scenes, narrations, _starts(narrations), strict=True):
        spoken = cues(scene.narration, narration.words, narration.sentences, rules_for(size), until=narration.duration)
        shown += shifted(spoken, start)
    credits = [read_illustration(work, number).credit for number in range(len(script.scenes))]
    return {
        "subtitles.srt": srt_text(shown),
        "subtitles.vtt": vtt_text(shown),
        "credits.json": json.dumps(credits_to_json(credits), ensure_ascii=False, indent=1),
        "script.json": json.dumps(script.to_json(), ensure_ascii=False, indent=1),
        "timings.json": json.dumps(_timings(script, narrations), ensure_ascii=False),
    }


def _timings(script: Script, narrations: Sequence[Narration]) -> dict:
    """When every sentence and word of the film is heard; offsets count within the narration of its scene."""

    def placed(scene: int, timings: Sequence[Timing], start: float) -> list[dict]:
        return [{"scene": scene, **dataclasses.asdict(t), "start": t.start + start, "end": t.end + start} for t in timings]

    scenes = list(zip(range(1, len(script.scenes) + 1), narrations, _starts(narrations), strict=True))
    return {
        "exact_words": all(narration.exact_words for narration in narrations),
        "sentences": [timing for number, narration, start in scenes for timing in placed(number, narration.sentences, start)],
        "words": [timing for number, narration, start in scenes for timing in placed(number, narration.words, start)],
    }


def _starts(narrations: Sequence[Narration]) -> Iterator[float]:
    start = 0.0
    for narration in narrations:
        yield start
        start += narration.duration
