"""Speech on disk: one line of JSON an utterance, and all waves in one file, so that a run can be cut off and gone on with."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from voices.training import lock

RATE = 24_000
#: Root mean square of every wave: the level that references are brought to in use.
LEVEL = 0.1
#: Files of a corpus folder; the last is there when the others are whole.
LINES, WAVES, COMPLETE = "utterances.jsonl", "waves.i16", "complete"


@dataclasses.dataclass(frozen=True)
class Planned:
    """What somebody shall say. id: of text and speaker (`identity`), and the seed of the speech."""

    id: int
    text: str
    language: str
    speaker: str
    teacher: str
    held_out: bool


@dataclasses.dataclass(frozen=True)
class Utterance(Planned):
    """offset, samples: where its wave lies in the file, in samples."""

    offset: int
    samples: int

    @property
    def seconds(self) -> float:
        return self.samples / RATE


def identity(text: str, speaker: str) -> int:
    """Told by who says what, so that another plan finds what was spoken already, and never takes one text for another."""
    return int.from_bytes(hashlib.sha256(f"{speaker}\0{text}".encode()).digest()[:6], "big")


def levelled(samples: np.ndarray) -> np.ndarray:
    """float32 [n] at the corpus's level; silence stays silence."""
    return samples * np.float32(LEVEL / max(float(np.sqrt(np.mean(samples**2))), 1e-6))


class Corpus:
    """Read access. `utterances` are in the order of the file, which is shuffled: any beginning is a fair sample."""

    def __init__(self, folder: Path) -> None:
        """Raises SystemExit, which says what to run, where there is no corpus, or only the beginning of one."""
        if not (folder / COMPLETE).exists():
            raise SystemExit(f"{folder} holds no complete corpus. Make it with: python -m voices.training.speech")
        self.folder = folder
        self.utterances = tuple(_lines(folder))
        self._waves = np.memmap(folder / WAVES, np.int16, "r")

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of who says what for how long: what is made of a corpus is of this one only."""
        return hashlib.sha256((self.folder / LINES).read_bytes()).hexdigest()

    def wave(self, utterance: Utterance) -> np.ndarray:
        """float32 [samples], at 24 kHz and RMS 0.1."""
        return self._waves[utterance.offset : utterance.offset + utterance.samples].astype(np.float32) / 32_768


class Writer:
    """Appends to a corpus folder; what an earlier run wrote stays. A line is written after its wave, so it never lies, and
    the corpus is incomplete until it is closed. One process at a time writes: for another it ends with SystemExit."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = lock.take(folder / "writing.lock", f"writes speech to {folder}")
        (folder / COMPLETE).unlink(missing_ok=True)
        written = list(_lines(folder)) if (folder / LINES).exists() else []
        self.done = {utterance.id for utterance in written}
        self._folder = folder
        self._end = max((utterance.offset + utterance.samples for utterance in written), default=0)
        self._waves = open(folder / WAVES, "ab")  # noqa: SIM115 (closed by close)
        self._waves.truncate(2 * self._end)
        self._list = open(folder / LINES, "ab")  # noqa: SIM115
        self._list.truncate(sum(len(_line(utterance)) for utterance in written))

    def add(self, planned: Planned, samples: np.ndarray) -> None:
        """samples: float32 [n] at 24 kHz, of any level."""
        self._waves.write((np.clip(levelled(samples), -1, 1) * 32_767).astype("<i2").tobytes())
        self._waves.flush()
        self._list.write(_line(Utterance(**dataclasses.asdict(planned), offset=self._end, samples=len(samples))))
        self._list.flush()
        self._end += len(samples)

    def close(self, *, complete: bool) -> None:
        """complete: whether all that was planned is there."""
        self._waves.close()
        self._list.close()
        if complete:
            (self._folder / COMPLETE).touch()
        self._lock.close()


def _line(utterance: Utterance) -> bytes:
    return (json.dumps(dataclasses.asdict(utterance), ensure_ascii=False) + "\n").encode()


def _lines(folder: Path) -> Iterator[Utterance]:
    with open(folder / LINES, encoding="utf-8") as lines:
        for line in lines:
            if not line.endswith("\n"):  # a run was killed while it wrote this one
                return
            yield Utterance(**json.loads(line))
