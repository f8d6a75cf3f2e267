"""A hub on the loopback: the part of huggingface.co's HTTP that pulling meets, with its headers, redirects and ranges.

Large files lie on a store of another host name, as they do on the real one, and are reached by a redirect.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"
#: Bytes from which on a file lies on the store.
LARGE = 10_000


@dataclasses.dataclass
class Hub:
    """files: repository -> path -> content. What goes wrong is set by the tests; `requests` is what was asked."""

    url: str = ""
    store: str = ""
    files: dict[str, dict[str, bytes]] = dataclasses.field(default_factory=dict)
    licence: str = "cc-by-nc-4.0"
    #: Repository -> status, and the code in X-Error-Code, that every request for it gets.
    refused: dict[str, tuple[int, str]] = dataclasses.field(default_factory=dict)
    #: Paths whose content differs from what the hub says of it.
    tampered: set[str] = dataclasses.field(default_factory=set)
    #: Bytes after which the store's next answer breaks off, once.
    break_after: int | None = None
    #: Bytes after which the store's answers stand still until `go_on` is set.
    stall_after: int | None = None
    go_on: threading.Event = dataclasses.field(default_factory=threading.Event)
    requests: list[dict[str, Any]] = dataclasses.field(default_factory=list)

    def publish(self, repo: str, folder: Path, paths: dict[str, str]) -> None:
        """Put files of `folder` into a repository. paths: path there -> path in the folder."""
        self.files.setdefault(repo, {}).update({there: (folder / here).read_bytes() for there, here in paths.items()})

    def asked(self, what: str) -> list[dict[str, Any]]:
        """The GET requests whose path holds `what`."""
        return [request for request in self.requests if what in request["path"] and request["method"] == "GET"]


@contextlib.contextmanager
def fake_hub() -> Iterator[Hub]:
    hub = Hub()

    class Handler(_Handler):
        served = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    hub.url, hub.store = (f"http://{host}:{server.server_port}" for host in ("127.0.0.1", "localhost"))
    try:
        yield hub
    finally:
        hub.go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    served: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_args: Any) -> None:
        """Says nothing."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        hub, path = self.served, self.path.partition("?")[0]
        hub.requests.append({"method": self.command, "path": self.path, **{k.lower(): v for k, v in self.headers.items()}})
        if stored := re.fullmatch(r"/store/([^/]+/[^/]+)/(.+)", path):
            self._stored(hub.files[stored[1]][stored[2]], stored[2])
        elif asked := re.fullmatch(r"/api/models/([^/]+/[^/]+)/revision/(.+)", path):
            self._about(asked[1], asked[2])
        elif asked := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._file(asked[1], asked[2], asked[3])
        else:
            self._say(404, b"")

    def _about(self, repo: str, revision: str) -> None:
        if not self._may(repo, revision):
            return
        siblings = [self._sibling(path, content) for path, content in self.served.files[repo].items()]
        card = {"license": self.served.licence}
        body = {"id": repo, "sha": COMMIT, "siblings": siblings, "cardData": card, "tags": [], "private": False}
        self._say(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _sibling(self, path: str, content: bytes) -> dict[str, Any]:
        about: dict[str, Any] = {"rfilename": path, "size": len(content), "blobId": _blob(content)}
        if len(content) >= LARGE:
            about["lfs"] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "pointerSize": 134}
        return about

    def _file(self, repo: str, revision: str, path: str) -> None:
        if not self._may(repo, revision):
            return
        content = self.served.files[repo].get(path)
        if content is None:
            self._say(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
        elif len(content) >= LARGE:
            linked = {"X-Linked-Etag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Linked-Size": str(len(content))}
            where = {"Location": f"{self.served.store}/store/{repo}/{path}?signature=s3cret"}
            self._say(302, b"", {"X-Repo-Commit": COMMIT, **linked, **where})
        else:
            self._say(200, content, {"ETag": f'"{_blob(content)}"', "X-Repo-Commit": COMMIT})

    def _may(self, repo: str, revision: str) -> bool:
        status, code = self.served.refused.get(repo, (200, ""))
        if status == 200 and repo not in self.served.files:
            status, code = 401, "RepoNotFound"  # as the real one says to whoever is not logged in
        elif status == 200 and revision not in ("main", COMMIT):
            status, code = 404, "RevisionNotFound"
        if status != 200:
            self._say(status, b'{"error": "no"}', {"X-Error-Code": code, "Content-Type": "application/json"})
        return status == 200

    def _stored(self, content: bytes, path: str) -> None:
        hub = self.served
        if path in hub.tampered:
            content = content[:-1] + bytes([content[-1] ^ 1])
        begin = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").rstrip("-"))
        ranged = {"Content-Range": f"bytes {begin}-{len(content) - 1}/{len(content)}"} if begin else {}
        self.send_response(206 if begin else 200)
        for name, value in {"Content-Length": str(len(content) - begin), "Accept-Ranges": "bytes", **ranged}.items():
            self.send_header(name, value)
        self.end_headers()
        if (stall := hub.stall_after) is not None:  # a test may take it back while this waits
            self._send(content[begin:stall])
            hub.go_on.wait()
            begin = max(begin, stall)
        if hub.break_after is not None:
            end, hub.break_after = hub.break_after, None
            self._send(content[begin:end])
            self.close_connection = True
            self.connection.close()
            return
        self._send(content[begin:])

    def _send(self, content: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            self.wfile.write(content)
            self.wfile.flush()

    def _say(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _blob(content: bytes) -> str:
    """Git's name for a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
