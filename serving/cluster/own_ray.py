"""A Ray of our own: started fresh, private and quiet, and gone with the process.

Its files lie in a folder of their own, so another Ray on the machine, or another user's, is never touched, and its ports are
those of the loopback.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import tempfile
from pathlib import Path

import psutil

import settings

#: Bytes of Ray's object store. Requests and answers travel beside it, so the smallest that Ray takes will do.
OBJECT_STORE_BYTES = 80 * 1024 * 1024
#: Processes without which nothing is served.
VITAL = {"raylet", "gcs_server"}
#: How the folder of Ray's files begins; the number of the process follows. Short, since sockets lie in it.
PREFIX = "voxreel-ray-"
#: Ray opens its own folder to every user of the machine, so it lies inside one that is closed to them.
RAY = "r"
#: 0: a Ray of one machine, which takes 127.0.0.1 for its address and listens there. Windows and macOS have it so by
#: default; elsewhere Ray listens on all interfaces, and turns a `_node_ip_address` of 127.0.0.1 into one of the network.
LOOPBACK_VARIABLE = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"


class RayDied(Exception):
    """A process of Ray ended by itself."""


def make_folder() -> Path:
    """A folder for the files of this process's Ray. Those of processes that were killed before they could are removed."""
    for path in Path(tempfile.gettempdir()).glob(PREFIX + "*-*"):
        number = path.name.removeprefix(PREFIX).split("-")[0]
        if number.isdecimal() and not psutil.pid_exists(int(number)) and path.stat().st_uid == os.getuid():
            shutil.rmtree(path, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))


def start(folder: Path, dashboard_port: int | None) -> str:
    """Start it, and let its workers find this program wherever it was started from. Returns the URL of its dashboard."""
    root = str(settings.ROOT)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault(LOOPBACK_VARIABLE, "0")
    _require_token(folder)
    import ray

    for name in ("ray", "ray.serve"):  # theirs become lines of our own log
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
        logging.getLogger(name).setLevel(logging.WARNING)
    context = ray.init(
        address="local",
        include_dashboard=True,
        dashboard_host="127.0.0.1",
        dashboard_port=dashboard_port,
        object_store_memory=OBJECT_STORE_BYTES,
        log_to_driver=False,
        configure_logging=False,
        _temp_dir=str(folder / RAY),
    )
    return f"http://{context.dashboard_url}"


def stop() -> None:
    import ray

    ray.shutdown()


def vital_processes() -> list[psutil.Process]:
    return [process for process in psutil.Process().children(recursive=True) if process.name() in VITAL]


def require_alive(vital: list[psutil.Process]) -> None:
    """Raise RayDied where one of the processes is gone."""
    for process in vital:
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            raise RayDied(f"Ray's process {process.pid} died.")


def _require_token(folder: Path) -> None:
    """Let nobody reach Ray without a token: who can reach it can run code. One that the operator set is kept."""
    if (
        os.environ.setdefault("RAY_AUTH_MODE", "token") != "token"
        or {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & os.environ.keys()
    ):
        return
    path = folder / "token"
    path.touch(mode=0o600)
    path.write_text(secrets.token_hex(32))
    os.environ["RAY_AUTH_TOKEN_PATH"] = str(path)
