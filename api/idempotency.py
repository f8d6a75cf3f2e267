"""Submitting twice by mistake: the `Idempotency-Key` header.

The same key with the same request gives the job that the first one made; with another request it is refused.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from flask import request

from api.errors import invalid_fields

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
