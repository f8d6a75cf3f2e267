"""What a replica tells Ray's metrics, and so Ray's dashboard and Prometheus. docs/serving.md has the names.

Ray adds the replica to every one of them. The numbers are those of `Scheduler.statistics`, published at intervals; how long
requests took, and with how many others each passage was spoken, is noted as it happens.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence

from ray.serve import metrics

from serving.batching.memory import Counts
from serving.replica.shelf import Shelf

#: Seconds between two publications.
PERIOD = 2.0
#: Upper bounds of the histograms: seconds of a request, passages of a batch.
SECONDS = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0]
PASSAGES = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0]
#: Of the statistics, those that rise and fall.
GAUGES = {
    "waiting": "Passages that wait.",
    "waiting_frames": "Frames that wait.",
    "waiting_frames_low": "Frames that wait in the low lane.",
    "waiting_tenants": "Tenants with a passage that waits.",
    "oldest_waiting_seconds": "Seconds for which the oldest passage has waited.",
    "running": "Passages that run.",
    "running_frames": "Frames that run.",
    "batch_frames": "Frames that a batch may have.",
    "batch_occupancy": "How full the batches were so far, 0 to 1.",
    "frames_per_second": "Frames spoken a second of work, lately.",
}
#: Of the statistics, those that only rise.
COUNTERS = {field.name: f"How many were {field.name} since the start." for field in dataclasses.fields(Counts)}


class Metrics:
    """The metrics of one replica."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        tags = ("model",)
        self._gauges = {name: metrics.Gauge(f"voxreel_{name}", text, tags) for name, text in GAUGES.items()}
        self._counters = {name: metrics.Counter(f"voxreel_{name}", text, tags) for name, text in COUNTERS.items()}
        self._bytes = metrics.Gauge("voxreel_model_bytes", "Bytes of a model's weights.", tags)
        self._seconds = metrics.Histogram("voxreel_request_seconds", "Seconds from a request to its sound.", SECONDS, tags)
        self._batch = metrics.Histogram("voxreel_batch_passages", "Passages that one was spoken with.", PASSAGES, tags)
        self._counted: dict[str, dict[str, float]] = {}

    def answered(self, model: str, seconds: float, batches: Sequence[int]) -> None:
        """Note how long a request took, and with how many others its takes were spoken."""
        self._seconds.observe(seconds, {"model": model})
        for batch in batches:
            self._batch.observe(batch, {"model": model})

    async def publish_for_ever(self) -> None:
        while True:
            self.publish()
            await asyncio.sleep(PERIOD)

    def publish(self) -> None:
        for name in self._counted.keys() - {model.name for model in self._shelf.loaded()}:
            for gauge in (self._bytes, *self._gauges.values()):
                gauge.set(0, {"model": name})  # put away; a gauge would tell its last number for ever
        for model in self._shelf.loaded():
            tags = {"model": model.name}
            now = model.scheduler.statistics()
            for name, gauge in self._gauges.items():
                gauge.set(now[name], tags)
            self._bytes.set(model.bytes, tags)
            self._count(model.name, {name: now[name] for name in self._counters})

    def _count(self, model: str, now: dict[str, float]) -> None:
        """Add what was counted since the last time. A model that was put away and loaded again begins at 0."""
        before = self._counted.get(model, {})
        for name, value in now.items():
            added = value - before.get(name, 0)
            if added := value if added < 0 else added:
                self._counters[name].inc(added, {"model": model})
        self._counted[model] = now
