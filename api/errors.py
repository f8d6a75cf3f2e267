"""Every error the API answers with, and the one shape they all have.

    {"error": {"code": "...", "message": "...", "request_id": "...", "fields": {...}}}

`code` is stable and meant for programs, `message` is a sentence that says what to do next. `fields` is there only where
single fields of the request are wrong. docs/api.md lists every code (a test keeps it so).
"""

from __future__ import annotations

import errno
import logging
import traceback
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, g, jsonify
from flask_limiter import RateLimitExceeded
from gunicorn.http.errors import ParseException
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import BadRequest, HTTPException

from pipeline.errors import PipelineError

log = logging.getLogger(__name__)

#: HTTP status of each code. Those that only reading an input raises (pipeline) and that are not listed here answer 422.
STATUS_OF_CODE = {
    "body_broken": 400,
    "key_missing": 401,
    "key_invalid": 401,
    "not_found": 404,
    "job_not_found": 404,
    "file_not_found": 404,
    "image_folder_missing": 404,
    "method_not_allowed": 405,
    "job_already_ended": 409,
    "idempotency_key_reused": 409,
    "job_files_expired": 410,
    "too_large": 413,
    "document_too_large": 413,
    "image_too_large": 413,
    "unsupported_media_type": 415,
    "unsupported_type": 415,
    "image_unsupported": 415,
    "range_not_satisfiable": 416,
    "invalid_request": 422,
    "nothing_to_speak": 422,
    "voice_unknown": 422,
    "images_too_many": 422,
    "image_folder_disabled": 422,
    "image_folder_outside": 422,
    "rate_limited": 429,
    "too_many_streams": 429,
    "internal_error": 500,
    "database_unavailable": 503,
    "serving_unavailable": 503,
    "storage_full": 507,
}

#: What an error raised by Flask or Werkzeug itself (wrong path, wrong method ...) is called, and what its reader can do.
_OF_STATUS = {
    400: ("body_broken", "The request could not be read. Check its body, its headers and its encoding, and send it again."),
    404: ("not_found", "There is nothing at this address. See /v1/openapi.json for the addresses there are."),
    405: ("method_not_allowed", "This address does not take this method. The Allow header names the methods it takes."),
    413: ("too_large", "The request is larger than this server takes. Send a smaller document or fewer images."),
    415: ("unsupported_media_type", "Send application/json or multipart/form-data, and say so in the Content-Type header."),
    416: ("range_not_satisfiable", "The range lies outside the file. Content-Range tells the file's size."),
    500: ("internal_error", "Something went wrong on our side. Try again; if it stays, tell the operator the request_id."),
}


class ApiError(Exception):
    """An answer with an error. `headers` are added to the response."""

    def __init__(
        self, code: str, message: str, *, fields: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ):
        super().__init__(message)
        self.code = code
        self.status = STATUS_OF_CODE[code]
        self.fields = fields
        self.headers = dict(headers or {})


def invalid_fields(fields: Mapping[str, Any]) -> ApiError:
    """The error for a request whose fields are wrong: `fields` maps each wrong field to what is wrong with it."""
    names = ", ".join(sorted(str(name) for name in fields))
    return ApiError("invalid_request", f"The request has mistakes in: {names}. Correct them and send it again.", fields=fields)


def answer(code: str, message: str, status: int, fields: Mapping[str, Any] | None = None) -> Response:
    """The response for an error, in the shape that all errors have."""
    error: dict[str, Any] = {"code": code, "message": message, "request_id": g.get("request_id")}
    if fields:
        error["fields"] = fields
    response = jsonify({"error": error})
    response.status_code = status
    return response


def _api_error(error: ApiError) -> Response:
    response = answer(error.code, str(error), error.status, error.fields)
    response.headers.extend(error.headers)
    return response


def _bad_input(error: PipelineError) -> Response:
    return answer(error.code, str(error), STATUS_OF_CODE.get(error.code, 422))


def _rate_limited(error: RateLimitExceeded) -> Response:
    message = f"Too many requests: the limit is {error.limit.limit}. Wait as long as Retry-After says, then go on."
    return answer("rate_limited", message, 429)


def http_exception(error: HTTPException) -> Response:
    """The answer to an error of Flask, Werkzeug or webargs."""
    data = getattr(error, "data", None) or {}
    if error.code == 422 and "messages" in data:
        # webargs hands over {"query": {field: [...]}}; the reader knows the fields, not where webargs found them.
        return _api_error(invalid_fields({k: v for found in data["messages"].values() for k, v in found.items()}))
    status = error.code or 500
    code, message = _OF_STATUS.get(status, _OF_STATUS[400] if status < 500 else _OF_STATUS[500])
    response = answer(code, message, status)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _database_away(error: OperationalError) -> Response:
    log.error("the database does not answer", extra={"error": type(error.orig).__name__})
    message = "The database does not answer. Try again in a few seconds; if it stays, tell the operator."
    response = answer("database_unavailable", message, 503)
    response.headers["Retry-After"] = "5"
    return response


def _unexpected(error: Exception) -> Response:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        log.error("the disk is full", extra={"errno": error.errno})
        return answer(
            "storage_full", "The server's disk is full, so nothing was taken in. Tell the operator, then try again.", 507
        )
    # The message may hold what the user sent, so only its type and where it came from are logged.
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("request failed unexpectedly", extra={"error": type(error).__name__, "where": where})
    return answer(*_OF_STATUS[500], 500)


def register(app: Flask) -> None:
    """Make every error of `app` answer in the one shape."""
    app.register_error_handler(ApiError, _api_error)
    app.register_error_handler(PipelineError, _bad_input)
    app.register_error_handler(RateLimitExceeded, _rate_limited)
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(ParseException, lambda error: http_exception(BadRequest()))  # a body in broken chunks
    app.register_error_handler(HTTPException, http_exception)
    app.register_error_handler(Exception, _unexpected)
