"""The app factory: every room of the API put together."""

from __future__ import annotations

import threading

from flask import Flask, Response
from flask_smorest import Api
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from api import auth, bodies, errors, limits, request_log
from api.context import Context
from api.events import MAX_STREAMS
from api.routes import health, jobs, submissions, voices
from api.schemas.responses import ErrorSchema
from api.voices import VOICES_SECONDS, VoiceList
from jobs.queues import StepQueue, make_broker
from serving.client import SpeechClient
from settings import Settings
from store import Store, open_store
from version import VERSION

#: Where health is asked so often, and by machines without keys, that it is not limited.
_UNLIMITED = ("health.healthz", "health.readyz")
_SUBMISSIONS = ("submissions.submit_speech", "submissions.submit_video")


class _OpenApi(Api):
    """flask-smorest with our errors: in the description, and in the answers."""

    ERROR_SCHEMA = ErrorSchema

    def handle_http_exception(self, error: HTTPException) -> Response:
        return errors.http_exception(error)


def create_app(settings: Settings, store: Store | None = None, queue: StepQueue | None = None) -> Flask:
    """The API as a Flask application. Nothing is connected before the first request."""
    app = Flask("api", static_folder=None)
    app.request_class = bodies.Request
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.config |= {
        "MAX_CONTENT_LENGTH": settings.max_upload_bytes + bodies.FORM_OVERHEAD,
        # A field of a form is held in memory: four bytes of UTF-8 a character at most, and a little for the small fields.
        "MAX_FORM_MEMORY_SIZE": 4 * settings.max_characters + 65_536,
        "MAX_FORM_PARTS": settings.max_images + 32,
        "API_TITLE": "Voxreel",
        "API_VERSION": VERSION,
        "OPENAPI_VERSION": "3.0.3",
        "OPENAPI_URL_PREFIX": "/v1",
        "OPENAPI_JSON_PATH": "openapi.json",
        "API_SPEC_OPTIONS": {
            "security": [{"key": []}, {"bearer": []}],
            "components": {
                "securitySchemes": {
                    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                    "bearer": {"type": "http", "scheme": "bearer"},
                }
            },
        },
    }
    app.extensions["voxreel"] = Context(
        settings=settings,
        store=store or open_store(settings),
        queue=queue or StepQueue(make_broker(settings)),
        voices=VoiceList(SpeechClient(settings.serving_url, threads=1, read_timeout=VOICES_SECONDS, patience=0)),
        streams=threading.BoundedSemaphore(MAX_STREAMS),
    )
    request_log.register(app)
    api = _OpenApi(app)
    for room in (submissions, jobs, voices, health):
        api.register_blueprint(room.blueprint)
    errors.register(app)
    # In this order: who asks is found out, then counted, then refused if unknown, so that guessing keys is limited too.
    auth.register_identification(app)
    limits.register(app, settings, _SUBMISSIONS, _UNLIMITED)
    auth.register_requirement(app)
    if settings.trusted_proxies > 0:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app
