"""The Ray Serve application: `build` for Ray's own tools, and the replica that it deploys.

torch is imported inside the replica only, so that whoever deploys stays small.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ray
from ray import serve
from ray.serve.schema import ReplicaRank
from starlette.requests import Request
from starlette.responses import Response

import settings
from serving.cluster import arguments, cores, logfile, replicas, router
from serving.errors import ServingError
from serving.replica import knobs
from serving.replica.health import Health
from serving.replica.knobs import KnobsWrong
from serving.replica.metrics import Metrics
from serving.replica.routes import Routes
from serving.replica.shelf import Model, Shelf
from serving.replica.speaking import Speaker

logger = logging.getLogger(__name__)


@serve.deployment(name="speech")
class Speech:
    """One replica: the models on one device."""

    async def __init__(self, environment: Mapping[str, str], most: int) -> None:  # type: ignore[misc]  # Serve awaits it
        """environment: settings that were made where the application was deployed. most: replicas there may be."""
        os.environ.update(environment)
        self._configured = configured = settings.get()
        logfile.configure(configured.log_level)
        self._knobs = knobs.read(None, configured)
        self._most = most
        self._gpus = len(ray.get_gpu_ids())
        self._cores = cores.available()
        context = serve.get_replica_context()
        try:
            from serving.replica import loading

            threads = self._take_cores(context.rank.local_rank)
            device = loading.prepare(configured, threads, replicas.gpu_share(configured, self._gpus))
            load = functools.partial(self._load, loading.load, device, threads)
            self._shelf = Shelf(configured.checkpoint, configured.models_dir, load, configured.models_bytes)
            async with self._shelf.borrowed(None):
                pass
        except Exception as error:
            logger.error("serving cannot start: %s", error, exc_info=not isinstance(error, ServingError))
            raise
        metrics = Metrics(self._shelf)
        self._publishing = asyncio.create_task(metrics.publish_for_ever())
        self._speaker = Speaker(self._shelf, metrics, self._knobs)
        self._health = Health(self._shelf, context.replica_tag, context.rank.local_rank)
        self._routes = Routes(self._speaker, self._health)

    def _load(self, load: Any, device: Any, threads: int, name: str, folder: Path) -> Model:
        model = load(name, folder, device, threads, self._configured, self._knobs)
        self._limit(model)  # knobs may have been turned while it was loaded
        return model

    def _limit(self, model: Model) -> None:
        wanted = self._knobs
        model.scheduler.limit(wanted.batch_frames(model.batch_frames), wanted.max_queued_frames, wanted.remembered_frames)

    def _take_cores(self, rank: int) -> int:
        """On a CPU, take the cores that belong to this rank. Returns how many threads the model may have."""
        mine = cores.share(rank, self._most, self._configured.serving_threads, self._cores)
        if self._most > 1 and not self._gpus:
            cores.pin(mine)
        return len(mine)

    async def __call__(self, request: Request) -> Response:
        return await self._routes.answer(request)

    async def reconfigure(self, user_config: Any, rank: ReplicaRank) -> None:
        """Called by Serve when the replica is there, and whenever `user_config` of the deployment or the rank changes."""
        self._take_cores(rank.local_rank)
        try:
            self._knobs = knobs.read(user_config, self._configured)
        except KnobsWrong as error:
            # A replica that raises here is replaced by one that raises too, until nothing speaks any more.
            logger.error("user_config is left as it was: %s", error)
            return
        logging.getLogger().setLevel(self._knobs.log_level)
        self._speaker.knobs = self._knobs
        for model in self._shelf.loaded():
            self._limit(model)
        logger.info("user_config holds", extra={"user_config": user_config})

    async def record_routing_stats(self) -> dict[str, Any]:
        """Called by Serve at intervals, for serving/cluster/router.py."""
        return {router.MODELS: [model.name for model in self._shelf.loaded()]}

    async def check_health(self) -> None:
        """Called by Serve at intervals; it replaces a replica that raises here three times."""
        self._health.require()

    async def __del__(self) -> None:
        """Called by Serve when the last request has ended or the time to drain is over."""
        if hasattr(self, "_shelf"):
            await self._shelf.close()


def build(environment: dict[str, Any]) -> serve.Application:
    """The application, for `serve run`, `serve deploy` and serving.run. environment: settings (cluster/arguments.py).

    Raises ValueError, SettingsError.
    """
    checked = arguments.checked(environment)
    with arguments.applied(checked):
        configured = settings.load()
    cluster = ray.cluster_resources() if ray.is_initialized() else {}
    gpus = cluster.get("GPU", 0)
    options = replicas.options(configured, gpus, cluster.get("CPU", len(cores.available())))
    most = replicas.span(configured, gpus)[1]
    return Speech.options(**options).bind(checked, most)  # type: ignore[attr-defined]  # the decorator makes it a Deployment
