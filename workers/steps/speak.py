"""speak: one group of a speech job's passages is spoken."""

from __future__ import annotations

from jobs.model import Outcome
from workers.passages import speak
from workers.steps.plan import read_passages
from workers.work import Work


def run(work: Work) -> Outcome:
    """Speak the group's passages; each lies in the store under its own address."""
    first, last = work.claim.params["first"], work.claim.params["last"]
    return Outcome(None, {"entries": speak(work, read_passages(work)[first:last])})
