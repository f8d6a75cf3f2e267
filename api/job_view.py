"""How a job is shown: without the addresses inside the store, with URLs instead."""

from __future__ import annotations

from typing import Any

from flask import url_for

from jobs.model import JobView

#: What of a job's request its owner sent; the rest is how we keep it.
_SHOWN = ("voice", "language", "speed", "seed", "format", "resolution", "aspect", "subtitles", "image_folder")

ENDED = ("succeeded", "failed", "cancelled")


def show(job: JobView, progress: dict[str, Any] | None = None) -> dict[str, Any]:
    """The job as schemas.responses.JobSchema describes it. Lists leave `progress` out."""
    shown: dict[str, Any] = {
        "id": job.id,
        "kind": job.kind,
        "title": job.title,
        "status": job.status,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "request": {name: job.request[name] for name in _SHOWN if name in job.request},
        "error": job.error,
        "files": [
            {
                "name": file.name,
                "media_type": file.media_type,
                "size": file.size,
                "url": url_for("jobs.get_file", job_id=job.id, name=file.name),
            }
            for file in job.files
        ],
        "links": {"self": url_for("jobs.get_job", job_id=job.id), "events": url_for("jobs.get_events", job_id=job.id)},
    }
    if progress is not None:
        shown["progress"] = progress
    return shown
