"""Where things are kept: the database, the files, Redis."""

from __future__ import annotations

import dataclasses

import redis
from sqlalchemy.orm import Session, sessionmaker

from settings import Settings
from store.database import READING, make_engine
from store.files import FileStore

__all__ = ["FileStore", "Store", "open_store"]

#: Seconds to wait for Redis: to connect, and for an answer.
REDIS_CONNECT_SECONDS = 2.0
REDIS_ANSWER_SECONDS = 5.0


@dataclasses.dataclass(frozen=True)
class Store:
    """All that is kept. One a process is enough; it may be used by many threads.

    `sessions.begin()` opens a transaction that may write; `reads.begin()` one that only reads and never waits on SQLite.
    """

    settings: Settings
    sessions: sessionmaker[Session]
    reads: sessionmaker[Session]
    files: FileStore
    redis: redis.Redis

    def close(self) -> None:
        """Close every connection. The store opens new ones when it is used again."""
        self.sessions.kw["bind"].dispose()
        self.redis.close()


def open_store(settings: Settings) -> Store:
    """The store of `settings`. Nothing is connected before the first use."""
    engine = make_engine(settings.database_url)
    client = redis.Redis.from_url(
        settings.redis_url,
        decode_responses=True,
        socket_connect_timeout=REDIS_CONNECT_SECONDS,
        socket_timeout=REDIS_ANSWER_SECONDS,
        health_check_interval=30,
    )
    return Store(
        settings=settings,
        sessions=sessionmaker(engine, expire_on_commit=False),
        reads=sessionmaker(engine.execution_options(**{READING: True}), expire_on_commit=False),
        files=FileStore(settings.files_dir),
        redis=client,
    )
