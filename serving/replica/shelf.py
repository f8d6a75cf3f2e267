"""Models by name: loaded on first use, and put away when they take too much memory together.

The default model always stays. Of the others the least recently used idle one is put away first, until all fit into the
bound again. Everything here but loading itself happens on the replica's event loop, so nothing needs a lock.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import dataclasses
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

from serving.batching.scheduler import Scheduler
from serving.characters import well_formed
from serving.errors import Expired, ModelsBusy, UnknownModel

logger = logging.getLogger(__name__)


@dataclasses.dataclass(eq=False)
class Model:
    """A model that can speak. bytes: of its weights. batch_frames: budget of a batch, measured. users: calls that have it
    in their hands."""

    name: str
    engine: Any
    scheduler: Scheduler
    bytes: int
    batch_frames: int
    users: int = 0


class Shelf:
    """The models of one replica."""

    def __init__(self, default: Path, models_dir: Path, load: Callable[[str, Path], Model], max_bytes: int) -> None:
        """default: folder of the model that requests without a name get. models_dir: one folder a further model.

        load: gives the model in a folder, ready to speak; runs in a thread of its own.
        """
        self._default = default
        self._models_dir = models_dir
        self._load = load
        self.max_bytes = max_bytes
        self._models: collections.OrderedDict[str, Model] = collections.OrderedDict()  # the latest used last
        self._loading: dict[str, asyncio.Task[None]] = {}
        self._in_turn = asyncio.Lock()

    @property
    def default(self) -> str:
        """The name of the model that requests without a name get."""
        return self._default.name

    def names(self) -> list[str]:
        """All that can be asked for, the default first."""
        found = [path.parent.name for path in self._models_dir.glob("[!.]*/config.yaml")]  # hidden: still being copied
        return [self.default, *sorted(set(filter(well_formed, found)) - {self.default})]  # others cannot be told, or asked for

    def loaded(self) -> Iterator[Model]:
        """Those that can speak at once."""
        yield from self._models.values()

    @contextlib.asynccontextmanager
    async def borrowed(self, name: str | None, deadline: float | None = None) -> AsyncIterator[Model]:
        """The model with this name, None for the default; it stays while the block runs.

        deadline: by the monotonic clock, until when loading is waited for; it goes on without who waited.
        Raises UnknownModel, ModelsBusy, CheckpointError, Expired.
        """
        name = name or self.default
        async with _expiring(deadline):
            while (model := self._models.get(name)) is None:
                await self._fetch(name)
        self._models.move_to_end(name)
        model.users += 1
        try:
            yield model
        finally:
            model.users -= 1

    async def close(self) -> None:
        """Put all away, in use or not."""
        for name in list(self._models):
            await self._put_away(name)

    async def _fetch(self, name: str) -> None:
        """Load a model. Who leaves meanwhile does not stop it: others may wait for it too."""
        if name not in self._loading:
            task = self._loading[name] = asyncio.create_task(self._bring(name, self._folder(name)))
            task.add_done_callback(lambda _: self._loading.pop(name))
        await asyncio.shield(self._loading[name])

    def _folder(self, name: str) -> Path:
        if name not in self.names():  # a name is never made a path unless it is one of these
            raise UnknownModel(f"There is no model {name!r}. This server has: {', '.join(self.names())}.")
        return self._default if name == self.default else self._models_dir / name

    async def _bring(self, name: str, folder: Path) -> None:
        async with self._in_turn:
            if self._models:
                await self._make_room(name, await asyncio.to_thread(_bytes_of_files, folder))
            model = await asyncio.to_thread(self._load, name, folder)
            self._models[name] = model
            logger.info("a model is on the shelf", extra={"model": name, "bytes": model.bytes, "models": list(self._models)})

    async def _make_room(self, name: str, wanted: int) -> None:
        while sum(model.bytes for model in self._models.values()) + wanted > self.max_bytes:
            idle = [other for other, model in self._models.items() if not model.users and other != self.default]
            if not idle:
                raise ModelsBusy(
                    f"There is no room for the model {name!r} beside those in use: together they would take more than"
                    f" {self.max_bytes} bytes. Send the passage again later, or set VOXREEL_MODELS_BYTES higher."
                )
            await self._put_away(idle[0])

    async def _put_away(self, name: str) -> None:
        model = self._models.pop(name)
        await asyncio.to_thread(model.scheduler.stop)
        logger.info("a model was put away", extra={"model": name, "bytes": model.bytes})


@contextlib.asynccontextmanager
async def _expiring(deadline: float | None) -> AsyncIterator[None]:
    """Raise Expired inside the block when the deadline comes."""
    limit = asyncio.timeout(None if deadline is None else deadline - time.monotonic())
    try:
        async with limit:
            yield
    except TimeoutError:
        if limit.expired():
            raise Expired from None
        raise


def _bytes_of_files(folder: Path) -> int:
    """What a model takes in memory, at most: its files, since nobody knows better before it is loaded."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
