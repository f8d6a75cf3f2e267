"""narrate: one scene of a film is spoken, and its sound brought to a whole number of frames."""

from __future__ import annotations

import dataclasses
import io
import json
import math
from typing import TypeVar

import numpy as np
import soundfile

from jobs.model import Outcome
from pipeline.speech.joining import join
from pipeline.speech.model import Narration, SentenceTiming, Timing
from pipeline.video.sizes import FPS
from workers.addresses import address
from workers.passages import passages_of, read_sound, speak
from workers.steps.script import read_script
from workers.work import Work

Placed = TypeVar("Placed", bound=Timing)
#: Seconds of quiet before and after a scene's words: the card is seen before it is told.
LEAD_IN, LEAD_OUT = 0.4, 0.6


def run(work: Work) -> Outcome:
    """Publish narration.wav, exactly as long as the scene's frames, and timings.json."""
    text = read_script(work).scenes[work.claim.params["scene"]].narration
    language = work.claim.request["language"]
    passages = passages_of(text, language, work.claim.request["speed"])
    entries = speak(work, passages)
    place = address("narration", passages=entries, text=text, language=language, lead=[LEAD_IN, LEAD_OUT])
    if not work.store.files.has(place):
        narration = join(text, passages, [read_sound(work.store.files, entry) for entry in entries])
        _publish(work, place, _fill_frames(narration))
    frames = json.loads(work.store.files.path(place, "timings.json").read_bytes())["frames"]
    return Outcome(place, {"entries": entries, "frames": frames})


def _fill_frames(narration: Narration) -> Narration:
    """The narration with its lead-in and lead-out, padded so that picture and sound are equally long to the sample."""
    rate = narration.rate
    if rate % FPS:
        raise ValueError(f"{rate} Hz does not divide into {FPS} frames a second")
    lead_in, lead_out = round(LEAD_IN * rate), round(LEAD_OUT * rate)
    frames = math.ceil((lead_in + len(narration.samples) + lead_out) / (rate // FPS))
    samples = np.zeros(frames * (rate // FPS), dtype=np.float32)
    samples[lead_in : lead_in + len(narration.samples)] = narration.samples
    shift = lead_in / rate
    return dataclasses.replace(
        narration,
        samples=samples,
        sentences=tuple(_shifted(sentence, shift) for sentence in narration.sentences),
        words=tuple(_shifted(word, shift) for word in narration.words),
    )


def _shifted(timing: Placed, by: float) -> Placed:
    return dataclasses.replace(timing, start=timing.start + by, end=timing.end + by)


def _publish(work: Work, place: str, narration: Narration) -> None:
    wave = io.BytesIO()
    soundfile.write(wave, narration.samples, narration.rate, format="WAV", subtype="FLOAT")
    timings = {**narration.timings_to_json(), "frames": len(narration.samples) * FPS // narration.rate}
    work.store.files.publish(place, {"narration.wav": wave.getvalue(), "timings.json": json.dumps(timings).encode()})


def read_narration(work: Work, scene: int) -> Narration:
    """A scene's narration, from the store."""
    step = f"narrate:{scene}"
    timings = json.loads(work.output(step, "timings.json"))
    samples, rate = soundfile.read(work.store.files.path(work.address(step), "narration.wav"), dtype="float32")
    return Narration(
        samples,
        rate,
        tuple(SentenceTiming(**timing) for timing in timings["sentences"]),
        tuple(Timing(**timing) for timing in timings["words"]),
    )
