"""Stages of the recipe that run side by side."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

together = importlib.import_module("voices.training.__main__").together

#: Like a training: ends with 143 when it is told to, and leaves word of it.
SAVES = """
import pathlib, signal, sys, time
def end(*_):
    pathlib.Path(sys.argv[1]).write_text("saved")
    sys.exit(143)
signal.signal(signal.SIGTERM, end)
pathlib.Path(sys.argv[1]).write_text("running")
time.sleep(600)
"""


def saving(path: Path) -> list[str]:
    return [sys.executable, "-c", SAVES, str(path)]


def ending(code: int, after: Path | None = None) -> list[str]:
    """Ends with a code, once `after` is there."""
    wait = f"import pathlib, time\nwhile not pathlib.Path({str(after)!r}).exists(): time.sleep(0.02)\n" if after else ""
    return [sys.executable, "-c", f"{wait}raise SystemExit({code})"]


def test_stages_that_end_well_are_waited_for() -> None:
    together([ending(0), ending(0)])


def test_a_stage_that_fails_ends_the_one_beside_it_and_gives_its_code(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as failed:
        together([saving(tmp_path / "one"), ending(3, after=tmp_path / "one")])
    assert failed.value.code == 3
    assert (tmp_path / "one").read_text() == "saved"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_who_ends_the_recipe_ends_its_stages_which_save(tmp_path: Path, number: int) -> None:
    def tell() -> None:
        deadline = time.monotonic() + 30
        while not (tmp_path / "one").exists() and time.monotonic() < deadline:
            threading.Event().wait(0.02)
        os.kill(os.getpid(), number)

    handler = signal.getsignal(number)
    threading.Thread(target=tell).start()
    with pytest.raises(SystemExit) as ended:
        together([saving(tmp_path / "one")])
    assert ended.value.code == 128 + number
    assert (tmp_path / "one").read_text() == "saved"
    assert signal.getsignal(number) == handler
