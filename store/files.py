"""The file store: what was made once is kept under the hash of all that determines it.

An entry is a small folder of files. It appears whole, by one rename, or not at all; it never changes afterwards.

    entries/ab/ab12.../name   the files of the entry ab12...
    scratch/{random}/         a folder somebody works in
    scratch/{random}.lock     locked (flock) for as long as that somebody lives
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import logging
import os
import re
import shutil
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from store.errors import BadAddress, BadName, MissingFile

logger = logging.getLogger(__name__)

_ADDRESS = re.compile(r"[0-9a-f]{64}")
_LONGEST_NAME = 200


def address_of(kind: str, **parts: Any) -> str:
    """The address (64 hexadecimal digits) of what `parts` determine: the SHA-256 of their canonical JSON.

    `parts` hold only what JSON knows; order of keys does not matter, floats count by their shortest exact digits.
    """
    canonical = json.dumps([kind, parts], sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


@dataclasses.dataclass(frozen=True)
class Entry:
    """What is known of an entry: bytes of all its files, and when it was last published or asked for (UTC)."""

    address: str
    bytes: int
    modified: datetime


class FileStore:
    """Entries under one folder, which several processes and machines may share."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._entries = root / "entries"
        self._scratch = root / "scratch"

    def has(self, address: str) -> bool:
        """Whether the entry is here. Asking makes it young again, so that retention lets whoever asked finish."""
        try:
            os.utime(self._folder(address))
        except FileNotFoundError:
            return False
        return True

    def publish(self, address: str, files: Mapping[str, bytes | Path]) -> None:
        """Make `files` (name to content, or to a file that is moved in) appear under `address`, all at once.

        Publishing an address again changes nothing: equal addresses hold equal things.
        """
        target = self._folder(address)
        for name in files:
            _check_name(name)
        if not files:
            raise ValueError("An entry needs at least one file.")
        if self.has(address):
            return
        with self.scratch() as scratch:
            staged = scratch / "entry"
            staged.mkdir()
            for name, content in files.items():
                _place(staged / name, content)
            _sync(staged)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                staged.rename(target)
            except OSError:
                if not target.is_dir():
                    raise
                return  # another publisher was faster with the same thing
            _sync(target.parent)

    def path(self, address: str, name: str) -> Path:
        """Where the file `name` of an entry lies. Raises MissingFile when it does not."""
        _check_name(name)
        path = self._folder(address) / name
        if not path.is_file():
            raise MissingFile(
                f"The store no longer holds {name!r} of entry {address[:12]}. Submit the job again to make it anew."
            )
        return path

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder to work in, on the file system of the entries; removed at exit, or by `sweep` after a crash."""
        folder, lock = self._claim_scratch()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            folder.with_suffix(".lock").unlink(missing_ok=True)
            os.close(lock)

    def sweep(self) -> int:
        """Remove the scratch folders whose owners died. Returns how many."""
        owned = {path.with_suffix("") for path in self._scratch.glob("*")}
        return sum(_remove_if_abandoned(folder) for folder in sorted(owned))

    def remove(self, address: str) -> None:
        """Remove an entry at once; harmless when there is none."""
        with self.scratch() as scratch, contextlib.suppress(FileNotFoundError):
            self._folder(address).rename(scratch / "removed")

    def remove_older(self, address: str, than: datetime) -> bool:
        """Remove an entry that nobody published or asked for since `than`. False when it is younger, or gone."""
        folder = self._folder(address)
        with self.scratch() as scratch:
            aside = scratch / "removed"
            try:
                if _modified(folder) >= than:
                    return False
                folder.rename(aside)
            except FileNotFoundError:
                return False
            if _modified(aside) >= than:  # somebody asked for it in this very moment
                with contextlib.suppress(OSError):
                    aside.rename(folder)
                return False
        return True

    def entries(self) -> Iterator[Entry]:
        """Every entry, in no particular order."""
        for folder in self._entries.glob("??/*"):
            with contextlib.suppress(FileNotFoundError):
                size = sum(file.stat().st_size for file in folder.iterdir())
                yield Entry(folder.name, size, _modified(folder))

    def _folder(self, address: str) -> Path:
        if not _ADDRESS.fullmatch(address):
            raise BadAddress(f"{address[:80]!r} is no address of the file store; one is 64 hexadecimal digits in lower case.")
        return self._entries / address[:2] / address

    def _claim_scratch(self) -> tuple[Path, int]:
        """A new scratch folder and the open lock that tells others that its owner lives."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        while True:
            folder = self._scratch / uuid.uuid4().hex
            path = folder.with_suffix(".lock")
            lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _is_open_file(path, lock):
                folder.mkdir()
                return folder, lock
            os.close(lock)  # a sweep took the file away between its creation and our lock: try another name


def _check_name(name: str) -> None:
    if not 0 < len(name) <= _LONGEST_NAME or "/" in name or "\\" in name or not name.isprintable() or not name.strip("."):
        raise BadName(f"{name[:80]!r} cannot name a file of an entry; use a plain name without slashes.")


def _place(path: Path, content: bytes | Path) -> None:
    if isinstance(content, Path):
        shutil.move(content, path)
    else:
        path.write_bytes(content)
    _sync(path)


def _sync(path: Path) -> None:
    """Make sure that a file's bytes, or a folder's names, survive a loss of power."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _modified(folder: Path) -> datetime:
    return datetime.fromtimestamp(folder.stat().st_mtime, UTC)


def _is_open_file(path: Path, handle: int) -> bool:
    """Whether `path` still names the file that is open as `handle`."""
    try:
        return path.stat().st_ino == os.fstat(handle).st_ino
    except FileNotFoundError:
        return False


def _remove_if_abandoned(folder: Path) -> bool:
    """Remove a scratch folder whose lock nobody holds. False when its owner lives."""
    path = folder.with_suffix(".lock")
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
        path.unlink(missing_ok=True)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    logger.info("scratch of a dead process removed", extra={"folder": folder.name})
    return True
