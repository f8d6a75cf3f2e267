"""Who is asking: API keys, from `X-API-Key` or `Authorization: Bearer`.

A key's holder sees the jobs made with that key; an admin's key sees all. Keys are compared and kept as hashes
(store.api_keys), and never logged.
"""

from __future__ import annotations

from flask import Flask, g, request

from api.context import context
from api.errors import ApiError
from api.request_log import note
from store import api_keys
from store.api_keys import ApiKey

#: Longer secrets are no keys of ours; they are refused before anything is computed over them.
MAX_SECRET_LENGTH = 200

#: What anyone may read without a key: whether the server is well, and how to talk to it.
OPEN_ENDPOINTS = ("health.healthz", "health.readyz", "api-docs.openapi_json")

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="voxreel"'}


def caller() -> ApiKey:
    """The key of the request being worked on."""
    return g.api_key


def owner() -> int | None:
    """Whose jobs the caller may see: the id of the key, or None for all of them."""
    return None if caller().role == "admin" else caller().id


def _offered_secret() -> str | None:
    secret = request.headers.get("X-API-Key")
    if secret:
        return secret.strip()
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    return rest.strip() if scheme.lower() == "bearer" and rest.strip() else None


def identify() -> None:
    """Find out who asks, before the limits are counted; a wrong key is refused only after (see `require`)."""
    g.api_key = None
    g.secret_offered = False
    if request.endpoint is None:
        return
    secret = _offered_secret()
    if secret is None:
        return
    g.secret_offered = True
    if len(secret) <= MAX_SECRET_LENGTH and secret.isascii():
        g.api_key = api_keys.authenticate(context().store, secret)
    if g.api_key is not None:
        note(key_id=g.api_key.id)


def require() -> None:
    """Refuse the request if its address needs a key and none, or a wrong one, came with it."""
    if request.endpoint is None or request.endpoint in OPEN_ENDPOINTS or g.api_key is not None:
        return
    if g.secret_offered:
        message = "This API key is not known or was revoked. Ask the operator for a new one (`voxreel keys create NAME`)."
        raise ApiError("key_invalid", message, headers=_CHALLENGE)
    message = "Send your API key as the header X-API-Key, or as Authorization: Bearer KEY."
    raise ApiError("key_missing", message, headers=_CHALLENGE)


def register_identification(app: Flask) -> None:
    """Runs before the limiter is registered, so that limits are counted per key."""
    app.before_request(identify)


def register_requirement(app: Flask) -> None:
    """Runs after the limiter is registered, so that attempts at guessing a key are limited by address."""
    app.before_request(require)
