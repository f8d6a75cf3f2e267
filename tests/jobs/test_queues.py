from __future__ import annotations

import time

import dramatiq
from dramatiq import Message, Worker

from jobs.queues import ACTOR, QUEUES, StepQueue, make_broker
from settings import Settings


def heard(settings: Settings, expected: int) -> list[tuple[int, int]]:
    """What a real dramatiq worker on all queues gets to do."""
    broker = make_broker(settings)
    steps: list[tuple[int, int]] = []

    @dramatiq.actor(actor_name=ACTOR, queue_name="default-high", broker=broker)
    def run_step(step_id: int, fence: int) -> None:
        steps.append((step_id, fence))

    worker = Worker(broker, worker_timeout=100, worker_threads=2)
    worker.start()
    deadline = time.monotonic() + 60
    while len(steps) < expected and time.monotonic() < deadline:
        time.sleep(0.02)
    worker.stop()
    return steps


def test_a_worker_gets_the_steps_of_every_queue_and_then_none_is_waiting(settings: Settings, queue: StepQueue) -> None:
    step_id = 0
    for name in ("speech", "render", "default"):
        for priority in ("high", "low"):
            step_id += 1
            queue.enqueue(step_id, 10 + step_id, name, priority)
    sent = {(number, 10 + number) for number in range(1, 7)}
    assert queue.waiting() == sent
    assert set(queue.places().values()) == {"queued"}
    assert sorted(heard(settings, 6)) == sorted(sent)
    assert queue.waiting() == set()


def test_a_delayed_step_waits_in_its_queue_and_arrives(settings: Settings, queue: StepQueue) -> None:
    queue.enqueue(1, 1, "render", "low", delay=0.5)
    assert queue.broker.do_fetch("render-low", 10) == []
    assert queue.waiting() == {(1, 1)}
    assert heard(settings, 1) == [(1, 1)]


def test_a_step_is_seen_while_a_live_worker_has_it_and_not_once_that_died(settings: Settings, queue: StepQueue) -> None:
    queue.enqueue(1, 1, "speech", "high")
    worker = make_broker(settings)
    worker.do_fetch("speech-high", 1)
    assert queue.places() == {(1, 1): "fetched"}
    queue.broker.client.zadd(f"{worker.namespace}:__heartbeats__", {worker.broker_id: 1})
    assert queue.waiting() == set()


def test_a_message_of_another_kind_is_let_be(queue: StepQueue) -> None:
    queue.broker.enqueue(Message(queue_name="default-high", actor_name="other", args=("x",), kwargs={}, options={}))
    assert queue.waiting() == set()


def test_every_queue_is_declared_and_attempts_are_left_to_the_database(queue: StepQueue) -> None:
    assert queue.broker.get_declared_queues() == set(QUEUES)
    names = {type(middleware).__name__ for middleware in queue.broker.middleware}
    assert names.isdisjoint({"Retries", "AgeLimit", "TimeLimit"})
