"""The queues between the API and the workers: dramatiq on Redis.

A message holds a step's id and a fence, nothing else. The database decides what a message is worth, so a lost one is
sent again by reconcile, and one that came twice does nothing the second time.
"""

from __future__ import annotations

import functools
import time
from typing import Literal, cast

import dramatiq
import redis
from dramatiq import Message
from dramatiq.brokers.redis import RedisBroker
from dramatiq.common import dq_name

from jobs.model import Priority, Queue
from settings import Settings

#: Every queue, each with workers of its own: dramatiq's priorities order only what one process has already fetched.
QUEUES: tuple[str, ...] = tuple(
    f"{queue}-{priority}" for queue in ("speech", "render", "default") for priority in ("high", "low")
)

#: Where a message is.
Place = Literal["queued", "fetched"]

#: The name of the one actor, which the workers declare.
ACTOR = "run_step"

#: The prefix of dramatiq's keys in the broker's Redis database.
NAMESPACE = "voxreel"

#: Milliseconds without a sign of life after which a worker's unfinished messages go to others.
HEARTBEAT_TIMEOUT = 15_000

#: Seconds to wait for Redis: to connect, and for an answer.
CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 10.0

#: How many of a million commands look for dead workers' messages.
MAINTENANCE_CHANCE = 100_000


def make_broker(settings: Settings) -> RedisBroker:
    """The broker, with all queues declared.

    Attempts are counted, delayed and ended in the database, where kills count too; so dramatiq's own Retries, AgeLimit and
    TimeLimit are left out. A worker that is told to end lets its steps finish.
    """
    client = redis.Redis.from_url(
        settings.broker_redis_url,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        health_check_interval=30,
    )
    broker = RedisBroker(
        client=client,
        middleware=[],
        namespace=NAMESPACE,
        heartbeat_timeout=HEARTBEAT_TIMEOUT,
        maintenance_chance=MAINTENANCE_CHANCE,
    )
    for name in QUEUES:
        broker.declare_queue(name)
    return broker


@functools.cache
def process_broker(settings: Settings) -> RedisBroker:
    """The one broker of this process, which dramatiq takes too: all modules with actors must share it."""
    broker = make_broker(settings)
    dramatiq.set_broker(broker)
    return broker


def queue_name(queue: Queue, priority: Priority) -> str:
    """The dramatiq queue of a step."""
    return f"{queue}-{priority}"


class StepQueue:
    """Sends steps to the workers and tells which are on their way."""

    def __init__(self, broker: RedisBroker) -> None:
        self.broker = broker

    def enqueue(self, step_id: int, fence: int, queue: Queue, priority: Priority, delay: float = 0) -> None:
        """Send step `step_id` to the workers of its queue, to be run after `delay` seconds. Raises redis.RedisError."""
        message: Message = Message(
            queue_name=queue_name(queue, priority), actor_name=ACTOR, args=(step_id, fence), kwargs={}, options={}
        )
        self.broker.enqueue(message, delay=round(delay * 1000) if delay > 0 else None)

    def waiting(self) -> set[tuple[int, int]]:
        """(step id, fence) of every message that a worker has, or will get: queued, delayed, or fetched by a live worker.

        Not counted are those that a dead worker had fetched: dramatiq gives them back some day, which does no harm.
        """
        return set(self.places())

    def places(self) -> dict[tuple[int, int], Place]:
        """Where each message of `waiting` is: still in Redis ("queued"), or only with a live worker ("fetched")."""
        workers = self._live_workers()
        places: dict[tuple[int, int], Place] = {}
        for name in QUEUES:
            # A delayed message is queued before it is taken from where it was, so in this order none is missed.
            for each in (dq_name(name), name):
                queued, fetched = self._steps_in(each, workers)
                places.update(dict.fromkeys(fetched - places.keys(), "fetched"))
                places.update(dict.fromkeys(queued, "queued"))
        return places

    def _live_workers(self) -> list[str]:
        oldest = time.time() * 1000 - self.broker.heartbeat_timeout
        workers = self.broker.client.zrangebyscore(f"{self.broker.namespace}:__heartbeats__", oldest, "+inf")
        return [worker.decode() for worker in cast(list[bytes], workers)]

    def _steps_in(self, name: str, workers: list[str]) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
        """The queued and the fetched steps of a dramatiq queue, read as one, so that none is missed on its way."""
        namespace = self.broker.namespace
        with self.broker.client.pipeline(transaction=True) as pipe:
            pipe.hgetall(f"{namespace}:{name}.msgs")
            pipe.lrange(f"{namespace}:{name}", 0, -1)
            for worker in workers:
                pipe.smembers(f"{namespace}:__acks__.{worker}.{name}")
            messages, queued, *fetched = pipe.execute()
        decoded = {message_id: Message.decode(data) for message_id, data in messages.items()}
        steps = {message_id: _step_of(message) for message_id, message in decoded.items() if message.actor_name == ACTOR}
        held = set().union(*fetched)
        return {steps[each] for each in queued if each in steps}, {steps[each] for each in held if each in steps}


def _step_of(message: Message) -> tuple[int, int]:
    step_id, fence = message.args
    return int(step_id), int(fence)
