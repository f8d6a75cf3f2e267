from __future__ import annotations

import pytest

from pipeline.documents import Limits


@pytest.fixture
def limits() -> Limits:
    return Limits(bytes=25_000_000, pages=400, characters=300_000)
