"""The database: SQLite on a laptop, PostgreSQL where several machines share the work.

A transaction of `sessions` may write: on SQLite it takes the write lock at its beginning (BEGIN IMMEDIATE), so two
processes queue up instead of failing halfway. A transaction of `reads` only reads and never waits for a writer.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
import weakref
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, func, make_url, select, text
from sqlalchemy.orm import Session

MIGRATIONS = Path(__file__).resolve().parent / "migrations"

#: Seconds that a SQLite connection waits for the write lock before it gives up.
BUSY_SECONDS = 30.0

#: Seconds after which a PostgreSQL connection is replaced, as proxies drop idle ones without a word.
RECYCLE_SECONDS = 1800

#: The number of the PostgreSQL advisory lock that lets only one process migrate at a time.
MIGRATION_LOCK = 0x766F7872

#: The execution option that marks a connection whose transactions only read.
READING = "voxreel_reading"


def make_engine(url: str) -> Engine:
    """An engine for `url` that connects at first use. Safe in threads and after a fork.

    `postgresql://` and `postgres://` mean the psycopg 3 driver. The folder of a SQLite file is created. The messages of
    errors, which get into logs, do not tell the values that a statement was given: titles are words of users.
    """
    parsed = _with_driver(make_url(url))
    engine = _sqlite_engine(parsed) if parsed.get_backend_name() == "sqlite" else _server_engine(parsed)
    _forget_connections_after_fork(engine)
    return engine


def migrate(url: str) -> None:
    """Bring the database at `url` to the newest schema. Several processes may call it at once."""
    with _migrating(url) as config:
        command.upgrade(config, "head")


def write_migration(url: str, message: str) -> None:
    """Write a new file into store/migrations that leads from the schema of the database at `url` to store/tables.py."""
    with _migrating(url) as config:
        count = len(list(ScriptDirectory.from_config(config).walk_revisions()))
        command.revision(config, message, autogenerate=True, rev_id=f"{count + 1:04}")


@contextlib.contextmanager
def _migrating(url: str) -> Iterator[Config]:
    """Alembic's configuration with a connection in a transaction that no other process migrates beside."""
    engine = make_engine(url)
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
            config.attributes["connection"] = connection
            yield config
    finally:
        engine.dispose()


def now(session: Session) -> datetime:
    """The time (UTC) by the database's clock, so that workers whose own clocks differ agree about leases."""
    if session.get_bind().dialect.name == "postgresql":
        return session.scalars(select(func.clock_timestamp())).one().astimezone(UTC)
    return datetime.now(UTC)


def _with_driver(url: URL) -> URL:
    if url.drivername in ("postgres", "postgresql"):
        return url.set(drivername="postgresql+psycopg")
    return url


def _server_engine(url: URL) -> Engine:
    return create_engine(url, pool_pre_ping=True, pool_recycle=RECYCLE_SECONDS, hide_parameters=True)


def _sqlite_engine(url: URL) -> Engine:
    if url.database:
        Path(url.database).expanduser().resolve().parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver must not begin transactions by itself: _begin_sqlite does.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    _use_write_ahead_log(connection)


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch the file to WAL, which lasts. SQLite does not wait by itself when another process switches just now."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get(READING, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _forget_connections_after_fork(engine: Engine) -> None:
    reference = weakref.ref(engine)

    def forget() -> None:
        inherited = reference()
        if inherited is not None:
            inherited.dispose(close=False)

    os.register_at_fork(after_in_child=forget)
