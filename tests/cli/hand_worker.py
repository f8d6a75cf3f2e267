"""A worker in a thread of the test: it claims every job's first step and ends it as it was told to."""

from __future__ import annotations

import io
import threading
from typing import Literal

import numpy as np
import soundfile
from sqlalchemy import select

from jobs.progress import report
from jobs.queues import StepQueue
from store import Store
from store.tables import JobRow, StepRow
from tests.api.running import fail_job, finish_job, start_step


def tone(seconds: float, format: str = "WAV") -> bytes:
    """A real sound file of a 440 Hz tone at 24 kHz."""
    out = io.BytesIO()
    times = np.arange(round(seconds * 24_000)) / 24_000
    soundfile.write(out, 0.3 * np.sin(2 * np.pi * 440 * times), 24_000, format=format)
    return out.getvalue()


class HandWorker(threading.Thread):
    """`ending` says how jobs end; "never" leaves them running at half. `files` replaces what they make."""

    def __init__(self, store: Store, queue: StepQueue, owner_id: int):
        super().__init__(daemon=True)
        self.ending: Literal["well", "badly", "never"] = "well"
        self.files: dict[str, tuple[str, bytes]] | None = None
        self._store, self._queue, self._owner_id = store, queue, owner_id
        self._stopping = threading.Event()

    def stop(self) -> None:
        self._stopping.set()
        self.join()

    def run(self) -> None:
        query = select(StepRow.job_id, StepRow.kind).join(JobRow, JobRow.id == StepRow.job_id)
        query = query.where(StepRow.status == "ready", JobRow.owner_id == self._owner_id)
        while not self._stopping.wait(0.05):
            with self._store.reads.begin() as session:
                ready = session.execute(query).all()
            for job_id, kind in ready:
                self._do(job_id, "video" if kind == "script" else "speech")

    def _do(self, job_id: str, kind: str) -> None:
        if self.ending == "badly":
            fail_job(self._store, self._queue, job_id, "passage_too_long", "One sentence is too long. Break it in two.")
        elif self.ending == "never":
            report(self._store, start_step(self._store, job_id), 0.5, "Halfway through")
        else:
            finish_job(self._store, self._queue, job_id, self.files or _made(kind))


def _made(kind: str) -> dict[str, tuple[str, bytes]]:
    if kind == "speech":
        sound = tone(0.5)
        return {f"speech.{format}": (f"audio/{format}", sound) for format in ("wav", "mp3", "opus", "flac")}
    return {
        "video.mp4": ("video/mp4", b"\x00\x00\x00\x18ftypmp42" + bytes(5000)),
        "subtitles.srt": ("application/x-subrip", "1\n00:00:00,000 --> 00:00:01,000\nXin chào\n".encode()),
        "subtitles.vtt": ("text/vtt", b"WEBVTT\n"),
        "credits.json": ("application/json", b"[]"),
    }
