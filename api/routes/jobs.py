"""Watching, fetching and cancelling jobs."""

from __future__ import annotations

import mimetypes
import re
from typing import Any

from flask import Response, jsonify, request, send_file
from flask_smorest import Blueprint
from marshmallow import RAISE
from sqlalchemy.exc import DataError

import logs
from api.auth import owner
from api.context import context
from api.errors import ApiError, invalid_fields
from api.events import event_stream
from api.job_view import show
from api.request_log import note
from api.schemas.requests import FileQuery, JobsQuery
from api.schemas.responses import JobSchema, JobsPage
from jobs import progress, views
from jobs.cancel import cancel
from jobs.errors import BadCursor
from jobs.model import JobView, ResultFile
from store.errors import MissingFile

blueprint = Blueprint("jobs", __name__, url_prefix="/v1/jobs", description="Watching, fetching and cancelling jobs")

_JOB_ID = re.compile(r"[0-9a-f]{32}")


def _visible(job_id: str) -> JobView:
    """The job, if the caller may see it. To all others it does not exist."""
    job = views.get(context().store, job_id, owner()) if _JOB_ID.fullmatch(job_id) else None
    if job is None:
        raise ApiError("job_not_found", "There is no such job, or it belongs to another key. GET /v1/jobs lists yours.")
    note(job_id=job.id)
    return job


def _shown(job: JobView) -> Response:
    return jsonify(JobSchema().dump(show(job, progress.read(context().store, job.id))))


@blueprint.route("", methods=["GET"])
@blueprint.arguments(JobsQuery, location="query", unknown=RAISE)
@blueprint.response(200, JobsPage)
def list_jobs(query: dict[str, Any]) -> dict[str, Any]:
    """List jobs, the newest first."""
    try:
        jobs, next_cursor = views.list_jobs(context().store, owner(), **query)
    except (BadCursor, OverflowError, DataError):  # a forged one may hold a time or an id that no database knows
        raise invalid_fields({"cursor": ["Is none that this server gave. Take next_cursor of the page before."]}) from None
    return {"jobs": [show(job) for job in jobs], "next_cursor": next_cursor}


@blueprint.route("/<string:job_id>", methods=["GET"])
@blueprint.response(200, JobSchema)
@blueprint.alt_response(304, description="Nothing changed since the answer with the ETag in If-None-Match.")
def get_job(job_id: str) -> Response:
    """How a job is doing, with its progress and its files. Send the last ETag in If-None-Match to poll cheaply."""
    response = _shown(_visible(job_id))
    response.add_etag()
    response.make_conditional(request)
    return response


@blueprint.route("/<string:job_id>", methods=["DELETE"])
@blueprint.response(200, JobSchema)
def cancel_job(job_id: str) -> Response:
    """Cancel a job. Cancelling a cancelled one again is harmless; one that ended otherwise answers 409."""
    job = _visible(job_id)
    with logs.bound(job_id=job.id):
        cancelled = cancel(context().store, job.id) or job
    if cancelled.status != "cancelled":
        raise ApiError("job_already_ended", f"The job has already {cancelled.status}; there is nothing left to cancel.")
    return _shown(cancelled)


@blueprint.route("/<string:job_id>/events", methods=["GET"])
@blueprint.doc(
    responses={"200": {"description": "Events of the type `progress`, then one `ended`.", "content": {"text/event-stream": {}}}}
)
def get_events(job_id: str) -> Response:
    """Follow a job: a stream of server-sent events that ends when the job does."""
    return event_stream(_visible(job_id))


@blueprint.route("/<string:job_id>/files/<string:name>", methods=["GET"])
@blueprint.arguments(FileQuery, location="query", unknown=RAISE)
@blueprint.doc(responses={"200": {"description": "The file.", "content": {"*/*": {}}}, "206": {"description": "A part of it."}})
def get_file(query: dict[str, Any], job_id: str, name: str) -> Response:
    """Fetch a file that a job made, whole or, with a Range header, in part."""
    job = _visible(job_id)
    found = next((file for file in job.files if file.name == name), None)
    if found is None:
        raise ApiError("file_not_found", f"The job ({job.status}) has no such file. GET /v1/jobs/{job.id} lists its files.")
    return _send(found, query["download"])


def _send(file: ResultFile, download: bool) -> Response:
    try:
        path = context().store.files.path(file.address, file.entry)
    except MissingFile:
        raise ApiError("job_files_expired", "This file is no longer kept. Submit the job again to make it anew.") from None
    if "," in request.headers.get("Range", ""):
        # Several ranges at once are optional in HTTP and nobody here needs them: the whole file is a right answer.
        del request.environ["HTTP_RANGE"]
    response = send_file(
        path,
        mimetype=file.media_type or mimetypes.guess_type(file.name)[0],
        as_attachment=download,
        download_name=file.name,
        conditional=True,
        etag=file.address,
        last_modified=None,
    )
    response.headers["Cache-Control"] = "private, no-cache"
    return response
