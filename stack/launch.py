"""The whole of Voxreel on one machine: Redis, serving, workers, the clock of the clean-up and the API, on the loopback.

`running_stack()` keeps it up for a block, `serve()` until the user stops it. Two stacks never share a data folder: the
second one joins the first.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import IO

import requests

from settings import ROOT, Settings
from stack import processes
from stack.parts import PARTS, valkey
from stack.processes import Child, StackError

#: Seconds. A cold start reads several hundred megabytes of libraries from the disk.
START_TIMEOUT = 240.0


@dataclasses.dataclass(frozen=True)
class RunningStack:
    """Where a running stack is reached. `children` is empty when it was joined rather than started."""

    url: str
    admin_key: str
    settings: Settings
    children: list[Child] = dataclasses.field(default_factory=list)


@contextlib.contextmanager
def running_stack(
    settings: Settings, *, api_port: int | None = None, starting: Callable[[str], None] = lambda part: None
) -> Iterator[RunningStack]:
    """Keep the whole stack up for the block, or join the one that already runs on this data folder.

    api_port: where the API listens; a free port when None. starting: told the name of each part as it starts.
    Raises StackError when a part cannot start; everything that was started is stopped at the end, come what may.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with (settings.data_dir / "stack.lock").open("a+") as lock:
        if not _locked(lock):
            yield _join(settings)
            return
        children: list[Child] = []
        try:
            yield _start(settings, api_port or processes.free_port(), children, starting)
        finally:
            (settings.data_dir / "stack.json").unlink(missing_ok=True)
            # The API first, so that no work comes in; Redis last, so that all others can still say goodbye.
            *others, redis = reversed(children) if children else [None]
            processes.stop([child for child in others if child])
            if redis:
                processes.stop([redis])


def serve(settings: Settings) -> int:
    """Keep the stack up until SIGINT or SIGTERM. Returns the exit status of the command."""
    if not processes.port_is_free(settings.api_host, settings.api_port):
        print(
            f"Port {settings.api_port} is taken. Stop what listens there, or set VOXREEL_API_PORT to another.", file=sys.stderr
        )
        return 1
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        with running_stack(
            settings, api_port=settings.api_port, starting=lambda part: print(f"  starting {part} ...", flush=True)
        ) as stack:
            if not stack.children:
                print(f"A stack already runs on {settings.data_dir}, at {stack.url}.", file=sys.stderr)
                return 1
            _greet(stack)
            while not stopping.wait(1.0):
                for child in stack.children:
                    child.assert_alive()
            print("\nStopping ...", flush=True)
    except StackError as error:
        print(f"voxreel: {error}", file=sys.stderr)
        return 1
    return 0


def _greet(stack: RunningStack) -> None:
    key_file = stack.settings.data_dir / "admin.key"
    print(
        f"\nVoxreel is up.\n\n  URL        {stack.url}\n  Admin key  {stack.admin_key}   (kept in {key_file})\n"
        f"  Logs       {stack.settings.data_dir / 'logs'}\n\nCtrl-C stops it.",
        flush=True,
    )


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _join(settings: Settings) -> RunningStack:
    try:
        found = json.loads((settings.data_dir / "stack.json").read_text())
    except FileNotFoundError:
        raise StackError(f"Another stack is just starting or stopping on {settings.data_dir}. Try again in a moment.") from None
    return RunningStack(found["url"], admin_key(settings), settings)


def _start(settings: Settings, port: int, children: list[Child], starting: Callable[[str], None]) -> RunningStack:
    logs = settings.data_dir / "logs"
    if "REDIS_URL" not in os.environ:
        starting("redis")
        child, settings = valkey(settings, logs)
        children.append(child)
    host = "127.0.0.1" if settings.api_host == "0.0.0.0" else settings.api_host  # noqa: S104 - compared, not bound
    settings = dataclasses.replace(settings, api_port=port, serving_url=f"http://127.0.0.1:{processes.free_port()}")
    environment = child_environment(settings)
    _migrate(settings)
    key = admin_key(settings)
    for part in PARTS:
        starting(part.name)
        children.append(processes.start(part.name, part.command(settings), logs / part.log, environment, ROOT))
    url = f"http://{host}:{port}"
    processes.wait_until(lambda: _answers(f"{url}/readyz"), children, "The stack", START_TIMEOUT)
    (settings.data_dir / "stack.json").write_text(json.dumps({"url": url, "pid": os.getpid()}))
    return RunningStack(url, key, settings, children)


def child_environment(settings: Settings) -> dict[str, str]:
    """The environment in which every part sees the same settings as we do."""
    return {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "REDIS_URL": settings.redis_url,
        "BROKER_REDIS_URL": settings.broker_redis_url,
        "DATABASE_URL": settings.database_url,
        "VOXREEL_DATA_DIR": str(settings.data_dir),
        "VOXREEL_CHECKPOINT": str(settings.checkpoint),
        **({"VOXREEL_MEDIA_ROOT": str(settings.media_root)} if settings.media_root else {}),
        "VOXREEL_SERVING_URL": settings.serving_url,
        "VOXREEL_SERVING_LOG": str(settings.data_dir / "logs" / "serving.log"),
        "VOXREEL_API_HOST": settings.api_host,
        "VOXREEL_API_PORT": str(settings.api_port),
    }


def _migrate(settings: Settings) -> None:
    from store.database import migrate

    migrate(settings.database_url)


def admin_key(settings: Settings) -> str:
    """The administrator's key of this data folder, made at the first start and kept in a file only its owner reads."""
    path = settings.data_dir / "admin.key"
    if path.exists():
        return path.read_text().strip()
    from store import api_keys, open_store

    _, secret = api_keys.create(open_store(settings), "admin", "admin")
    draft = path.with_suffix(".new")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(secret + "\n")
    draft.replace(path)
    return secret


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).status_code == 200
    except requests.RequestException:
        return False


def restart(stack: RunningStack, name: str) -> Child:
    """Start the part of that name again, in place of the one that has ended."""
    place = next(number for number, child in enumerate(stack.children) if child.name == name)
    part = next(part for part in PARTS if part.name == name)
    log = stack.children[place].log
    stack.children[place] = processes.start(name, part.command(stack.settings), log, child_environment(stack.settings), ROOT)
    return stack.children[place]
