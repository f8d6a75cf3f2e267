"""plan: the text of a speech job is normalised and split into passages; groups of them become steps."""

from __future__ import annotations

import dataclasses
import json

from jobs.model import NewStep, Outcome
from pipeline.speech.model import Passage, Span
from workers.addresses import address
from workers.passages import passages_of
from workers.work import Work

#: Passages a step: enough to fill a batch, few enough that a killed worker loses little and others can help.
GROUP = 16


def run(work: Work) -> Outcome:
    """Publish passages.json, and lay out a `speak` step for every group and the `join` behind them."""
    request = work.claim.request
    text = work.store.files.path(request["input"], "text.txt").read_text("utf-8")
    passages = passages_of(text, request["language"], request["speed"])
    plan = address("plan", input=request["input"], language=request["language"], slowed=min(1.0, request["speed"]))
    work.store.files.publish(plan, {"passages.json": json.dumps([dataclasses.asdict(p) for p in passages]).encode()})
    firsts = range(0, len(passages), GROUP)
    speaking = tuple(
        NewStep(
            f"speak:{number}",
            "speak",
            "speech",
            after=("plan",),
            params={"first": first, "last": min(first + GROUP, len(passages))},
            weight=float(sum(len(p.spoken) for p in passages[first : first + GROUP])),
        )
        for number, first in enumerate(firsts)
    )
    weight = 0.1 * sum(step.weight for step in speaking)
    join = NewStep("join", "join", "default", after=("plan", *(step.name for step in speaking)), weight=weight)
    return Outcome(plan, {"passages": len(passages)}, new_steps=(*speaking, join))


def read_passages(work: Work) -> list[Passage]:
    """The passages that `plan` has laid out."""
    return [
        Passage(**{**passage, "spans": tuple(Span(**span) for span in passage["spans"])})
        for passage in json.loads(work.output("plan", "passages.json"))
    ]
