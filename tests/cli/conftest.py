from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jobs import views
from jobs.model import JobView
from settings import ROOT, Settings
from store import Store, api_keys
from store.api_keys import ApiKey
from tests.api.conftest import empty_database, valkey_url  # noqa: F401 - fixtures
from tests.api.running import House, Server, running_house
from tests.cli.hand_worker import HandWorker

Cli = Callable[..., subprocess.CompletedProcess]


@pytest.fixture(scope="session")
def house(tmp_path_factory, valkey_url, empty_database) -> Iterator[House]:  # noqa: F811
    """One server for all tests; each has a key, and so jobs, of its own."""
    with running_house(tmp_path_factory.mktemp("house"), valkey_url, empty_database) as house:
        yield house


@pytest.fixture
def settings(house: House) -> Settings:
    return house.settings


@pytest.fixture
def store(house: House) -> Store:
    return house.store


@pytest.fixture
def server(house: House) -> Server:
    return house.server


@pytest.fixture
def owner(store: Store) -> tuple[ApiKey, str]:
    """The user's key and its secret."""
    return api_keys.create(store, "ann")


@pytest.fixture
def key(owner: tuple[ApiKey, str]) -> str:
    return owner[1]


@pytest.fixture
def jobs(store: Store, owner: tuple[ApiKey, str]) -> Callable[[], list[JobView]]:
    """Lists the user's jobs as the database has them."""
    return lambda: views.list_jobs(store, owner[0].id)[0]


@pytest.fixture
def environment(server: Server, key: str, tmp_path: Path) -> dict[str, str]:
    """The environment of a user whose server runs and who has a key."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VOXREEL_")}
    own = {
        "PYTHONPATH": str(ROOT),
        "VOXREEL_URL": server.url,
        "VOXREEL_API_KEY": key,
        "VOXREEL_DATA_DIR": str(tmp_path / "own"),
    }
    return {**kept, **own}


@pytest.fixture
def folder(tmp_path) -> Path:
    """The folder that the user works in."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def start(environment, folder) -> Iterator[Callable[..., subprocess.Popen]]:
    """Starts the command line and returns the process."""
    started: list[subprocess.Popen] = []

    def run(*arguments: str, stdin: int | None = subprocess.DEVNULL, **changes: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli", *arguments],
            cwd=folder,
            env={**environment, **changes},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()


@pytest.fixture
def cli(start) -> Cli:
    """Runs the command line to its end."""

    def run(*arguments: str, given: bytes | None = None, **changes: str) -> subprocess.CompletedProcess:
        process = start(*arguments, stdin=subprocess.PIPE if given is not None else subprocess.DEVNULL, **changes)
        out, err = process.communicate(given, timeout=60)
        assert b"Traceback" not in err, err.decode()
        return subprocess.CompletedProcess(arguments, process.returncode, out, err.decode())

    return run


@pytest.fixture
def worker(house: House, owner: tuple[ApiKey, str]) -> Iterator[HandWorker]:
    """Does every job that the user submits."""
    worker = HandWorker(house.store, house.queue, owner[0].id)
    worker.start()
    yield worker
    worker.stop()
