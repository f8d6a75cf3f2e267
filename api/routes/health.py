"""Whether this process lives (/healthz), and whether all it needs is there (/readyz)."""

from __future__ import annotations

import concurrent.futures
import logging
from collections.abc import Callable
from typing import Any

import redis
import requests
import sqlalchemy
from flask import Response, jsonify
from flask_smorest import Blueprint

from api.context import Context, context
from api.schemas.responses import ReadinessSchema

log = logging.getLogger(__name__)

#: Seconds that each check may take.
CHECK_SECONDS = 2.0

blueprint = Blueprint("health", __name__, description="Whether the server is well")

_checkers = concurrent.futures.ThreadPoolExecutor(max_workers=8, thread_name_prefix="readiness")


@blueprint.route("/healthz", methods=["GET"])
@blueprint.doc(security=[])
@blueprint.response(200)
def healthz() -> dict[str, str]:
    """Whether this process lives. It asks nobody else, so a restart is the right answer to a failure."""
    return {"status": "alive"}


@blueprint.route("/readyz", methods=["GET"])
@blueprint.doc(security=[])
@blueprint.response(200, ReadinessSchema)
@blueprint.alt_response(503, schema=ReadinessSchema, description="Something is not ready; `checks` names it.")
def readyz() -> Response:
    """Whether the database, Redis, the queue and the voices can be reached."""
    room = context()
    running = {name: _checkers.submit(check, room) for name, (check, _) in _CHECKS.items()}
    concurrent.futures.wait(running.values(), timeout=CHECK_SECONDS)
    checks: dict[str, Any] = {}
    for name, future in running.items():
        ready = future.done() and future.exception() is None
        checks[name] = {"ready": ready, "message": None if ready else _CHECKS[name][1]}
        if not ready:
            reason = type(future.exception()).__name__ if future.done() else "timeout"
            log.warning("not ready", extra={"check": name, "reason": reason})
            future.cancel()
    ready = all(check["ready"] for check in checks.values())
    response = jsonify(ReadinessSchema().dump({"ready": ready, "checks": checks}))
    response.status_code = 200 if ready else 503
    return response


def _database(room: Context) -> None:
    with room.store.reads.begin() as session:
        session.execute(sqlalchemy.text("SELECT 1 FROM jobs LIMIT 1"))


def _redis(room: Context) -> None:
    _ping(room.settings.redis_url)


def _queue(room: Context) -> None:
    _ping(room.settings.broker_redis_url)


def _ping(url: str) -> None:
    with redis.Redis.from_url(url, socket_connect_timeout=CHECK_SECONDS, socket_timeout=CHECK_SECONDS) as client:
        client.ping()


def _serving(room: Context) -> None:
    requests.get(f"{room.settings.serving_url}/healthz", timeout=CHECK_SECONDS).raise_for_status()


_CHECKS: dict[str, tuple[Callable[[Context], None], str]] = {
    "database": (
        _database,
        "The database does not answer, or was not migrated. Check DATABASE_URL and run `python -m store.migrate`.",
    ),
    "redis": (_redis, "Redis does not answer. Check REDIS_URL and that Redis runs."),
    "queue": (_queue, "The Redis of the queues does not answer. Check BROKER_REDIS_URL and that Redis runs."),
    "serving": (
        _serving,
        "The serving application does not answer or still warms up. Wait a minute, then check VOXREEL_SERVING_URL and its log.",
    ),
}
