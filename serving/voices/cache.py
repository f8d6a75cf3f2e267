"""A folder of voices, each read when it is first asked for and kept while there is room.

The folder is the truth. A voice that is added appears with the next call, one that is changed is read again, one that is
broken fails alone.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import hashlib
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping, ValuesView
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from serving.characters import well_formed
from serving.errors import VoiceUnusable
from serving.voices import references

if TYPE_CHECKING:
    from serving.voices.voice import Voice

#: Bytes of spectrograms and texts kept by default; a reference of 10 s takes 375 KB.
KEPT_BYTES = 256 * 1024 * 1024
#: Sizes and times of change of both files of a voice: while they stay, so does what was read.
State = tuple[int, int, int, int]

T = TypeVar("T")
logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Listed:
    """What can be told of a voice without its spectrogram."""

    name: str
    language: str
    fingerprint: str


@dataclasses.dataclass(frozen=True)
class _Kept(Generic[T]):
    state: State
    found: T | VoiceUnusable

    def get(self) -> T:
        if isinstance(self.found, VoiceUnusable):
            raise self.found.with_traceback(None)
        return self.found


class _Usable(ValuesView["Voice"]):
    def __init__(self, voices: Voices) -> None:
        super().__init__(voices)
        self._voices = voices

    def __iter__(self) -> Iterator[Voice]:
        for name in self._voices:
            with contextlib.suppress(KeyError, VoiceUnusable):
                yield self._voices[name]


class Voices(Mapping[str, "Voice"]):
    """The voices in a folder, by name. May be used by any thread; only one at a time reads files.

    voices[name] raises KeyError where there is no such voice, VoiceUnusable where its files are no use. Iterating tells
    the names of all, usable or not, and reads none.
    """

    def __init__(self, folder: Path, read: Callable[[str, bytes, bytes], Voice], most_bytes: int = KEPT_BYTES) -> None:
        """read: from name, contents of the wave and of the .json to a voice; raises VoiceUnusable."""
        self._folder, self._read, self._most = folder, read, most_bytes
        self._kept: collections.OrderedDict[str, _Kept[Voice]] = collections.OrderedDict()
        self._listed: dict[str, _Kept[Listed]] = {}
        self._lock, self._reading = threading.Lock(), threading.Lock()

    def __iter__(self) -> Iterator[str]:
        try:
            files = [entry.name for entry in os.scandir(self._folder)]
        except FileNotFoundError:
            files = []
        # Hidden files are what copying programs write on the way; a name that is not UTF-8 can be told to nobody.
        waves = [name for name in files if name.endswith(".wav") and not name.startswith(".") and well_formed(name)]
        return iter(sorted(name[:-4] for name in waves))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        # By the folder's own list, as a name that holds "/" would lead out of it.
        return name in set(self)

    def __getitem__(self, name: str) -> Voice:
        if name not in self:
            raise KeyError(name)
        state = self._state(name)
        found = self._remembered(name, state)
        if found is None:
            with self._reading:
                found = self._remembered(name, state) or self._keep(name, _Kept(state, self._attempt(name)))
        return found.get()

    def values(self) -> ValuesView[Voice]:
        """The usable voices, each read when its turn comes."""
        return _Usable(self)

    def listed(self) -> list[Listed]:
        """The usable voices, as far as that can be told without computing spectrograms; the log tells of the others."""
        found = []
        for name in self:
            with contextlib.suppress(VoiceUnusable):
                found.append(self._list(name))
        return found

    @property
    def kept_bytes(self) -> int:
        with self._lock:
            return self._bytes()

    def _remembered(self, name: str, state: State) -> _Kept[Voice] | None:
        with self._lock:
            kept = self._kept.get(name)
            if kept is None or kept.state != state:
                return None
            self._kept.move_to_end(name)
            return kept

    def _keep(self, name: str, kept: _Kept[Voice]) -> _Kept[Voice]:
        with self._lock:
            self._kept[name] = kept
            self._kept.move_to_end(name)
            while len(self._kept) > 1 and self._bytes() > self._most:
                self._kept.popitem(last=False)
        return kept

    def _bytes(self) -> int:
        return sum(kept.found.bytes for kept in self._kept.values() if not isinstance(kept.found, VoiceUnusable))

    def _attempt(self, name: str) -> Voice | VoiceUnusable:
        try:
            return self._read(name, *self._contents(name))
        except VoiceUnusable as error:
            logger.warning("a voice cannot be used: %s", error)
            return error

    def _list(self, name: str) -> Listed:
        state = self._state(name)
        kept = self._listed.get(name)
        if kept is None or kept.state != state:
            kept = self._listed[name] = _Kept(state, self._look(name))
        known = self._remembered(name, state)
        if known is not None:
            known.get()
        return kept.get()

    def _look(self, name: str) -> Listed | VoiceUnusable:
        try:
            wave, about = self._contents(name)
            return Listed(name, references.language(name, wave, about), fingerprint(wave, about))
        except VoiceUnusable as error:
            logger.warning("a voice cannot be used: %s", error)
            return error

    def _contents(self, name: str) -> tuple[bytes, bytes]:
        wave, about = self._files(name)
        try:
            return wave.read_bytes(), about.read_bytes()
        except OSError as error:
            raise VoiceUnusable(
                name, f"lacks a file that can be read ({error}). It needs {name}.wav, and {name}.json with text and language."
            ) from error

    def _state(self, name: str) -> State:
        wave, about = (_stat(path) for path in self._files(name))
        return (*wave, *about)

    def _files(self, name: str) -> tuple[Path, Path]:
        return self._folder / f"{name}.wav", self._folder / f"{name}.json"


def _stat(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (-1, -1)
    return (status.st_size, status.st_mtime_ns)


def fingerprint(wave: bytes, about: bytes) -> str:
    """SHA-256 (hex) of both files of a voice."""
    return hashlib.sha256(hashlib.sha256(wave).digest() + hashlib.sha256(about).digest()).hexdigest()
