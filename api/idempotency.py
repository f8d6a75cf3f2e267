"""Submitting twice by mistake: the `Idempotency-Key` header.

The same key with the same request gives the job that the first one made; with another request it is refused.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from flask import request

from api.errors import ApiError, invalid_fields
from jobs.errors import IdempotencyConflict
from jobs.model import JobView
from jobs.submit import submitted_before
from store import Store

_PRINTABLE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?")


def idempotency(kind: str, fields: dict[str, Any], digests: dict[str, list[str]]) -> tuple[str, str] | None:
    """The key of the request being worked on and the hash of what it asks for, or None where it bears no key."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not _PRINTABLE.fullmatch(key):
        raise invalid_fields({"Idempotency-Key": ["Must be 1 to 200 printable ASCII characters."]})
    canonical = json.dumps([kind, fields, digests], sort_keys=True, separators=(",", ":"))
    return key, hashlib.sha256(canonical.encode()).hexdigest()


def earlier_job(store: Store, owner_id: int, named: tuple[str, str] | None) -> JobView | None:
    """The job that the same submission made before, or None. Raises ApiError idempotency_key_reused.

    Asked before the input is read and kept, so that a repetition costs little and a refusal leaves nothing behind.
    """
    try:
        return submitted_before(store, owner_id, named)
    except IdempotencyConflict:
        raise key_reused() from None


def key_reused() -> ApiError:
    """The error for a key that came with another request before."""
    message = "This Idempotency-Key was used for another request. Use a new key for a new request."
    return ApiError("idempotency_key_reused", message)
