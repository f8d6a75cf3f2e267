"""The order of the tests: the craft first, then what needs servers, the whole stack last; so most mistakes show early."""

from __future__ import annotations

from pathlib import Path

import pytest

ORDER = ("speech", "subtitles", "script", "video", "store", "workers", "jobs", "documents", "api", "cli", "serving", "stack")
ROOT = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by room; within a room the order stays."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    room = item.path.relative_to(ROOT).parts[0]
    return ORDER.index(room) if room in ORDER else -1
