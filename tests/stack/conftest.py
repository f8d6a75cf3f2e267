"""The whole stack, started once for all tests of this room, as `make serve` starts it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

import settings
from stack.launch import RunningStack, running_stack

#: Short leases, so that a test sees a killed worker's step come back within seconds; and tests look more often than people.
ENVIRONMENT = {"VOXREEL_LEASE_SECONDS": "4", "VOXREEL_RECONCILE_SECONDS": "1", "VOXREEL_RATE_LIMIT": "10000 per minute"}


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [
            name for name in os.environ if name.startswith(("VOXREEL_", "REDIS_URL", "BROKER_REDIS_URL", "DATABASE_URL"))
        ]:
            patch.delenv(name)
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        patch.setenv("VOXREEL_DATA_DIR", str(tmp_path_factory.mktemp("stack")))
        with running_stack(settings.load()) as running:
            yield running
