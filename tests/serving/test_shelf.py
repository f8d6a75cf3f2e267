"""Real models, small ones, on one shelf."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from ray.serve.metrics import Gauge

import settings
from serving.errors import CheckpointError, Expired, ModelsBusy, ServingError, UnknownModel
from serving.replica import knobs, loading
from serving.replica.health import Health
from serving.replica.metrics import Metrics
from serving.replica.shelf import Model, Shelf

from . import published


class Room:
    """Folders with models, and what was loaded from them, in order."""

    def __init__(self, folder: Path) -> None:
        self.default = published.write(folder / "default", name="default")
        self.models = folder / "models"
        for name in ("one", "two", "three"):
            published.write(self.models / name, name=name)
        others = [".copied", *([] if sys.platform == "darwin" else [os.fsdecode(b"not UTF-8 \xff")])]
        for name in others:
            (self.models / name).mkdir()
            (self.models / name / "config.yaml").write_text("text_layout: concatenated")
        self.loaded: list[Model] = []

    def load(self, name: str, folder: Path) -> Model:
        configured = settings.load()
        model = loading.load(
            name, folder, torch.device("cpu"), torch.get_num_threads(), configured, knobs.read(None, configured)
        )
        self.loaded.append(model)
        return model

    def shelf(self) -> Shelf:
        return Shelf(self.default, self.models, self.load, max_bytes=10**9)

    def size(self) -> int:
        """Bytes of the files of one model: what room is made for before it is loaded."""
        return sum(path.stat().st_size for path in self.default.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Room:
    return Room(tmp_path_factory.mktemp("shelf"))


@pytest.fixture(autouse=True)
def forget(room: Room) -> Iterator[None]:
    yield
    for model in room.loaded:
        model.scheduler.stop()
    room.loaded.clear()


def names(shelf: Shelf) -> list[str]:
    return [model.name for model in shelf.loaded()]


async def use(shelf: Shelf, *wanted: str | None) -> None:
    for name in wanted:
        async with shelf.borrowed(name):
            pass


def test_a_model_is_loaded_once_however_many_ask_at_the_same_time(room: Room) -> None:
    async def ask() -> None:
        shelf = room.shelf()
        await asyncio.gather(*(use(shelf, "one") for _ in range(5)))
        assert shelf.names() == ["default", "one", "three", "two"]

    asyncio.run(ask())
    assert [model.name for model in room.loaded] == ["one"]


def test_the_least_recently_used_model_is_put_away_and_the_default_stays(room: Room) -> None:
    async def ask() -> None:
        shelf = room.shelf()
        await use(shelf, None, "one", "two", "one")
        assert names(shelf) == ["default", "two", "one"]
        shelf.max_bytes = sum(model.bytes for model in room.loaded) + room.size() // 2
        await use(shelf, "three")
        assert names(shelf) == ["default", "one", "three"]
        assert [model.name for model in room.loaded if not model.scheduler.alive] == ["two"]
        await use(shelf, "two")
        assert names(shelf) == ["default", "three", "two"]

    asyncio.run(ask())


def test_no_metric_tells_of_a_model_that_was_put_away(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[tuple[str, str], float] = {}
    monkeypatch.setattr(Gauge, "set", lambda gauge, value, tags: told.update({(gauge.info["name"], tags["model"]): value}))

    async def ask() -> None:
        shelf = room.shelf()
        metrics = Metrics(shelf)
        await use(shelf, None, "one")
        metrics.publish()
        assert told["voxreel_model_bytes", "one"] > 0
        shelf.max_bytes = sum(model.bytes for model in room.loaded) + room.size() // 2
        await use(shelf, "two")
        metrics.publish()

    asyncio.run(ask())
    assert {value for (_, model), value in told.items() if model == "one"} == {0}
    assert told["voxreel_model_bytes", "two"] > 0


def test_a_model_in_use_is_never_put_away(room: Room) -> None:
    async def ask() -> None:
        shelf = room.shelf()
        await use(shelf, None)
        async with shelf.borrowed("one") as held:
            shelf.max_bytes = sum(model.bytes for model in shelf.loaded()) + room.size() // 2
            with pytest.raises(ModelsBusy, match="VOXREEL_MODELS_BYTES"):
                await use(shelf, "two")
            assert held.scheduler.alive
        await use(shelf, "two")
        assert names(shelf) == ["default", "two"]

    asyncio.run(ask())


def test_who_leaves_while_a_model_is_loaded_does_not_spoil_it_for_others(room: Room) -> None:
    async def ask() -> None:
        shelf = room.shelf()
        leaves, stays = asyncio.create_task(use(shelf, "one")), asyncio.create_task(use(shelf, "one"))
        await asyncio.sleep(0)
        leaves.cancel()
        await stays
        assert leaves.cancelled()
        assert names(shelf) == ["one"]

    asyncio.run(ask())


def test_who_waits_beyond_the_deadline_is_told_so_and_the_model_is_loaded_all_the_same(room: Room) -> None:
    go = threading.Event()

    def load(name: str, folder: Path) -> Model:
        assert go.wait(30)
        return room.load(name, folder)

    async def ask() -> None:
        shelf = Shelf(room.default, room.models, load, max_bytes=10**9)
        with pytest.raises(Expired):
            async with shelf.borrowed("one", time.monotonic() + 0.05):
                pass
        go.set()
        await use(shelf, "one")
        async with shelf.borrowed("one", time.monotonic() - 1) as model:
            assert model.name == "one", "what is there is not waited for"

    asyncio.run(ask())
    assert [model.name for model in room.loaded] == ["one"]


def test_a_model_that_cannot_be_loaded_is_told_each_time_and_spoils_no_other(room: Room) -> None:
    broken = published.write(room.models / "broken")
    next(broken.glob("model*")).unlink()

    async def ask() -> None:
        shelf = room.shelf()
        for _ in range(2):
            with pytest.raises(CheckpointError):
                await use(shelf, "broken")
        await use(shelf, "one")
        assert names(shelf) == ["one"]

    asyncio.run(ask())
    shutil.rmtree(broken)


@pytest.mark.parametrize("name", ["four", "../default", "one/", ".", ".copied"])
def test_only_names_in_the_folder_are_models(room: Room, name: str) -> None:
    async def ask() -> None:
        with pytest.raises(UnknownModel, match="default, one"):
            await use(room.shelf(), name)

    asyncio.run(ask())


def test_a_replica_is_well_only_while_the_loops_of_all_its_models_live(room: Room) -> None:
    async def ask() -> None:
        shelf = room.shelf()
        health = Health(shelf, "replica", 0)
        await use(shelf, None, "one")
        health.require()
        assert health.statistics()["models"].keys() == {"default", "one"}
        room.loaded[-1].scheduler.stop()
        with pytest.raises(ServingError, match="model one has died or is stuck") as told:
            health.require()
        assert told.value.code == "scheduler_ended"

    asyncio.run(ask())
