"""Keys to the API: 256 random bits each, of which only the SHA-256 is kept.

So much chance needs no slow hash, and a lookup by the hash tells an attacker's clock nothing about the secret.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import secrets
from datetime import datetime, timedelta
from typing import Literal, cast

from sqlalchemy import or_, select, update

from store import Store
from store.database import now
from store.tables import ApiKeyRow

logger = logging.getLogger(__name__)

Role = Literal["user", "admin"]

PREFIX = "vx_"

#: How often, at most, the time of the last use is written.
USE_INTERVAL = timedelta(minutes=1)


@dataclasses.dataclass(frozen=True)
class ApiKey:
    """What is known of a key; `hint` is the beginning of its secret, enough to tell keys apart."""

    id: int
    name: str
    role: Role
    hint: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def create(store: Store, name: str, role: Role = "user") -> tuple[ApiKey, str]:
    """A new key and its secret, which can be shown now and never again."""
    if role not in ("user", "admin"):
        raise ValueError(f"A key's role is 'user' or 'admin', not {role!r}.")
    secret = PREFIX + secrets.token_urlsafe(32)
    with store.sessions.begin() as session:
        row = ApiKeyRow(name=name, role=role, hint=secret[:9], secret_hash=_hash(secret), created_at=now(session))
        session.add(row)
        session.flush()
        key = _key(row)
    logger.info("api key created", extra={"api_key_id": key.id, "role": role})
    return key, secret


def authenticate(store: Store, secret: str) -> ApiKey | None:
    """The key that `secret` opens, or None for one that is unknown or revoked. Notes the use, at most once a minute."""
    if not secret.startswith(PREFIX):
        return None
    with store.reads.begin() as session:
        row = session.scalars(select(ApiKeyRow).where(ApiKeyRow.secret_hash == _hash(secret))).one_or_none()
        if row is None or row.revoked_at is not None:
            return None
        key, time = _key(row), now(session)
    if key.last_used_at is None or time - key.last_used_at >= USE_INTERVAL:
        _note_use(store, key.id, time)
    return key


def revoke(store: Store, key_id: int) -> bool:
    """Refuse the key from now on. False when there is no such key or it was revoked before."""
    with store.sessions.begin() as session:
        row = session.get(ApiKeyRow, key_id, with_for_update=True)
        if row is None or row.revoked_at is not None:
            return False
        row.revoked_at = now(session)
    logger.info("api key revoked", extra={"api_key_id": key_id})
    return True


def list_keys(store: Store) -> list[ApiKey]:
    """All keys, revoked ones too, oldest first."""
    with store.reads.begin() as session:
        return [_key(row) for row in session.scalars(select(ApiKeyRow).order_by(ApiKeyRow.id))]


def _note_use(store: Store, key_id: int, time: datetime) -> None:
    unnoted = or_(ApiKeyRow.last_used_at.is_(None), ApiKeyRow.last_used_at <= time - USE_INTERVAL)
    with store.sessions.begin() as session:
        session.execute(update(ApiKeyRow).where(ApiKeyRow.id == key_id, unnoted).values(last_used_at=time))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _key(row: ApiKeyRow) -> ApiKey:
    return ApiKey(row.id, row.name, cast(Role, row.role), row.hint, row.created_at, row.last_used_at, row.revoked_at)
