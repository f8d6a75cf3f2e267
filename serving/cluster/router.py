"""Which replica gets a request: one that has the model it names already, if any, else whichever has less to do.

Serve's own multiplexing lets a replica put models away by their number only, where ours go by bytes. So the replicas tell
what they have (`record_routing_stats`), and this router, which runs in the proxy, heeds it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from urllib.parse import unquote

from ray.serve.request_router import FIFOMixin, MultiplexMixin, PendingRequest, RequestRouter, RunningReplica

#: Key of what a replica tells: the names of its models.
MODELS = "models"


class ModelRouter(FIFOMixin, MultiplexMixin, RequestRouter):
    """Of two replicas, drawn by chance from those with the model, Serve takes the one with fewer requests."""

    async def choose_replicas(
        self, candidate_replicas: list[RunningReplica], pending_request: PendingRequest | None = None
    ) -> list[list[RunningReplica]]:
        model = ""
        if pending_request is not None:
            model = unquote(pending_request.metadata.multiplexed_model_id)
            pending_request.routing_context.should_backoff = True  # before all are asked again
        return preferred(candidate_replicas, model)


def preferred(replicas: Sequence[RunningReplica], model: str) -> list[list[RunningReplica]]:
    """Two of those with the model and then, for when these are full, two of the others."""
    having = [replica for replica in replicas if model in replica.routing_stats.get(MODELS, ())]
    others = [replica for replica in replicas if replica not in having]
    return [random.sample(group, min(2, len(group))) for group in (having, others) if group]
