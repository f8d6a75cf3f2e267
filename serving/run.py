"""`python -m serving.run`: a local Ray with the speech application on it, until SIGTERM or SIGINT.

Ray is started fresh and private: its files lie in a folder of their own, so another Ray on the machine, or another
user's, is never touched, and its ports are those of the loopback. Exit code 0 after a signal, 1 when something failed,
said in the last line of the log, and on standard error too where the log is a file.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import secrets
import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path

import psutil

import settings
from serving import logfile
from serving.config import read_config
from serving.errors import CheckpointError

#: Bytes of Ray's object store. Requests and answers travel beside it, so the smallest that Ray takes will do.
OBJECT_STORE_BYTES = 80 * 1024 * 1024
#: Processes without which nothing is served, and how often they are looked at, in seconds.
VITAL = {"raylet", "gcs_server"}
WATCH_SECONDS = 1.0
#: How the folder of Ray's files begins; the number of the process follows. Short, since sockets lie in it.
PREFIX = "voxreel-ray-"
#: Ray opens its own folder to every user of the machine, so it lies inside one that is closed to them.
RAY = "r"
#: 0: a Ray of one machine, which takes 127.0.0.1 for its address and listens there. Windows and macOS have it so by
#: default; elsewhere Ray listens on all interfaces, and turns a `_node_ip_address` of 127.0.0.1 into one of the network.
LOOPBACK_VARIABLE = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"

logger = logging.getLogger("serving.run")


class RayDied(Exception):
    """A process of Ray ended by itself."""


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m serving.run", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8100, help="port to listen on (default: 8100)")
    parser.add_argument(
        "--dashboard-port", type=int, help="port of Ray's dashboard on 127.0.0.1 (default: 8265 or the next free)"
    )
    options = parser.parse_args(arguments)
    stopped = threading.Event()
    _heed_signals(stopped)
    _remove_leftovers()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    try:
        configured = settings.load()
        # Ray prints warnings of its own accord; what matters of them is in the log as JSON.
        with logfile.collected(folder), open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            logfile.configure(configured.log_level)
            try:
                read_config(configured.checkpoint)
            except CheckpointError as error:
                return _failed(f"serving cannot start: {error}")
            return _serve(options, folder, stopped)
    except (settings.SettingsError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_leftovers() -> None:
    """Remove the folders of processes that were killed before they could do it themselves."""
    for path in Path(tempfile.gettempdir()).glob(PREFIX + "*-*"):
        number = path.name.removeprefix(PREFIX).split("-")[0]
        if number.isdecimal() and not psutil.pid_exists(int(number)) and path.stat().st_uid == os.getuid():
            shutil.rmtree(path, ignore_errors=True)


def _heed_signals(stopped: threading.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())


def _serve(options: argparse.Namespace, folder: Path, stopped: threading.Event) -> int:
    try:
        dashboard = _start_ray(folder, options.dashboard_port)
        _heed_signals(stopped)  # Ray put handlers of its own in their place
        import ray
        from ray import serve

        try:
            if not stopped.is_set():
                _deploy(options.host, options.port)
                where = {"url": f"http://{options.host}:{options.port}", "dashboard": dashboard}
                logger.info("serving is ready", extra={**where, "dashboard_token_file": os.environ.get("RAY_AUTH_TOKEN_PATH")})
            _watch(stopped)
            logger.info("serving stops")
            serve.shutdown()
        finally:
            ray.shutdown()
    except RayDied as error:
        return _failed(f"{error} Start serving again; Ray's own logs are gone with it.")
    except Exception as error:
        logger.debug("what broke the start", exc_info=True)
        return _failed(f"serving could not start: {error}")
    return 0


def _failed(sentence: str) -> int:
    """Say why serving ends. Who started it reads standard error, even where the log goes into a file."""
    logger.error("%s", sentence)
    if os.environ.get(logfile.FILE_VARIABLE):
        print(sentence, file=sys.stderr)
    return 1


def _start_ray(folder: Path, dashboard_port: int | None) -> str:
    """Start a local Ray, quiet, and let its workers find this program wherever it was started from.

    Returns the address of its dashboard.
    """
    root = str(settings.ROOT)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault(LOOPBACK_VARIABLE, "0")
    _require_token(folder)
    import ray
    from ray import serve  # noqa: F401  it sets its logger up when imported

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
    return str(context.dashboard_url)


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


def _deploy(host: str, port: int) -> None:
    import ray
    from ray import serve

    from serving.app import Speech

    gpus = int(ray.cluster_resources().get("GPU", 0))
    serve.start(
        proxy_location="HeadOnly",
        http_options={"host": host, "port": port},
        logging_config={"encoding": "JSON", "enable_access_log": False},
    )
    # `serve.deployment` makes the class a Deployment, which its types do not tell.
    application = Speech.options(  # type: ignore[attr-defined]
        num_replicas=max(1, gpus), ray_actor_options={"num_cpus": 1, "num_gpus": min(1, gpus)}
    ).bind()
    serve.run(application, name="voxreel", route_prefix="/", logging_config={"encoding": "JSON", "enable_access_log": False})


def _watch(stopped: threading.Event) -> None:
    """Wait for the signal. Raises RayDied as soon as a vital process is gone."""
    vital = [process for process in psutil.Process().children(recursive=True) if process.name() in VITAL]
    while not stopped.wait(WATCH_SECONDS):
        for process in vital:
            if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                raise RayDied(f"Ray's process {process.pid} died.")


if __name__ == "__main__":
    sys.exit(main())
