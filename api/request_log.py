"""Request ids, and one line of JSON in the log for each request.

A client may name its request with X-Request-Id; otherwise it gets a name here. Every line logged while the request is
worked on bears it, and so does every step of the job it leads to. Neither query strings nor keys nor bodies are logged.
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Iterable
from typing import Any

from flask import Flask, Response, g, request

import logs

log = logging.getLogger("api.access")

#: Key of the WSGI environment where facts for the request's log line are gathered.
FACTS = "voxreel.facts"

_SANE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def note(**facts: str | int) -> None:
    """Add `facts` (job_id, key_id ...) to the log line of the request being worked on."""
    request.environ[FACTS].update(facts)


class RequestLog:
    """WSGI middleware around the Flask application. It stands outermost, so that a request that breaks Flask is logged too."""

    def __init__(self, application: Any):
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        offered = environ.get("HTTP_X_REQUEST_ID", "")
        request_id = offered if _SANE_ID.fullmatch(offered) else uuid.uuid4().hex
        facts: dict[str, Any] = {"request_id": request_id, "method": environ.get("REQUEST_METHOD", ""), "path": "unknown"}
        environ[FACTS] = facts
        began = time.perf_counter()

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            facts["status"] = int(status.split(" ", 1)[0])
            facts["ms"] = round((time.perf_counter() - began) * 1000, 1)
            return start_response(status, [*headers, ("X-Request-Id", request_id)], exc_info)

        with logs.bound(request_id=request_id):
            body = self.application(environ, start)
            # The body is handed on as it is: only so can the server send a file without copying it through Python.
            log.info("request", extra=facts)
            return body


def _remember_request() -> None:
    facts = request.environ[FACTS]
    g.request_id = facts["request_id"]
    if request.url_rule is not None:
        facts["path"] = request.url_rule.rule


def _harden(response: Response) -> Response:
    """Headers that keep a browser from doing anything with an answer but show it to who asked for it."""
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    if "Cache-Control" not in response.headers or response.status_code >= 400:
        response.headers["Cache-Control"] = "no-store"
    return response


def register(app: Flask) -> None:
    """Name and log every request of `app`."""
    app.before_request(_remember_request)
    app.after_request(_harden)
    app.wsgi_app = RequestLog(app.wsgi_app)  # type: ignore[method-assign]
