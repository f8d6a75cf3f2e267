"""How often one caller may ask: counted in Redis for each key, or for each address where there is no valid key.

When Redis is away the limits are kept in the memory of each process until it is back.
"""

from __future__ import annotations

from flask import Flask, Response, g, request
from flask_limiter import HeaderNames, Limiter
from flask_limiter.util import get_remote_address

from api.errors import ApiError
from settings import Settings

#: Seconds to wait for Redis before the limits fall back to memory.
REDIS_TIMEOUT = 1.0

#: Where the limiter leaves the seconds until a limit is lifted, for us to take away again.
_SECONDS_LEFT = "X-RateLimit-Seconds"


def _who() -> str:
    key = g.get("api_key")
    return f"key:{key.id}" if key is not None else f"address:{get_remote_address()}"


def _storage_url(redis_url: str) -> str:
    return f"redis+{redis_url}" if redis_url.startswith("unix://") else redis_url


def _tell_when_to_come_back(response: Response) -> Response:
    """Retry-After belongs to refusals only; the limiter would write it on every answer, and sometimes as 0."""
    seconds = response.headers.pop(_SECONDS_LEFT, None)
    if response.status_code == 429 and seconds is not None:
        response.headers.setdefault("Retry-After", str(max(1, int(seconds))))
    return response


def register(app: Flask, settings: Settings, submissions: tuple[str, ...], open_endpoints: tuple[str, ...]) -> Limiter:
    """Limit every request of `app` but those to `open_endpoints`, and those to the endpoints `submissions` twice.

    Call it after all routes are registered: the views of `submissions` are wrapped in place.
    """
    app.after_request(_tell_when_to_come_back)
    limiter = Limiter(
        key_func=_who,
        application_limits=[settings.rate_limit],
        application_limits_exempt_when=lambda: request.endpoint in open_endpoints,
        storage_uri=_storage_url(settings.redis_url),
        storage_options={"socket_connect_timeout": REDIS_TIMEOUT, "socket_timeout": REDIS_TIMEOUT},  # type: ignore[dict-item]
        strategy="sliding-window-counter",
        key_prefix="voxreel",
        headers_enabled=True,
        header_name_mapping={HeaderNames.RETRY_AFTER: _SECONDS_LEFT},
        in_memory_fallback_enabled=True,
        swallow_errors=False,
    )
    limiter.init_app(app)
    submit_limit = limiter.shared_limit(settings.submit_rate_limit, scope="submit")
    for endpoint in submissions:
        app.view_functions[endpoint] = submit_limit(app.view_functions[endpoint])  # type: ignore[assignment]
    return limiter


def too_many_streams(limit: int) -> ApiError:
    """The error for one event stream too many."""
    message = f"This server already sends {limit} event streams. Ask /v1/jobs/ID every few seconds instead, or try again later."
    return ApiError("too_many_streams", message, headers={"Retry-After": "5"})
