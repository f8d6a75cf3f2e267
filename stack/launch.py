"""The whole of Voxreel on one machine: Redis, serving, workers, the clock of the clean-up and the API, on the loopback.

`running_stack()` keeps it up for a block, `serve()` until the user stops it. Two stacks never share a data folder: the
second one joins the first.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

import requests

from settings import ROOT, Settings
from stack import processes
from stack.parts import PARTS, require_redis, start_valkey, wait_for_valkey
from stack.processes import Child, StackError

logger = logging.getLogger(__name__)

#: Seconds. A cold start reads several hundred megabytes of libraries from the disk.
START_TIMEOUT = 240.0

#: How often it is looked whether all parts run, and how long one must have run to be started again, in seconds.
LOOK_SECONDS, RESTART_SECONDS = 0.5, 5.0


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
    settings.data_dir.chmod(0o700)  # users' texts lie in it; a folder made by hand is mostly open to all
    where = settings.data_dir / "stack.json"
    with (settings.data_dir / "stack.lock").open("a+") as lock:
        if not _locked(lock):
            yield _join(settings)
            return
        where.unlink(missing_ok=True)  # left by a stack that was killed
        children: list[Child] = []
        try:
            running = _start(settings, api_port, children, starting)
            with _kept_up(children):
                _write(where, json.dumps({"url": running.url, "pid": os.getpid()}))
                yield running
        finally:
            where.unlink(missing_ok=True)
            _stop(children)


def serve(settings: Settings) -> int:
    """Keep the stack up until SIGINT or SIGTERM, which end it while it starts too. Returns the exit status of the command."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)
    try:
        with running_stack(
            settings, api_port=settings.api_port, starting=lambda part: print(f"  starting {part} ...", flush=True)
        ) as stack:
            if not stack.children:
                print(f"A stack already runs on {settings.data_dir}, at {stack.url}.", file=sys.stderr)
                return 1
            _greet(stack)
            with contextlib.suppress(KeyboardInterrupt):
                threading.Event().wait()
            print("\nStopping; work under way goes on at the next start ...", flush=True)
        print("Stopped.")
    except StackError as error:
        print(f"voxreel: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # before it was up
        return 130
    return 0


def _interrupt(number: int, frame: object) -> None:
    """Begin to stop. What comes after is ignored: stopping takes its time, though not for ever, and must not be cut short."""
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


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


def _start(settings: Settings, api_port: int | None, children: list[Child], starting: Callable[[str], None]) -> RunningStack:
    if api_port is not None and not processes.port_is_free(settings.api_host, api_port):
        raise StackError(f"Port {api_port} is taken. Stop what listens there, or set VOXREEL_API_PORT to another.")
    port = api_port or processes.free_port()
    logs = settings.data_dir / "logs"
    if "REDIS_URL" not in os.environ:
        starting("redis")
        child, settings = start_valkey(settings, logs)
        children.append(child)
        wait_for_valkey(child, settings)
    else:
        require_redis(settings)
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
    return RunningStack(url, key, settings, children)


@contextlib.contextmanager
def _kept_up(children: Sequence[Child]) -> Iterator[None]:
    """For the block, start every part again that has exited, whoever killed it."""
    over = threading.Event()
    watcher = threading.Thread(target=_keep_up, args=(children, over), name="stack", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _keep_up(children: Sequence[Child], over: threading.Event) -> None:
    while not over.wait(LOOK_SECONDS):
        for child in children:
            status = child.process.poll()
            if status is not None and time.monotonic() - child.started > RESTART_SECONDS:
                child.kill()
                try:
                    child.start()
                    print(f"voxreel: {child.name} stopped with exit status {status} and was started again.", file=sys.stderr)
                except OSError as error:  # the machine has no room for it now; it is tried again
                    logger.warning("%s stopped and cannot be started: %s", child.name, error)


def _stop(children: Sequence[Child]) -> None:
    """First those that take work in or carry it out, then serving, which they may still wait for; Redis last of all."""
    stages: dict[str, int] = {"serving": 1, "redis": 2}
    with contextlib.ExitStack() as stopping:
        for stage in (2, 1, 0):  # an ExitStack goes backwards, and goes on whatever happens
            stopping.callback(processes.stop, [child for child in children if stages.get(child.name, 0) == stage])


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
    from sqlalchemy.exc import SQLAlchemyError

    from store.database import migrate

    try:
        migrate(settings.database_url)
    except SQLAlchemyError as error:
        raise StackError(f"The database cannot be used. Check DATABASE_URL and that it runs. It said: {error}") from None


def admin_key(settings: Settings) -> str:
    """The administrator's key of this data folder, kept in a file only its owner reads.

    It is made at the first start, and anew when the database does not know it any more.
    """
    from store import api_keys, open_store

    path = settings.data_dir / "admin.key"
    with contextlib.closing(open_store(settings)) as store:
        if path.exists() and api_keys.authenticate(store, kept := path.read_text().strip()):
            return kept
        _, secret = api_keys.create(store, "admin", "admin")
    _write(path, secret + "\n")
    return secret


def _write(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = path.with_suffix(".new")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).status_code == 200
    except requests.RequestException:
        return False
