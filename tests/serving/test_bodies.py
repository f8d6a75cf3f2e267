"""Bodies of requests that never come to their end, at the door of a replica."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from ray.exceptions import TaskCancelledError
from starlette.requests import Request
from starlette.responses import Response

from serving.replica import routes
from serving.replica.health import Health
from serving.replica.routes import Routes
from serving.replica.speaking import Speaker

BEGUN = {"type": "http.request", "body": b'{"key": ', "more_body": True}


async def never() -> Any:
    await asyncio.Event().wait()


async def disconnected() -> Any:
    return {"type": "http.disconnect"}


async def cancelled() -> Any:
    raise TaskCancelledError


def answer(path: str, rest: Callable[[], Awaitable[Any]]) -> Response:
    """What a request is answered of whose body one part came, and then the rest. Nothing behind the door is reached."""
    parts = iter([BEGUN])

    async def receive() -> Any:
        return next(parts, None) or await rest()

    async def ask() -> Response:
        nothing: Any = None
        door = Routes(Speaker(nothing, nothing, nothing), Health(nothing, "", 0))
        scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": [], "root_path": ""}
        return await asyncio.wait_for(door.answer(Request(scope, receive)), 30)

    return asyncio.run(ask())


@pytest.mark.parametrize("path", ["/v1/speak", "/v1/stream"])
def test_who_never_ends_a_body_gives_the_place_back(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(routes, "BODY_SECONDS", 0.05)
    answered = answer(path, never)
    assert (answered.status_code, json.loads(bytes(answered.body))["error"]["code"]) == (408, "body_incomplete")


@pytest.mark.parametrize("rest", [disconnected, cancelled])
def test_who_leaves_within_a_body_is_no_error_of_ours(
    caplog: pytest.LogCaptureFixture, rest: Callable[[], Awaitable[Any]]
) -> None:
    with caplog.at_level(logging.INFO):
        assert answer("/v1/speak", rest).status_code == 408
    assert not caplog.records
