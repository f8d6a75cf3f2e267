"""What each kind of step does. A step's function takes its Work and returns the Outcome to record.

Speech: plan -> speak (one a group of passages) -> join.
Video: script -> per scene narrate and illustrate -> render -> assemble.
"""

from __future__ import annotations

from collections.abc import Callable

from jobs.model import Outcome
from workers.steps import assemble, illustrate, join, narrate, plan, render, script, speak
from workers.work import Work

STEPS: dict[str, Callable[[Work], Outcome]] = {
    "plan": plan.run,
    "speak": speak.run,
    "join": join.run,
    "script": script.run,
    "narrate": narrate.run,
    "illustrate": illustrate.run,
    "render": render.run,
    "assemble": assemble.run,
}
