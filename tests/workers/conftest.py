from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.database import migrate
from tests.services import settings_for, start_valkey
from tests.workers.room import Room, Serving


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    with start_valkey() as url:
        yield url


@pytest.fixture
def serving() -> Iterator[Serving]:
    with Serving() as running:
        yield running


@pytest.fixture
def room(tmp_path: Path, valkey_url: str, serving: Serving) -> Iterator[Room]:
    media = tmp_path / "media"
    media.mkdir()
    database = f"sqlite:///{tmp_path / 'voxreel.db'}"
    migrate(database)
    with Room(settings_for(tmp_path / "data", database, valkey_url, media_root=media, serving_url=serving.url)) as opened:
        yield opened
