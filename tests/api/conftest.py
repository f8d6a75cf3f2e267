from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from api.app import create_app
from jobs.queues import StepQueue, make_broker
from settings import Settings
from store import Store, api_keys, open_store
from store.database import migrate
from store.tables import JobRow, StepRow
from tests.api.running import settings_in
from tests.services import start_valkey


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    with start_valkey() as url:
        yield url


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy, as migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("database") / "empty.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def settings(tmp_path: Path, valkey_url: str, empty_database: Path) -> Settings:
    with redis.Redis.from_url(valkey_url) as client:
        client.flushall()
    return settings_in(tmp_path, valkey_url, empty_database)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings)
    yield opened
    opened.close()


@pytest.fixture
def queue(settings: Settings) -> StepQueue:
    return StepQueue(make_broker(settings))


@pytest.fixture
def app(settings: Settings, store: Store, queue: StepQueue) -> Flask:
    return create_app(settings, store, queue)


@pytest.fixture
def anyone(app: Flask) -> FlaskClient:
    """A client without a key."""
    return app.test_client()


@pytest.fixture
def key(store: Store) -> str:
    return api_keys.create(store, "ann")[1]


@pytest.fixture
def other_key(store: Store) -> str:
    return api_keys.create(store, "ben")[1]


@pytest.fixture
def admin_key(store: Store) -> str:
    return api_keys.create(store, "root", "admin")[1]


@pytest.fixture
def client(app: Flask, key: str) -> FlaskClient:
    """A client with a user's key."""
    client = app.test_client()
    client.environ_base["HTTP_X_API_KEY"] = key
    return client


@pytest.fixture
def nothing_left(store: Store, settings: Settings) -> Callable[[], None]:
    """Asserts that since the test began nothing came into the database, the store or scratch."""

    def found() -> tuple[int, int, set[Path]]:
        with store.reads.begin() as session:
            jobs = session.scalar(select(func.count()).select_from(JobRow))
            steps = session.scalar(select(func.count()).select_from(StepRow))
        return jobs or 0, steps or 0, {path for path in settings.data_dir.rglob("*") if path.is_file()}

    before = found()

    def check() -> None:
        assert found() == before

    return check
