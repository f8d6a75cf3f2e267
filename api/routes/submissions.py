"""Taking work in: POST /v1/speech and POST /v1/videos."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from flask import Response, g, jsonify, url_for
from flask_smorest import Blueprint

from api import inputs
from api.auth import caller
from api.bodies import Body, load, read_body
from api.context import context
from api.idempotency import earlier_job, idempotency, key_reused
from api.job_view import show
from api.request_log import note
from api.schemas.requests import SpeechForm, SpeechRequest, VideoForm, VideoRequest, body_of
from api.schemas.responses import JobSchema
from jobs import progress
from jobs.errors import IdempotencyConflict
from jobs.model import JobView, NewJob, NewStep, Priority
from jobs.submit import submit
from pipeline import documents
from pipeline.script.extractive import ExtractiveWriter
from pipeline.speech.language import detect_language
from store.files import address_of

blueprint = Blueprint("submissions", __name__, url_prefix="/v1", description="Taking work in")

_PARAMETERS = [
    {
        "in": "header",
        "name": "Idempotency-Key",
        "schema": {"type": "string", "minLength": 1, "maxLength": 200},
        "description": "Name this submission, so that sending it again gives the same job instead of a second one.",
    }
]


@blueprint.route("/speech", methods=["POST"])
@blueprint.doc(requestBody=body_of(SpeechRequest, SpeechForm), parameters=_PARAMETERS)
@blueprint.response(202, JobSchema, description="The job was taken in; Location tells where it is.")
def submit_speech() -> Response:
    """Speak a text or a document."""
    room = context()
    body = _read({"document": 1})
    fields = load(SpeechRequest(), body)
    key = idempotency("speech", fields, inputs.digests(body))
    earlier = earlier_job(room.store, caller().id, key)
    if earlier is not None:
        return _accepted(earlier, created=False)
    document = inputs.read_input(body, fields, room.settings)
    # A text sent as such is spoken as it stands, so that its timings lie on what the client has.
    text = fields["text"] if "text" in fields else documents.spoken_text(document)
    request = _speaking(fields, text)
    request["format"] = fields["format"]
    request["input"] = _keep({"text.txt": text.encode()})
    return _submit("speech", NewStep("plan", "plan", "default"), inputs.title_of(document, text), request, key)


@blueprint.route("/videos", methods=["POST"])
@blueprint.doc(requestBody=body_of(VideoRequest, VideoForm), parameters=_PARAMETERS)
@blueprint.response(202, JobSchema, description="The job was taken in; Location tells where it is.")
def submit_video() -> Response:
    """Make a narrated, subtitled video of a text or a document."""
    room = context()
    body = _read({"document": 1, "images": room.settings.max_images})
    fields = load(VideoRequest(), body)
    key = idempotency("video", fields, inputs.digests(body))
    earlier = earlier_job(room.store, caller().id, key)
    if earlier is not None:
        return _accepted(earlier, created=False)
    document = inputs.read_input(body, fields, room.settings)
    text = documents.spoken_text(document)
    request = _speaking(fields, text)
    folder = fields["image_folder"]
    request["image_folder"] = inputs.check_folder(folder, room.settings) if folder is not None else None
    pictures = inputs.read_pictures(body)
    # Written here for its errors alone: what cannot become a film is told at once. The worker writes it for good.
    ExtractiveWriter().write(document, request["language"])
    request |= {name: fields[name] for name in ("resolution", "aspect", "subtitles")}
    request["images"] = {"address": _keep(pictures), "names": list(pictures)} if pictures else None
    request["input"] = _keep({"document.json": json.dumps(document.to_json(), ensure_ascii=False).encode()})
    return _submit("video", NewStep("script", "script", "default"), inputs.title_of(document, text), request, key)


def _read(max_files: dict[str, int]) -> Body:
    # JSON may spend twelve bytes on a character (two escapes of half a surrogate pair); more is no text that we take.
    return read_body(12 * context().settings.max_characters + 65_536, max_files)


def _speaking(fields: dict[str, Any], text: str) -> dict[str, Any]:
    """The part of a job's request that both kinds share. Raises ApiError nothing_to_speak or voice_unknown."""
    # By the text alone: what a PDF says of its language is often only what its author's program was set to.
    language = fields["language"] or detect_language(text)
    inputs.require_words(text, language)
    context().voices.check(fields["voice"])
    return {"voice": fields["voice"], "language": language, "speed": fields["speed"], "seed": fields["seed"]}


def _keep(files: dict[str, bytes]) -> str:
    """Publish `files` in the store; the address they lie at."""
    contents = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    address = address_of("input", files=contents)
    context().store.files.publish(address, files)
    return address


def _submit(kind: Any, step: NewStep, title: str, request: dict[str, Any], key: tuple[str, str] | None) -> Response:
    room = context()
    # Somebody may wait for a sentence; a film takes minutes anyway.
    priority: Priority = "high" if kind == "speech" else "low"
    new_job = NewJob(kind=kind, owner_id=caller().id, title=title, request=request, steps=(step,), priority=priority)
    try:
        job, created = submit(room.store, room.queue, new_job, key, request_id=g.request_id)
    except IdempotencyConflict:  # another request with this key came in while we read the input
        raise key_reused() from None
    return _accepted(job, created)


def _accepted(job: JobView, created: bool) -> Response:
    note(job_id=job.id)
    response = jsonify(JobSchema().dump(show(job, progress.read(context().store, job.id))))
    response.status_code = 202
    response.headers["Location"] = url_for("jobs.get_job", job_id=job.id)
    if not created:
        response.headers["Idempotency-Replayed"] = "true"
    return response
