from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from store import Store, api_keys
from store.tables import ApiKeyRow


def test_a_key_opens_with_its_secret_and_with_no_other(store: Store) -> None:
    key, secret = api_keys.create(store, "laptop", "admin")
    other, _ = api_keys.create(store, "phone")
    found = api_keys.authenticate(store, secret)
    assert found is not None
    assert (found.id, found.name, found.role) == (key.id, "laptop", "admin")
    assert other.role == "user"
    for wrong in ("", "vx_", secret[:-1], secret + "x", secret.removeprefix("vx_"), secret.swapcase(), "vx_ỳ"):
        assert api_keys.authenticate(store, wrong) is None


def test_a_secret_has_256_bits_and_is_not_kept(store: Store) -> None:
    _, secret = api_keys.create(store, "laptop")
    assert secret.startswith("vx_")
    assert len(secret) == 3 + 43
    with store.reads.begin() as session:
        row = session.get_one(ApiKeyRow, 1)
        kept = " ".join(str(getattr(row, column.key)) for column in ApiKeyRow.__table__.columns)
    assert secret[10:] not in kept


def test_a_revoked_key_is_refused_and_stays_listed(store: Store) -> None:
    key, secret = api_keys.create(store, "laptop")
    assert api_keys.revoke(store, key.id)
    assert not api_keys.revoke(store, key.id)
    assert not api_keys.revoke(store, 999)
    assert api_keys.authenticate(store, secret) is None
    assert [listed.revoked_at is not None for listed in api_keys.list_keys(store)] == [True]


def test_the_time_of_the_last_use_is_written_once_a_minute(store: Store) -> None:
    _, secret = api_keys.create(store, "laptop")
    api_keys.authenticate(store, secret)
    first = api_keys.list_keys(store)[0].last_used_at
    assert first is not None
    api_keys.authenticate(store, secret)
    assert api_keys.list_keys(store)[0].last_used_at == first
    with store.sessions.begin() as session:
        session.execute(update(ApiKeyRow).values(last_used_at=first - timedelta(minutes=2)))
    api_keys.authenticate(store, secret)
    later = api_keys.list_keys(store)[0].last_used_at
    assert later is not None
    assert later >= first


def test_an_unknown_role_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="role"):
        api_keys.create(store, "laptop", "root")  # type: ignore[arg-type]
