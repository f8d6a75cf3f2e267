from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from store import Store, open_store
from store.database import migrate
from tests.services import fresh_postgres_database, settings_for, start_postgres, start_valkey


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    with start_valkey() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with start_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'voxreel.db'}"
    else:
        with fresh_postgres_database(request.getfixturevalue("postgres_url")) as url:
            yield url


@pytest.fixture
def store(empty_url: str, valkey_url: str, tmp_path: Path) -> Iterator[Store]:
    migrate(empty_url)
    opened = open_store(settings_for(tmp_path, empty_url, valkey_url))
    yield opened
    opened.close()
