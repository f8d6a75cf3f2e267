from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import exc, select, text
from sqlalchemy.orm import sessionmaker

from store import Store, open_store
from store.database import make_engine, migrate, now
from store.tables import ApiKeyRow, Base, JobRow
from tests.services import PROCESSES, settings_for

ROOT = Path(__file__).resolve().parents[2]


def add_key(store: Store, name: str = "key", **columns: object) -> int:
    with store.sessions.begin() as session:
        row = ApiKeyRow(name=name, role="user", hint="vx_", secret_hash=name.ljust(64, "0"), created_at=now(session))
        for column, value in columns.items():
            setattr(row, column, value)
        session.add(row)
        session.flush()
        return row.id


def count_in_name(database_url: str, times: int) -> None:
    """Add one, many times, in transactions that read before they write."""
    sessions = sessionmaker(make_engine(database_url))
    for _ in range(times):
        with sessions.begin() as session:
            row = session.scalars(select(ApiKeyRow).with_for_update()).one()
            row.name = str(int(row.name) + 1)


def test_the_migrations_lead_to_exactly_the_tables_of_the_models(empty_url: str) -> None:
    migrate(empty_url)
    with make_engine(empty_url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_a_drift_between_models_and_migrations_would_be_seen(empty_url: str) -> None:
    migrate(empty_url)
    engine = make_engine(empty_url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE jobs ADD COLUMN forgotten INTEGER"))
        assert "forgotten" in str(compare_metadata(MigrationContext.configure(connection), Base.metadata))
    engine.dispose()


def test_the_database_is_migrated_from_any_folder_by_several_processes_at_once(empty_url: str, tmp_path: Path) -> None:
    environment = os.environ | {"DATABASE_URL": empty_url, "PYTHONPATH": str(ROOT), "VOXREEL_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "store.migrate"]
    processes = [subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE) for _ in range(3)]
    outputs = [process.communicate(timeout=60)[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], outputs
    with make_engine(empty_url).connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM alembic_version")) == 1


def test_a_time_comes_back_in_utc_whatever_zone_it_was_given_in(store: Store) -> None:
    hanoi = datetime(2026, 11, 21, 6, 30, 0, 123456, tzinfo=timezone(timedelta(hours=7)))
    key_id = add_key(store, last_used_at=hanoi)
    with store.reads.begin() as session:
        row = session.get_one(ApiKeyRow, key_id)
        assert row.last_used_at == hanoi
        assert row.last_used_at is not None
        assert row.last_used_at.tzinfo is UTC
        assert row.last_used_at.hour == 23


def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    with pytest.raises(exc.StatementError, match="time zone"):
        add_key(store, last_used_at=datetime(2026, 11, 21, 6, 30))


def test_the_clock_of_the_database_is_close_to_ours_and_in_utc(store: Store) -> None:
    with store.reads.begin() as session:
        time = now(session)
    assert time.tzinfo is UTC
    assert abs(datetime.now(UTC) - time) < timedelta(minutes=1)


def test_a_job_without_an_owner_is_refused(store: Store) -> None:
    job = JobRow(id="0" * 32, owner_id=999, kind="speech", title="", priority="high", request={}, status="queued")
    job.created_at = datetime.now(UTC)
    with pytest.raises(exc.IntegrityError), store.sessions.begin() as session:
        session.add(job)


def test_several_processes_write_at_once_without_a_lost_update_or_a_locked_database(store: Store) -> None:
    add_key(store, name="0")
    url = store.settings.database_url
    processes = [PROCESSES.Process(target=count_in_name, args=(url, 40)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    with store.reads.begin() as session:
        assert session.scalars(select(ApiKeyRow.name)).one() == "160"


def test_a_reader_does_not_wait_for_a_writer(store: Store) -> None:
    add_key(store)
    with store.sessions.begin() as writing:
        writing.scalars(select(ApiKeyRow)).one().name = "changed"
        writing.flush()
        with store.reads.begin() as reading:
            assert reading.scalars(select(ApiKeyRow.name)).one() == "key"


def test_a_child_made_by_fork_uses_connections_of_its_own(store: Store) -> None:
    add_key(store)
    with store.reads.begin() as session:
        session.scalars(select(ApiKeyRow)).one()
    child = os.fork()
    if child == 0:
        try:
            add_key(store, name="of the child")
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with store.reads.begin() as session:
        assert len(session.scalars(select(ApiKeyRow)).all()) == 2


def test_nothing_is_connected_before_the_first_use(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, "postgresql://nobody@127.0.0.1:1/none", "redis://127.0.0.1:1")
    opened = open_store(settings)
    with pytest.raises(exc.OperationalError), opened.reads.begin() as session:
        session.execute(text("SELECT 1"))


def test_an_error_of_the_database_does_not_tell_what_users_wrote(store: Store) -> None:
    add_key(store, "first", secret_hash="x" * 64)
    with pytest.raises(exc.IntegrityError) as failure:
        add_key(store, "words of a user", secret_hash="x" * 64)
    assert "words of a user" not in str(failure.value)
