from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from jobs.queues import StepQueue, make_broker
from settings import Settings
from store import Store, api_keys, open_store
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


@pytest.fixture(scope="session")
def migrated_postgres(postgres_url: str) -> Iterator[str]:
    """A migrated database that the tests copy."""
    with fresh_postgres_database(postgres_url) as url:
        migrate(url)
        yield url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file that the tests copy."""
    path = tmp_path_factory.mktemp("migrated") / "voxreel.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        copy = tmp_path / "voxreel.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), copy)
        yield f"sqlite:///{copy}"
    else:
        template = request.getfixturevalue("migrated_postgres")
        with fresh_postgres_database(request.getfixturevalue("postgres_url"), template) as url:
            yield url


@pytest.fixture
def settings(database_url: str, valkey_url: str, tmp_path: Path) -> Settings:
    redis.Redis.from_url(valkey_url).flushall()
    return settings_for(tmp_path, database_url, valkey_url)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings)
    yield opened
    opened.close()


@pytest.fixture
def queue(settings: Settings) -> StepQueue:
    return StepQueue(make_broker(settings))


@pytest.fixture
def owner_id(store: Store) -> int:
    return api_keys.create(store, "owner")[0].id
