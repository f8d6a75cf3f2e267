"""join: the passages of a speech job become one sound file, with its timings and subtitles."""

from __future__ import annotations

import json

from jobs.model import Outcome
from pipeline.speech.encoding import MEDIA_TYPES, encode
from pipeline.speech.joining import join
from pipeline.speech.levels import level
from pipeline.subtitles.cues import cues
from pipeline.subtitles.files import srt_text, vtt_text
from workers.addresses import address
from workers.passages import read_sound, require_sound
from workers.results import TEXT_TYPES, results
from workers.steps.plan import read_passages
from workers.work import Work


def run(work: Work) -> Outcome:
    """Publish speech.<format>, speech.srt, speech.vtt and timings.json."""
    request, files = work.claim.request, work.store.files
    passages = read_passages(work)
    groups = sorted((name for name in work.claim.inputs if name.startswith("speak:")), key=lambda name: int(name.split(":")[1]))
    entries = [entry for name in groups for entry in work.claim.inputs[name]["summary"]["entries"]]
    place = address("speech", passages=entries, plan=work.address("plan"), format=request["format"])
    sound_file = f"speech.{request['format']}"
    if not files.has(place):
        text = files.path(request["input"], "text.txt").read_text("utf-8")
        narration = join(text, passages, [read_sound(files, entry) for entry in entries])
        require_sound(narration.samples)
        work.report(0.5, "Encoding")
        work.stop_if_cancelled()
        shown = cues(text, narration.words, narration.sentences, until=narration.duration)
        with files.scratch() as scratch:
            encode(level(narration.samples, narration.rate), narration.rate, request["format"], scratch / sound_file)
            texts = {
                "speech.srt": srt_text(shown),
                "speech.vtt": vtt_text(shown),
                "timings.json": json.dumps(narration.timings_to_json(), ensure_ascii=False),
            }
            files.publish(place, {sound_file: scratch / sound_file, **{name: text.encode() for name, text in texts.items()}})
    types = {sound_file: MEDIA_TYPES[request["format"]], **{f"speech.{kind}": TEXT_TYPES[kind] for kind in ("srt", "vtt")}}
    return Outcome(place, files=results(files, place, {**types, "timings.json": TEXT_TYPES["json"]}))
