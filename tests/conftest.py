"""The order of the tests: the craft first, then what needs servers, the whole stack last; so most mistakes show early.

Property tests try other examples at every run on a desk (`make fuzz` does it again and again), and the same ones in CI,
where a change must not fail for an old mistake.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")

ORDER = (
    "speech",
    "subtitles",
    "script",
    "video",
    "store",
    "workers",
    "cleanup",
    "jobs",
    "documents",
    "api",
    "cli",
    "serving",
    "stack",
)
ROOT = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by room; within a room the order stays."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    room = item.path.relative_to(ROOT).parts[0]
    return ORDER.index(room) if room in ORDER else -1


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT as a terminal gives it: who starts tests in the background of a shell ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
