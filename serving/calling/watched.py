"""HTTP connections whose wait for an answer can be given up.

`requests` blocks until the first byte of an answer comes. Here the wait is cut into slices, between which the caller's
`cancelled` is asked; when it says yes, the connection is closed, and the server sees the disconnect.
"""

from __future__ import annotations

import contextlib
import contextvars
import select
import time
from collections.abc import Callable, Iterator
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_watch: contextvars.ContextVar[tuple[Callable[[], bool], float] | None] = contextvars.ContextVar("watch", default=None)


class Cancelled(Exception):
    """`cancelled` said yes while the answer was waited for."""


@contextlib.contextmanager
def watching(cancelled: Callable[[], bool], every: float) -> Iterator[None]:
    """Ask `cancelled` at the beginning of each wait in the block, and then every so many seconds."""
    token = _watch.set((cancelled, every))
    try:
        yield
    finally:
        _watch.reset(token)


def _wait_for_answer(connection: Any) -> None:
    """Return when the socket has something to read. Raises Cancelled, TimeoutError (urllib3 makes it a read timeout)."""
    watch = _watch.get()
    if watch is None or connection.sock is None:
        return
    cancelled, every = watch
    limit = connection.timeout if isinstance(connection.timeout, int | float) else None
    until = time.monotonic() + limit if limit is not None else None
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    while True:
        if cancelled():
            raise Cancelled
        if poll.poll(every * 1000):
            return
        if until is not None and time.monotonic() >= until:
            raise TimeoutError("timed out")


class _Connection(HTTPConnection):
    def getresponse(self) -> Any:
        _wait_for_answer(self)
        return super().getresponse()


class _SecureConnection(HTTPSConnection):
    def getresponse(self) -> Any:
        _wait_for_answer(self)
        return super().getresponse()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class WatchedAdapter(HTTPAdapter):
    """A requests adapter whose connections heed `watching`."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
