"""The processes of a stack, without the stack: nobody is left behind, and who is killed comes back."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis

import settings
from settings import ROOT, Settings
from stack import launch, processes
from stack.launch import admin_key, running_stack
from stack.parts import start_valkey, wait_for_valkey
from stack.processes import Child, StackError
from store import api_keys, open_store
from store.database import migrate
from tests.services import start_valkey as start_valkey_server
from tests.stack.house import poll

#: A part that will not end when asked, with a child of its own.
STUBBORN = (
    "import signal, subprocess, time; signal.signal(15, signal.SIG_IGN); subprocess.Popen(['sleep', '600']); time.sleep(600)"
)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[Child]]:
    children: list[Child] = []
    yield children
    processes.stop(children, patience=0)


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("REDIS_URL", raising=False)
    folder = tmp_path / "a folder 'with' spaces"
    return dataclasses.replace(settings.load(), data_dir=folder, database_url=f"sqlite:///{folder / 'voxreel.db'}")


def start(tmp_path: Path, *command: str, name: str = "part") -> Child:
    return processes.start(name, command, tmp_path / f"{name}.log", os.environ, ROOT)


def members(group: int) -> list[int]:
    return [process.pid for process in psutil.process_iter() if _group(process.pid) == group]


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def stubborn(tmp_path: Path) -> Child:
    child = start(tmp_path, sys.executable, "-c", STUBBORN)
    poll(lambda: len(members(child.process.pid)) == 2, 20)
    return child


def test_who_does_not_end_when_asked_is_killed_with_all_it_started(tmp_path: Path) -> None:
    child, willing = stubborn(tmp_path), start(tmp_path, "sleep", "600", name="willing")
    processes.stop([child, willing], patience=0.3)
    assert (child.process.returncode, willing.process.returncode) == (-signal.SIGKILL, -signal.SIGTERM)
    poll(lambda: members(child.process.pid) == [], 10)


@pytest.mark.usefixtures("interruptible")
def test_an_impatient_ctrl_c_leaves_nobody_behind(tmp_path: Path) -> None:
    child = stubborn(tmp_path)
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        processes.stop([child], patience=60)
    poll(lambda: members(child.process.pid) == [], 10)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_parts_end_when_whoever_started_them_is_killed(tmp_path: Path) -> None:
    program = (
        "import os, pathlib, sys, time; from stack import processes\n"
        "child = processes.start('part', ['sleep', '600'], pathlib.Path(sys.argv[1]), os.environ, pathlib.Path('.'))\n"
        "print(child.process.pid, flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "part.log")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    poll(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE, 10)


def test_a_part_that_was_killed_is_started_again(
    tmp_path: Path, started: list[Child], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(launch, "RESTART_SECONDS", 0.0)
    started += [start(tmp_path, "sleep", "600"), start(tmp_path, "sleep", "600", name="other")]
    first, other = (child.process.pid for child in started)
    with launch._kept_up(started):
        os.kill(first, signal.SIGKILL)
        poll(lambda: started[0].process.pid != first, 10)
        assert started[0].process.poll() is None
        assert started[1].process.pid == other
    assert "part stopped with exit status -9 and was started again" in capsys.readouterr().err


def test_a_part_that_cannot_live_is_not_started_without_pause(tmp_path: Path, started: list[Child]) -> None:
    started.append(start(tmp_path, "false"))
    started[0].process.wait()
    first = started[0].process.pid
    with launch._kept_up(started):
        threading.Event().wait(3 * launch.LOOK_SECONDS)
    assert started[0].process.pid == first


def test_the_embedded_redis_runs_in_a_folder_with_spaces_and_keeps_its_data(configured: Settings, started: list[Child]) -> None:
    for value in (None, "kept"):
        child, running = start_valkey(configured, configured.data_dir / "logs")
        started.append(child)
        wait_for_valkey(child, running)
        with redis.Redis.from_url(running.broker_redis_url, decode_responses=True) as client:
            assert client.get("key") == value
            client.set("key", "kept")
        processes.stop([child])
        assert child.process.returncode == 0


def test_the_admin_key_is_kept_and_made_anew_when_the_database_does_not_know_it(configured: Settings) -> None:
    migrate(configured.database_url)
    secret = admin_key(configured)
    file = configured.data_dir / "admin.key"
    assert admin_key(configured) == secret == file.read_text().strip()
    assert file.stat().st_mode & 0o077 == 0
    for path in configured.data_dir.glob("voxreel.db*"):
        path.unlink()
    migrate(configured.database_url)
    anew = admin_key(configured)
    assert anew != secret
    store = open_store(configured)
    key = api_keys.authenticate(store, anew)
    store.close()
    assert key is not None
    assert key.role == "admin"


def test_a_port_that_is_taken_is_told_before_anything_starts(configured: Settings) -> None:
    begun: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with (
            pytest.raises(StackError, match=f"Port {port} is taken"),
            running_stack(configured, api_port=port, starting=begun.append),
        ):
            pass
    assert begun == []


def test_a_second_stack_joins_the_first_although_its_port_is_taken(configured: Settings) -> None:
    migrate(configured.database_url)
    with (configured.data_dir / "stack.lock").open("a+") as lock, socket.create_server(("127.0.0.1", 0)) as server:
        assert launch._locked(lock)
        with pytest.raises(StackError, match="just starting or stopping"), running_stack(configured):
            pass
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        (configured.data_dir / "stack.json").write_text(json.dumps({"url": url, "pid": os.getpid()}))
        with running_stack(configured, api_port=server.getsockname()[1]) as joined:
            assert (joined.url, joined.children) == (url, [])
        assert (configured.data_dir / "stack.json").exists(), "it is the first one's"


@pytest.mark.parametrize("wrong", ["REDIS_URL", "BROKER_REDIS_URL"])
def test_a_redis_of_ones_own_that_cannot_be_used_is_told_at_once(
    configured: Settings, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setenv("REDIS_URL", "one's own")
    with start_valkey_server() as url:
        away = {"redis_url": "redis://:secret@127.0.0.1:9/0", "broker_redis_url": f"{url}/99"}
        places = {"redis_url": f"{url}/0", "broker_redis_url": f"{url}/1", wrong.lower(): away[wrong.lower()]}
        stack = running_stack(dataclasses.replace(configured, **places))
        with pytest.raises(StackError, match=f"Check {wrong} ") as failure, stack:
            pass
    assert "secret" not in str(failure.value)


def test_a_database_that_cannot_be_reached_is_told_at_once_and_redis_stopped(configured: Settings) -> None:
    away = dataclasses.replace(configured, database_url="postgresql://me:secret@127.0.0.1:9/voxreel")
    before = {process.pid for process in psutil.Process().children()}
    with pytest.raises(StackError, match="Check DATABASE_URL") as failure, running_stack(away):
        pass
    assert "secret" not in str(failure.value)
    assert {process.pid for process in psutil.Process().children()} == before
