"""`python -m serving.run`: the speech application on a Ray, until SIGTERM or SIGINT.

The Ray is one of our own (cluster/own_ray.py) or, with VOXREEL_RAY_ADDRESS, a cluster that runs already, from which only our
application is removed in the end. Exit code 0 after a signal, 1 when something failed, said in the last line of the log,
and on standard error too where the log is a file.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import settings
from serving.checkpoints.config import read_config
from serving.cluster import logfile, own_ray
from serving.errors import CheckpointError

if TYPE_CHECKING:
    from serving.cluster.deploying import Cluster  # brings Ray, which is configured first

#: How often Ray is looked at, in seconds.
WATCH_SECONDS = 1.0
#: Seconds that Serve may take beyond those in which its replicas drain.
REMOVAL_SECONDS = 10.0

logger = logging.getLogger("serving.run")


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
    folder = own_ray.make_folder()
    try:
        configured = settings.load()
        # Ray prints warnings of its own accord; what matters of them is in the log as JSON.
        with logfile.collected(folder), open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            logfile.configure(configured.log_level)
            return _serve(options, configured, folder, stopped)
    except (settings.SettingsError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _heed_signals(stopped: threading.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())


def _serve(options: argparse.Namespace, configured: settings.Settings, folder: Path, stopped: threading.Event) -> int:
    try:
        if configured.ray_address:
            _serve_on_cluster(configured.ray_address, options, configured, stopped)
        else:
            _serve_alone(options, configured, folder, stopped)
    except CheckpointError as error:
        return _failed(f"serving cannot start: {error}")
    except own_ray.RayDied as error:
        return _failed(f"{error} Start serving again; Ray's own logs are gone with it.")
    except Exception as error:
        logger.debug("what ended it", exc_info=True)
        return _failed(f"serving failed: {error}")
    return 0


def _failed(sentence: str) -> int:
    """Say why serving ends. Who started it reads standard error, even where the log goes into a file."""
    logger.error("%s", sentence)
    if os.environ.get(logfile.FILE_VARIABLE):
        print(sentence, file=sys.stderr)
    return 1


def _serve_alone(options: argparse.Namespace, configured: settings.Settings, folder: Path, stopped: threading.Event) -> None:
    """Serve on a Ray of our own."""
    read_config(configured.checkpoint)  # what is wrong with it is told at once, and not after Ray has started
    try:
        dashboard = own_ray.start(folder, options.dashboard_port)
    except SystemExit:  # what Ray makes of a signal while it starts; its processes end with this one
        logger.info("serving stops")
        return
    try:
        _heed_signals(stopped)  # Ray put handlers of its own in their place
        from serving.cluster.deploying import Cluster

        vital = own_ray.vital_processes()
        _serve_until(stopped, Cluster(dashboard), options, configured, lambda: own_ray.require_alive(vital))
    finally:
        own_ray.stop()


def _serve_on_cluster(
    dashboard: str, options: argparse.Namespace, configured: settings.Settings, stopped: threading.Event
) -> None:
    """Serve on a Ray that runs already."""
    from serving.cluster.deploying import Cluster

    _heed_signals(stopped)
    cluster = Cluster(dashboard)
    _serve_until(stopped, cluster, options, configured, cluster.require_application)


def _serve_until(
    stopped: threading.Event,
    cluster: Cluster,
    options: argparse.Namespace,
    configured: settings.Settings,
    look: Callable[[], None],
) -> None:
    """Deploy, look at intervals until the signal comes, let the replicas finish what they have, remove the application."""
    from serving.cluster.deploying import config

    url = cluster.deploy(config({"host": options.host, "port": options.port}), stopped)
    if not stopped.is_set():
        token = os.environ.get("RAY_AUTH_TOKEN_PATH")
        logger.info("serving is ready", extra={"url": url, "dashboard": cluster.address, "dashboard_token_file": token})
    while not stopped.wait(WATCH_SECONDS):
        look()
    logger.info("serving stops")
    if not cluster.remove(configured.drain_seconds + REMOVAL_SECONDS):
        logger.warning("some replicas did not end in time")


if __name__ == "__main__":
    sys.exit(main())
