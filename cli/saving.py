"""Writing what a job made to the user's files: whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import requests

from cli.client import Client
from cli.errors import BadUse, Unreachable

CHUNK = 1 << 18


def check_target(target: Path) -> None:
    """Make sure before any work is done that `target` can be written. Raises BadUse."""
    folder = target.parent
    if not folder.is_dir():
        raise BadUse(f"The folder {folder} does not exist. Make it, or choose another output file.")
    if target.is_dir():
        raise BadUse(f"{target} is a folder. Give the name of a file.")
    if not os.access(folder, os.W_OK):
        raise BadUse(f"The folder {folder} cannot be written to. Choose another output file.")


def save(client: Client, file: dict[str, Any], target: Path) -> None:
    """Fetch `file` (an element of a job's `files`) to `target`; what was there is replaced when all of it has come."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", suffix=".part", dir=target.parent)
        with contextlib.ExitStack() as undo:
            undo.callback(lambda: Path(name).unlink(missing_ok=True))
            with os.fdopen(descriptor, "wb") as part:
                _receive(client, file, part)
            Path(name).chmod(0o666 & ~_umask())
            os.replace(name, target)
    except OSError as error:
        raise BadUse(f"{target} cannot be written: {error.strerror}.") from None


def pour(client: Client, file: dict[str, Any]) -> None:
    """Fetch `file` to standard output, once all of it has come."""
    with tempfile.TemporaryFile() as part:
        _receive(client, file, part)
        part.seek(0)
        shutil.copyfileobj(part, sys.stdout.buffer, CHUNK)
        sys.stdout.buffer.flush()


def find(job: dict[str, Any], name: str) -> dict[str, Any] | None:
    """The file called `name` of a job, if it has one."""
    return next((file for file in job["files"] if file["name"] == name), None)


def _receive(client: Client, file: dict[str, Any], part: Any) -> None:
    """Fill `part` with all bytes of `file`; when the connection breaks, go on where it broke."""
    deadline = time.monotonic() + client.patience
    etag = None
    while True:
        before = part.tell()
        try:
            with client.fetch(file, before, etag) as response:
                etag = response.headers.get("ETag")
                if response.status_code != 206:
                    part.seek(0)
                    part.truncate()
                for chunk in response.iter_content(CHUNK):
                    part.write(chunk)
        except requests.RequestException:
            pass  # what has come stays; the length below tells that more is needed
        if part.tell() == file["size"]:
            part.flush()
            return
        if part.tell() > before:
            deadline = time.monotonic() + client.patience
        if part.tell() > file["size"] or time.monotonic() > deadline:
            raise Unreachable(
                f"{file['name']} came with {part.tell()} bytes instead of {file['size']}. Try `voxreel job` again."
            )
        time.sleep(0.5)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
