"""Whether a replica can speak, and what it is doing."""

from __future__ import annotations

import dataclasses
import os
from typing import Any

from serving.cluster import cores
from serving.errors import ServingError
from serving.replica.shelf import Shelf


@dataclasses.dataclass(frozen=True)
class Health:
    """Looks at the models of one replica. replica, rank: how Serve calls it, and its number on this machine from 0."""

    shelf: Shelf
    replica: str
    rank: int

    def require(self) -> None:
        """Raise ServingError where a loop has died or is stuck in a call of its model, which only a new process mends."""
        for model in self.shelf.loaded():
            if not model.scheduler.alive:
                raise ServingError(
                    f"The loop that speaks with the model {model.name} has died or is stuck; this replica is replaced.",
                    "scheduler_ended",
                    503,
                )

    def statistics(self) -> dict[str, Any]:
        """The numbers of the default model and, by name, of all that are on the shelf."""
        by_model = {model.name: {**model.scheduler.statistics(), "bytes": model.bytes} for model in self.shelf.loaded()}
        return {
            **by_model.get(self.shelf.default, {}),
            "models": by_model,
            "replica": {"id": self.replica, "rank": self.rank, "process": os.getpid(), "cores": cores.available()},
        }
