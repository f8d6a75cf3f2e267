"""script: a document becomes a script, and every scene its steps."""

from __future__ import annotations

import json

from jobs.model import NewStep, Outcome
from pipeline.documents.model import Document
from pipeline.script.extractive import ExtractiveWriter
from pipeline.script.model import Script
from workers.addresses import address
from workers.work import Work

#: Work of drawing and encoding a scene, in the unit of speaking one character of it.
RENDER_WEIGHT = 0.7


def run(work: Work) -> Outcome:
    """Publish script.json, and lay out narrate, illustrate and render for every scene, and the assembly."""
    request = work.claim.request
    place = address("script", input=request["input"], language=request["language"])
    if not work.store.files.has(place):
        document = Document.from_json(json.loads(work.store.files.path(request["input"], "document.json").read_bytes()))
        written = ExtractiveWriter().write(document, request["language"])
        work.store.files.publish(place, {"script.json": json.dumps(written.to_json(), ensure_ascii=False, indent=1).encode()})
    script = Script.from_json(json.loads(work.store.files.path(place, "script.json").read_bytes()))
    return Outcome(place, {"scenes": len(script.scenes)}, new_steps=_steps(script))


def _steps(script: Script) -> tuple[NewStep, ...]:
    steps: list[NewStep] = []
    for number, scene in enumerate(script.scenes):
        params, size = {"scene": number}, float(len(scene.narration))
        steps += [
            NewStep(f"narrate:{number}", "narrate", "speech", after=("script",), params=params, weight=size),
            NewStep(f"illustrate:{number}", "illustrate", "default", after=("script",), params=params, weight=size * 0.02),
            NewStep(
                f"render:{number}",
                "render",
                "render",
                after=("script", f"narrate:{number}", f"illustrate:{number}"),
                params=params,
                weight=size * RENDER_WEIGHT,
            ),
        ]
    total = sum(step.weight for step in steps)
    everything = ("script", *(step.name for step in steps))
    return (*steps, NewStep("assemble", "assemble", "render", after=everything, weight=total * 0.05))


def read_script(work: Work) -> Script:
    """The script of this job."""
    return Script.from_json(json.loads(work.output("script", "script.json")))
