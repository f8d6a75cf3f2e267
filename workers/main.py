"""What `dramatiq workers.main` runs: the broker, and the one actor through which every step passes.

A message holds a step's id and fence and nothing else. Which queues a process listens to is said with --queues.
"""

from __future__ import annotations

import functools
import threading

import dramatiq
from dramatiq.middleware import Middleware

import logs
import settings
from jobs.queues import StepQueue, process_broker
from serving.client import SpeechClient
from store import Store, open_store
from workers import run

SETTINGS = settings.get()
logs.configure("worker", SETTINGS.log_level)


class StopSteps(Middleware):
    """Tells the steps of this process when it is to end, so that it ends within moments and they go on elsewhere."""

    def __init__(self) -> None:
        self.stopping = threading.Event()

    def before_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        self.stopping.set()


broker = process_broker(SETTINGS)
stop_steps = StopSteps()
broker.add_middleware(stop_steps)


@functools.cache
def _store() -> Store:
    # After the fork, at the first step: connections are not shared between processes.
    return open_store(SETTINGS)


@functools.cache
def _speech() -> SpeechClient:
    return SpeechClient(SETTINGS.serving_url)


@dramatiq.actor(actor_name="run_step", queue_name="default-high", broker=broker)
def run_step(step_id: int, fence: int) -> None:
    """Work on a step, if the fence still holds."""
    run.run_step(SETTINGS, _store(), StepQueue(broker), _speech(), step_id, fence, stop_steps.stopping)
