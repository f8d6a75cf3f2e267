"""What every view works with: made once by the app factory, found through the application."""

from __future__ import annotations

import dataclasses
import threading
from typing import cast

from flask import current_app

from api.voices import VoiceList
from jobs.queues import StepQueue
from settings import Settings
from store import Store


@dataclasses.dataclass(frozen=True)
class Context:
    """The rooms behind this door. `streams` counts the event streams that may still be opened."""

    settings: Settings
    store: Store
    queue: StepQueue
    voices: VoiceList
    streams: threading.BoundedSemaphore


def context() -> Context:
    """The context of the application that works on the current request."""
    return cast(Context, current_app.extensions["voxreel"])
