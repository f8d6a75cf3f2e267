"""Clients on our scheduler and engine, cell by cell: how many, with how many steps, in which precision."""

from __future__ import annotations

import dataclasses
import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any

import torch

from benchmarks import bare, flops, load
from benchmarks.load import Answer
from serving.batching.scheduler import Scheduler
from serving.engine import Engine, Work
from serving.model.flow import Sampling

CLIENTS = (1, 2, 4, 8, 16, 32, 64, 128)
STEPS = (16, 7, 32)
#: Frames that may wait: more than any number of clients asks for.
ROOM = 10**9


@dataclasses.dataclass(frozen=True)
class Cell:
    """clients; steps: NFE; dtype: of the matrix products; batch_frames: what a batch may hold."""

    clients: int
    steps: int
    dtype: str
    batch_frames: int


def cells(dtypes: Sequence[str], budgets: Sequence[int], clients: Sequence[int], steps: Sequence[int]) -> list[Cell]:
    """All cells, those first that say most, for the time may run out.

    First 64 clients and a lone one at each number of steps, in the first precision and with the first budget; then 64
    clients with the other precisions and budgets; then all other numbers of clients.
    """
    many = 64 if 64 in clients else max(clients)
    first = [Cell(number, nfe, dtypes[0], budgets[0]) for number in (many, min(clients)) for nfe in steps]
    others = [Cell(many, steps[0], dtype, budgets[0]) for dtype in dtypes[1:]]
    others += [Cell(many, steps[0], dtypes[0], budget) for budget in budgets[1:]]
    rest = [Cell(number, nfe, dtype, budgets[0]) for dtype, nfe, number in itertools.product(dtypes, steps, clients)]
    return list(dict.fromkeys([*first, *others, *rest]))


class Sweep:
    """Measures cells with one model; an engine is kept as long as the precision stays."""

    def __init__(self, model: bare.Model, tensors: dict[str, torch.Tensor], device: torch.device, seconds: float) -> None:
        """seconds: of the window in which a cell is measured. Warming up takes half as long at least."""
        self._model, self._tensors, self._device = model, tensors, device
        self._seconds = seconds
        self._engine: Engine | None = None
        self._dtype = ""

    def measure(self, cell: Cell, tflops: float) -> dict[str, Any]:
        """tflops: what the device was measured to do in a matrix product of this precision, for the share of it."""
        engine = self._speaking(cell.dtype)
        budget = engine.warm_up(cell.batch_frames)
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
        works = bare.works(engine, self._model, Sampling(steps=cell.steps))
        scheduler = Scheduler(engine, budget, ROOM, remembered_frames=0)
        scheduler.start()
        before = engine.worked
        try:
            answers, opened, closed = Steady(scheduler, works, cell.clients).run(self._seconds)
        finally:
            scheduler.stop()
        wanted, computed = (after - earlier for after, earlier in zip(engine.worked, before, strict=True))
        return {
            **dataclasses.asdict(cell),
            "budget": budget,
            **self._speed(answers, opened, closed, cell.steps, tflops),
            "padding": round(1 - wanted / computed, 5) if computed else 0.0,
            "peak_memory_gb": self._peak_memory(),
        }

    def _speaking(self, dtype: str) -> Engine:
        if self._engine is None or dtype != self._dtype:
            self._engine = None  # its memory is needed
            self._engine, self._dtype = bare.engine(self._model, self._tensors, self._device, getattr(torch, dtype)), dtype
        return self._engine

    def _speed(self, answers: list[Answer], opened: float, closed: float, steps: int, tflops: float) -> dict[str, Any]:
        latencies = [answer.latency for answer in answers]
        needed = rate(answers, opened, closed, lambda answer: flops.of_passage(self._model.shape, answer.frames, steps))
        stated = flops.data_sheet(torch.cuda.get_device_name(self._device)) if self._device.type == "cuda" else None
        return {
            "times_real_time": round(rate(answers, opened, closed, lambda answer: answer.sound), 2),
            "latency_p50": round(load.percentile(latencies, 0.5), 4),
            "latency_p95": round(load.percentile(latencies, 0.95), 4),
            "passages": len(answers),
            "tflops": round(needed / 1e12, 2),
            "share_of_measured": round(needed / 1e12 / tflops, 4),
            "mfu": round(needed / 1e12 / stated, 4) if stated else None,
        }

    def _peak_memory(self) -> float | None:
        if self._device.type != "cuda":
            return None
        return round(torch.cuda.max_memory_allocated(self._device) / 1e9, 2)


class Steady:
    """A load that does not fade: clients go on asking until every passage that counts has come back.

    Passages of a batch that began together end together, wave after wave. So a passage counts for the part of its time
    that lies in the window, and neither the first wave nor the last weighs too much.
    """

    def __init__(self, scheduler: Scheduler, works: Iterator[Work], clients: int) -> None:
        self._scheduler, self._works, self._clients = scheduler, works, clients
        self._keys = itertools.count()
        self._lock = threading.Lock()
        self._answers: list[Answer] = []
        self._pending: dict[Future, float] = {}
        self._stopped = threading.Event()

    def run(self, seconds: float) -> tuple[list[Answer], float, float]:
        """Answers that touch the window, and its two ends. It opens when there are as many answers as clients, after half
        of `seconds` at the earliest and five times as long at the latest, and is `seconds` long."""
        with ThreadPoolExecutor(self._clients, "client") as pool:
            running = [pool.submit(self._client, seconds / 4 * number / self._clients) for number in range(self._clients)]
            try:
                self._await(running, lambda: False, seconds / 2)
                self._await(running, lambda: len(self._answers) >= self._clients, 4.5 * seconds)
                opened = time.perf_counter()
                self._await(running, lambda: False, seconds)
                closed = time.perf_counter()
                self._await(running, lambda: all(began >= closed for began in self._pending.values()), 20 * seconds)
            finally:
                self._stop()
        for client in running:
            client.result()
        return [answer for answer in self._answers if answer.got > opened and answer.asked < closed], opened, closed

    def _client(self, delay: float) -> None:
        """One client. They do not all come at once, as real ones do not."""
        self._stopped.wait(delay)
        while not self._stopped.is_set():
            with self._lock:
                began, work = time.perf_counter(), next(self._works)
                future = self._scheduler.submit(next(self._keys), work)
                self._pending[future] = began
            try:
                sound = future.result().sound
            except CancelledError:
                return
            with self._lock:
                seconds = sound.frames / flops.FRAMES_PER_SECOND
                self._answers.append(Answer(began, time.perf_counter(), seconds, work.frames))
                del self._pending[future]

    def _await(self, running: list[Future], enough: Callable[[], bool], seconds: float) -> None:
        """Wait until there is enough, a client broke, or the time is over."""
        until = time.perf_counter() + seconds
        while time.perf_counter() < until and not any(client.done() for client in running):
            with self._lock:
                if enough():
                    return
            time.sleep(0.005)

    def _stop(self) -> None:
        self._stopped.set()
        with self._lock:
            pending = list(self._pending)
        for future in pending:
            future.cancel()


def rate(answers: Sequence[Answer], opened: float, closed: float, of: Callable[[Answer], float]) -> float:
    """What the answers bring, a second, between two moments: of each the share of its time that lies between them."""
    credited = (of(each) * (min(each.got, closed) - max(each.asked, opened)) / each.latency for each in answers)
    return sum(credited) / (closed - opened)
