"""The API as the commands use it: plain calls that either answer or raise a CliError."""

from __future__ import annotations

import ipaddress
import random
import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from cli.answers import describe
from cli.errors import BadUse, CliError, Unreachable
from cli.talk import Tell, telling

#: Seconds to wait for a connection, and for the next bytes of an answer.
TIMEOUT = (5.0, 60.0)
#: Seconds for which a call is tried again while the server is restarted or overloaded.
PATIENCE = 120.0
#: Seconds for which the first call waits for a server that is not there: it was most likely never started.
FIRST_PATIENCE = 2.0
#: Seconds for the call that cancels a job after Ctrl-C: the user wants to leave.
HASTE = 5.0


class Client:
    """A connection to one server. Calls that change nothing, or are named by a key, are tried again when it goes away."""

    def __init__(self, url: str, key: str, patience: float = PATIENCE, tell: Tell | None = None):
        self.url = url.rstrip("/")
        self.patience = patience
        self._tell = tell or telling(quiet=True)
        self._session = requests.Session()
        # Not as Authorization: an entry for the host in ~/.netrc would take its place.
        self._session.headers.update({"X-API-Key": key, "User-Agent": "voxreel-cli"})
        # The proxy of the environment cannot reach this machine.
        self._session.trust_env = not is_loopback(self.url)
        self._met = False
        self._etags: dict[str, tuple[str, dict[str, Any]]] = {}

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def submit(self, kind: str, fields: dict[str, Any], files: list[tuple[str, tuple[str, bytes]]]) -> dict[str, Any]:
        """Submit a job of `kind` (speech, videos); `files` are (field, (name, content)). The job."""
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        given = {name: value for name, value in fields.items() if value is not None}
        path = f"/v1/{kind}"
        if not files:
            return self._call("POST", path, json=given, headers=headers).json()
        form = {name: str(value).lower() if isinstance(value, bool) else value for name, value in given.items()}
        return self._call("POST", path, data=form, files=files, headers=headers).json()

    def job(self, job_id: str) -> dict[str, Any]:
        """The job with its progress. Asking again costs the server little while nothing has changed."""
        etag, known = self._etags.get(job_id, (None, {}))
        response = self._call("GET", f"/v1/jobs/{quote(job_id, safe='')}", headers={"If-None-Match": etag} if etag else {})
        if response.status_code == 304:
            return known
        job = response.json()
        if "ETag" in response.headers:
            self._etags[job_id] = (response.headers["ETag"], job)
        return job

    def jobs(self, status: str | None, kind: str | None, limit: int) -> list[dict[str, Any]]:
        """The newest jobs, `limit` at most."""
        found: list[dict[str, Any]] = []
        cursor = None
        while len(found) < limit:
            query = {"status": status, "kind": kind, "limit": min(limit - len(found), 200), "cursor": cursor}
            page = self._call("GET", "/v1/jobs", params=query).json()
            found += page["jobs"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        return found

    def cancel(self, job_id: str, *, haste: bool = False) -> dict[str, Any]:
        """Cancel a job; with `haste`, try for a moment only."""
        return self._call("DELETE", f"/v1/jobs/{quote(job_id, safe='')}", patience=HASTE if haste else None).json()

    def voices(self) -> dict[str, Any]:
        """The voices and the checkpoint they belong to."""
        return self._call("GET", "/v1/voices", patience=HASTE).json()

    def fetch(self, file: dict[str, Any], start: int, etag: str | None) -> requests.Response:
        """The bytes of a job's file from `start` on, to be streamed; whole (status 200) if it is not the one of `etag`."""
        headers = {"Range": f"bytes={start}-", "If-Range": etag} if start and etag else {}
        return self._call("GET", file["url"], headers=headers, stream=True)

    def _call(self, method: str, path: str, *, patience: float | None = None, **parts: Any) -> requests.Response:
        """One call, tried again with growing pauses for as long as the server is away or busy. Raises CliError."""
        began = time.monotonic()
        patience = self.patience if patience is None else patience
        for pause in _pauses():
            try:
                response = self._session.request(method, self.url + path, timeout=TIMEOUT, allow_redirects=False, **parts)
                self._met = True
                error = describe(response)
                if error is None:
                    return response
                asked = _seconds(response.headers.get("Retry-After"))
                wait = max(pause, asked)
            except requests.RequestException as lost:
                error, wait, asked = _lost(self.url, lost), pause, 0.0
            longest = patience if self._met else min(patience, FIRST_PATIENCE)
            if not isinstance(error, Unreachable) or time.monotonic() + wait > began + longest:
                raise error
            if asked:
                self._tell(f"the server asks to wait; trying again in {wait:.0f} s")
            time.sleep(wait)
        raise AssertionError("the pauses never end")


def is_loopback(url: str) -> bool:
    """Whether `url` leads to this very machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _lost(url: str, error: requests.RequestException) -> CliError:
    if isinstance(
        error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema | requests.exceptions.InvalidHeader
    ):
        return BadUse(f"{url} is no address that can be asked. Set VOXREEL_URL to one such as http://127.0.0.1:8000.")
    what = "did not answer in time" if isinstance(error, requests.Timeout) else "cannot be reached"
    return Unreachable(
        f"The server at {url} {what}. Start one with `voxreel serve`, set VOXREEL_URL to where it runs, or add --local."
    )


def _pauses() -> Iterator[float]:
    pause = 0.2
    while True:
        yield pause * random.uniform(0.75, 1.25)
        pause = min(pause * 2, 5.0)


def _seconds(retry_after: str | None) -> float:
    return float(retry_after) if retry_after and retry_after.isdigit() else 0.0
