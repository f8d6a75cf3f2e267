"""A job's progress as server-sent events.

Each stream keeps one thread of the server, so their number and their length are bounded; a browser's EventSource, as
well as any client that asks again, goes on where it was, because every event is the whole progress document.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from flask import Response

from api.context import Context, context
from api.job_view import ENDED
from api.limits import too_many_streams
from jobs import progress
from jobs.model import JobView

#: How many streams one process sends at once.
MAX_STREAMS = 16
#: Seconds after which a stream ends though its job goes on; the client asks again.
LONGEST_SECONDS = 600.0
#: Seconds between two looks at the progress.
LOOK_SECONDS = 0.5
#: Seconds of silence after which a comment is sent, so that nobody on the way thinks the connection dead.
HEARTBEAT_SECONDS = 10.0


def event_stream(job: JobView) -> Response:
    """The stream of `job`. Raises ApiError too_many_streams."""
    room = context()
    if not room.streams.acquire(blocking=False):
        raise too_many_streams(MAX_STREAMS)
    response = Response(_events(room, job.id), mimetype="text/event-stream")
    response.call_on_close(room.streams.release)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # nginx would hold the events back
    return response


def _events(room: Context, job_id: str) -> Iterator[str]:
    yield "retry: 2000\n\n"
    began = said_at = time.monotonic()
    said = None
    while time.monotonic() - began < LONGEST_SECONDS:
        document = progress.read(room.store, job_id)
        if not document:
            return  # the job was deleted
        if document != said:
            said, said_at = document, time.monotonic()
            yield f"event: progress\ndata: {json.dumps(document)}\n\n"
        if document["status"] in ENDED:
            yield f"event: ended\ndata: {json.dumps({'status': document['status']})}\n\n"
            return
        if time.monotonic() - said_at >= HEARTBEAT_SECONDS:
            said_at = time.monotonic()
            yield ": still here\n\n"
        time.sleep(LOOK_SECONDS)
