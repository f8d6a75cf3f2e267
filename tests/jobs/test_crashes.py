"""Whole jobs carried out by real processes, some of which are killed, while Redis loses its data."""

from __future__ import annotations

import dataclasses
import os
import random
import signal
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

from dramatiq import Message

from jobs import views
from jobs.advance import advance
from jobs.claims import claim, complete, renew
from jobs.model import ENDED, NewStep, Outcome
from jobs.progress import report
from jobs.queues import QUEUES, StepQueue, make_broker
from jobs.reconcile import reconcile
from jobs.submit import submit
from settings import Settings
from store import Store, open_store
from store.files import address_of
from tests.jobs.driving import PLAN, new_job
from tests.services import PROCESSES

PASSAGES = 24


def work(settings: Settings, made: Path) -> None:
    """A worker: take a message, claim, make the output under its address unless it is there, complete, advance."""
    store, queue = open_store(settings), StepQueue(make_broker(settings))
    while True:
        for name in QUEUES:
            for data in queue.broker.do_fetch(name, 1):
                message = Message.decode(data)
                carry_out(store, queue, made, *message.args)
                queue.broker.do_ack(name, message.options["redis_message_id"])
        time.sleep(0.01)


def carry_out(store: Store, queue: StepQueue, made: Path, step_id: int, fence: int) -> None:
    claimed = claim(store, step_id, fence)
    if claimed is None:
        return
    address = address_of("output", job=claimed.job_id, name=claimed.name)
    if not store.files.has(address):
        with made.open("a") as log:
            log.write(f"{claimed.job_id} {claimed.name}\n")
        report(store, claimed, 0.5, "half")
        time.sleep(random.uniform(0, 0.02))
        renew(store, claimed)
        store.files.publish(address, {"output": claimed.name.encode()})
    complete(store, claimed, Outcome(address, new_steps=passages() if claimed.name == "plan" else ()))
    advance(store, queue, claimed.job_id)


def passages() -> tuple[NewStep, ...]:
    speak = tuple(NewStep(f"speak:{number}", "speak", "speech", ("plan",)) for number in range(PASSAGES))
    return (*speak, NewStep("join", "join", "render", tuple(step.name for step in speak)))


def start(settings: Settings, made: Path) -> BaseProcess:
    worker = PROCESSES.Process(target=work, args=(settings, made), daemon=True)
    worker.start()
    return worker


def kill(worker: BaseProcess) -> None:
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    worker.join(30)


def test_every_job_ends_well_though_workers_are_killed_and_redis_is_flushed(
    settings: Settings, owner_id: int, tmp_path: Path
) -> None:
    # A heavily laden machine may freeze a worker for a while; kills are few here, so attempts suffice.
    settings = dataclasses.replace(settings, lease_seconds=3.0, max_attempts=10)
    store, queue, made = open_store(settings), StepQueue(make_broker(settings)), tmp_path / "made.txt"
    jobs = [submit(store, queue, new_job(owner_id, PLAN))[0].id for _ in range(2)]
    workers = [start(settings, made) for _ in range(3)]
    kills = flushes = expired = 0
    deadline = time.monotonic() + 150
    while any(view(store, job_id).status not in ENDED for job_id in jobs):
        assert time.monotonic() < deadline, [view(store, job_id) for job_id in jobs]
        done = sum(view(store, job_id).steps.get("done", 0) for job_id in jobs)
        if done > 8 * (kills + 1) and kills < 3:
            kill(workers.pop(0))
            workers.append(start(settings, made))
            kills += 1
        if done > 20 and flushes == 0:
            store.redis.flushall()
            flushes += 1
        expired += reconcile(store, queue).expired_leases
        time.sleep(0.05)
    for worker in workers:
        kill(worker)
    assert (kills, flushes) == (3, 1)
    for job_id in jobs:
        assert (view(store, job_id).status, view(store, job_id).steps) == ("succeeded", {"done": PASSAGES + 2})
    made_lines = made.read_text().splitlines()
    assert len(set(made_lines)) == 2 * (PASSAGES + 2)
    assert len(made_lines) - len(set(made_lines)) <= expired, "only what a worker lost is made again"
    store.files.sweep()
    assert list((settings.files_dir / "scratch").iterdir()) == []


def view(store: Store, job_id: str) -> views.JobView:
    job = views.get(store, job_id, None)
    assert job is not None
    return job
