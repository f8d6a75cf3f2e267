"""A TCP proxy that breaks connections: the cable that somebody trips over."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def flaky_proxy(port: int, cut_after: int, cuts: int) -> Iterator[str]:
    """Hands bytes on to `port`; the first `cuts` answers longer than `cut_after` bytes are cut there. Yields its URL."""
    left = [cuts]
    listener = socket.create_server(("127.0.0.1", 0))

    def copy(source: socket.socket, target: socket.socket, *, cutting: bool) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                passed += len(data)
                if cutting and passed > cut_after and left[0] > 0:
                    left[0] -= 1
                    break
                target.sendall(data)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                inner, _ = listener.accept()
                outer = socket.create_connection(("127.0.0.1", port))
                threading.Thread(target=copy, args=(inner, outer), kwargs={"cutting": False}, daemon=True).start()
                threading.Thread(target=copy, args=(outer, inner), kwargs={"cutting": True}, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()
        assert left[0] == 0, "the connection was never cut"
