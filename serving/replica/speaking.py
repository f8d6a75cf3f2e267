"""From a checked request to its sound: the model it names, a plan, the queue, the best of its takes, and its times."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Hashable
from concurrent.futures import Future
from typing import Any

from serving.alignment import timing
from serving.alignment.alignment import Alignment
from serving.alignment.timing import Times
from serving.batching.scheduler import Spoken
from serving.replica.ears import Ears
from serving.replica.knobs import Knobs
from serving.replica.metrics import Metrics
from serving.replica.shelf import Model, Shelf
from serving.replica.validation import SpeakRequest
from serving.voices import takes


@dataclasses.dataclass(frozen=True)
class Taken:
    """What is answered: a spoken passage, which of the takes it is, counted from 0, the seed of that one, when each character
    is heard, and what was heard where the request asks for it."""

    spoken: Spoken
    take: int
    seed: int
    times: Times
    heard: Alignment | None


@dataclasses.dataclass
class Speaker:
    """Speaks with the models of a shelf. knobs: replaced whenever the operator turns one."""

    shelf: Shelf
    metrics: Metrics
    knobs: Knobs
    ears: Ears = dataclasses.field(default_factory=Ears)

    async def speak(self, asked: SpeakRequest, deadline: float | None) -> Taken:
        """Have a passage spoken. Cancelling leaves it. deadline: by the monotonic clock. Raises ServingError."""
        began = time.monotonic()
        async with self.shelf.borrowed(asked.model, deadline) as model:
            sampling = self._sampling(model, asked)
            seeds = takes.seeds(asked.seed, asked.takes)
            works = await asyncio.to_thread(_plan, model, asked, seeds, sampling)
            spoken = await _all(_submit(model, asked, works, deadline))
            heard = await self._listen(model, asked, works, spoken)
            take = await _best(spoken, works, heard)
            times = await asyncio.to_thread(timing.told, asked.text, spoken[take].sound, heard[take])
            self.metrics.answered(model.name, time.monotonic() - began, [one.batch for one in spoken])
            return Taken(spoken[take], take, seeds[take], times, heard[take] if asked.listen else None)

    async def _listen(
        self, model: Model, asked: SpeakRequest, works: list[Any], spoken: list[Spoken]
    ) -> list[Alignment | None]:
        """What is heard in each take; only where somebody wants to know it, as it takes time."""
        aligner = model.engine.checkpoint.aligner
        if not asked.listen and len(spoken) == 1 and not timing.is_to_be_heard(spoken[0].sound):
            return [None]
        pairs = zip(spoken, works, strict=True)
        return await asyncio.gather(
            *(self.ears.listen(aligner, one.sound, asked.text, work.voice.language) for one, work in pairs)
        )

    def _sampling(self, model: Model, asked: SpeakRequest) -> Any:
        """The checkpoint's own, but for what the operator and, above all, the request say; None where neither does."""
        steps = () if self.knobs.steps is None else (("steps", self.knobs.steps),)
        said: dict[str, Any] = dict((*steps, *asked.sampling))
        return dataclasses.replace(model.engine.checkpoint.sampling, **said) if said else None


def _plan(model: Model, asked: SpeakRequest, seeds: list[int], sampling: Any) -> list[Any]:
    return [model.engine.plan(asked.text, asked.voice, asked.speed, seed, sampling) for seed in seeds]


def _submit(model: Model, asked: SpeakRequest, works: list[Any], deadline: float | None) -> list[Future[Spoken]]:
    """All takes or, where the queue has no room for one of them, none."""
    futures: list[Future[Spoken]] = []
    try:
        for work in works:
            address = _address(model, asked, work)
            futures.append(model.scheduler.submit(address, work, asked.priority, tenant=asked.tenant, deadline=deadline))
    except BaseException:
        for future in futures:
            future.cancel()
        raise
    return futures


def _address(model: Model, asked: SpeakRequest, work: Any) -> Hashable:
    """What is spoken once: the key with all that changes the sound, so that a wrong key never gives wrong speech."""
    prints = (model.engine.checkpoint.fingerprint, work.voice.fingerprint)
    return (asked.key, *prints, asked.text, asked.voice, asked.speed, work.seed, work.sampling)


async def _all(futures: list[Future[Spoken]]) -> list[Spoken]:
    """What all of them give. When one fails, or the caller leaves, the others are left."""
    try:
        return await asyncio.gather(*map(asyncio.wrap_future, futures))
    finally:
        for future in futures:
            future.cancel()  # does nothing to one that is done


async def _best(spoken: list[Spoken], works: list[Any], heard: list[Alignment | None]) -> int:
    if len(spoken) == 1:
        return 0
    return await asyncio.to_thread(takes.best, [one.sound for one in spoken], works, heard)
