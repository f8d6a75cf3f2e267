from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from multiprocessing.queues import Queue as ProcessQueue

import pytest
from sqlalchemy import exc

from jobs import views
from jobs.advance import advance
from jobs.claims import claim, complete, fail, renew
from jobs.dead_letters import list_dead, replay
from jobs.errors import BadGraph, NotReplayable
from jobs.model import NewStep, Outcome, ResultFile
from jobs.queues import StepQueue, make_broker
from settings import Settings
from store import Store, open_store
from store.database import now
from store.files import address_of
from tests.jobs.driving import PLAN, SPOKEN, delivered, done, row, submitted, take, taken, with_attempts
from tests.services import PROCESSES

VIDEO = ResultFile("speech.wav", address_of("join"), "speech.wav", "audio/wav", 5_000_000_000)


def advance_often(settings: Settings, job_id: str) -> None:
    store, queue = open_store(settings), StepQueue(make_broker(settings))
    for _ in range(10):
        advance(store, queue, job_id)


def claim_all(settings: Settings, messages: list[tuple[int, int]], claims: ProcessQueue) -> None:
    store = open_store(settings)
    claims.put([step_id for step_id, fence in messages if claim(store, step_id, fence) is not None])


def test_a_job_goes_through_its_graph_to_its_end(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = submitted(store, queue, owner_id).id
    done(store, job_id, "plan", Outcome(None, {"passages": 2}, SPOKEN))
    running = views.get(store, job_id, None)
    assert running is not None
    assert (running.status, running.steps) == ("running", {"done": 1, "waiting": 3})
    assert running.started_at is not None
    delivered(queue)
    advance(store, queue, job_id)
    speak = [row(store, job_id, name) for name in ("speak:0", "speak:1")]
    assert sorted(delivered(queue)) == [(step.id, step.fence) for step in speak]
    done(store, job_id, "speak:1")
    advance(store, queue, job_id)
    assert delivered(queue) == []
    done(store, job_id, "speak:0")
    advance(store, queue, job_id)
    done(store, job_id, "join", Outcome(VIDEO.address, files=(VIDEO,)))
    ended = views.get(store, job_id, owner_id)
    assert ended is not None
    assert (ended.status, ended.files, ended.steps, ended.error) == ("succeeded", (VIDEO,), {"done": 4}, None)
    assert ended.finished_at is not None
    assert ended.finished_at >= running.started_at


def test_a_claim_carries_what_the_step_needs(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = submitted(store, queue, owner_id, PLAN, NewStep("next", "speak", "speech", ("plan",), {"first": 3})).id
    done(store, job_id, "plan", Outcome("a" * 64, {"passages": 2}))
    advance(store, queue, job_id)
    claimed = taken(store, job_id, "next")
    assert claimed.inputs == {"plan": {"address": "a" * 64, "summary": {"passages": 2}}}
    assert (claimed.name, claimed.kind, claimed.params, claimed.attempt) == ("next", "speak", {"first": 3}, 1)
    assert (claimed.job_id, claimed.job_kind, claimed.request) == (job_id, "speech", {"input": address_of("input")})


def test_a_message_is_good_for_one_claim(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = submitted(store, queue, owner_id).id
    step = row(store, job_id, "plan")
    assert claim(store, step.id, step.fence) is not None
    assert claim(store, step.id, step.fence) is None
    assert take(store, job_id, "plan") is None, "the fence of a running step is no message"
    assert claim(store, 999, 1) is None


def test_of_many_workers_with_the_same_message_one_gets_the_step(store: Store, queue: StepQueue, owner_id: int) -> None:
    step = row(store, submitted(store, queue, owner_id).id, "plan")
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda _: claim(store, step.id, step.fence), range(8)))
    assert sum(each is not None for each in claims) == 1


def test_several_processes_share_the_steps_without_taking_one_twice(store: Store, queue: StepQueue, owner_id: int) -> None:
    submitted(store, queue, owner_id, *[NewStep(f"s{number}", "speak", "speech") for number in range(20)])
    claims = PROCESSES.Queue()
    messages = delivered(queue)
    processes = [PROCESSES.Process(target=claim_all, args=(store.settings, messages, claims)) for _ in range(3)]
    for process in processes:
        process.start()
    got = [step_id for _ in processes for step_id in claims.get(timeout=90)]
    for process in processes:
        process.join(30)
    assert sorted(got) == sorted(step_id for step_id, _ in messages)
    assert len(got) == 20


def test_each_ready_step_is_sent_under_one_new_fence_however_often_the_job_is_advanced(
    store: Store, queue: StepQueue, owner_id: int
) -> None:
    job_id = submitted(store, queue, owner_id).id
    delivered(queue)
    done(
        store, job_id, "plan", Outcome(None, new_steps=tuple(NewStep(f"s{n}", "speak", "speech", ("plan",)) for n in range(10)))
    )
    processes = [PROCESSES.Process(target=advance_often, args=(store.settings, job_id)) for _ in range(2)]
    for process in processes:
        process.start()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: advance(store, queue, job_id), range(12)))
    for process in processes:
        process.join(90)
    assert [process.exitcode for process in processes] == [0, 0]
    sent = delivered(queue)
    assert len(sent) == len(set(sent)) == 10
    assert {fence for _, fence in sent} == {1}


def test_a_write_with_an_old_fence_is_refused(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = submitted(store, queue, owner_id).id
    frozen = taken(store, job_id, "plan")
    fail(store, frozen, "timeout", "The speech service did not answer.", retryable=True)
    advance(store, queue, job_id)
    current = taken(store, job_id, "plan")
    assert current.fence > frozen.fence
    assert not renew(store, frozen)
    assert not complete(store, frozen, Outcome("a" * 64, files=(VIDEO,)))
    fail(store, frozen, "late", "Too late.", retryable=False)
    assert renew(store, current)
    assert complete(store, current, Outcome("b" * 64))
    assert row(store, job_id, "plan").address == "b" * 64
    ended = views.get(store, job_id, None)
    assert ended is not None
    assert (ended.status, ended.files) == ("succeeded", ())


def test_a_step_is_done_only_once(store: Store, queue: StepQueue, owner_id: int) -> None:
    claimed = taken(store, submitted(store, queue, owner_id).id, "plan")
    assert complete(store, claimed, Outcome(None, files=(VIDEO,)))
    assert not complete(store, claimed, Outcome(None, files=(VIDEO,)))
    assert not renew(store, claimed)


def test_renewing_moves_the_lease(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = submitted(store, queue, owner_id).id
    claimed = taken(store, job_id, "plan")
    first = row(store, job_id, "plan").lease_until
    assert renew(store, claimed)
    second = row(store, job_id, "plan").lease_until
    assert first is not None
    assert second is not None
    assert second > first
    with store.reads.begin() as session:
        assert timedelta(0) < second - now(session) <= timedelta(seconds=store.settings.lease_seconds)


def test_an_outcome_is_recorded_whole_or_not_at_all(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = submitted(store, queue, owner_id).id
    claimed = taken(store, job_id, "plan")
    with pytest.raises(BadGraph):
        complete(store, claimed, Outcome("a" * 64, {}, (NewStep("x", "k", "default", ("unknown",)),), (VIDEO,)))
    with pytest.raises(exc.IntegrityError):
        complete(store, claimed, Outcome("a" * 64, {}, (NewStep("x", "k", "default"),), (VIDEO, VIDEO)))
    job = views.get(store, job_id, None)
    assert job is not None
    assert (job.steps, job.files) == ({"running": 1}, ())
    assert complete(store, claimed, Outcome("a" * 64))


def test_a_retryable_failure_is_tried_again_later_and_at_last_becomes_a_dead_letter(
    store: Store, queue: StepQueue, owner_id: int
) -> None:
    job_id = submitted(store, queue, owner_id, PLAN, NewStep("beside", "speak", "speech")).id
    for attempt in (1, 2, 3):
        claimed = taken(store, job_id, "plan")
        assert claimed.attempt == attempt
        fail(store, claimed, "speech_unavailable", "The speech service is down.", retryable=True)
        advance(store, queue, job_id)
    job = views.get(store, job_id, None)
    assert job is not None
    assert (job.status, job.steps) == ("failed", {"dead": 1, "cancelled": 1})
    assert job.error == {"code": "speech_unavailable", "message": "The speech service is down."}
    (letter,) = list_dead(store)
    assert (letter.job_id, letter.name, letter.attempts, letter.code) == (job_id, "plan", 3, "speech_unavailable")
    assert take(store, job_id, "plan") is None
    assert take(store, job_id, "beside") is None


def test_a_retry_waits_as_long_as_the_other_side_asked(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = submitted(store, queue, owner_id).id
    delivered(queue)
    fail(store, taken(store, job_id, "plan"), "busy", "Busy.", retryable=True, retry_after=300)
    advance(store, queue, job_id)
    step = row(store, job_id, "plan")
    with store.reads.begin() as session:
        assert step.not_before is not None
        assert step.not_before - now(session) > timedelta(seconds=290)
    assert queue.broker.do_fetch("default-high", 10) == []
    assert delivered(queue) == [(step.id, step.fence)], "the message waits in the delay queue"


def test_a_failure_that_is_not_retryable_ends_the_job_at_once(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = submitted(store, queue, owner_id, PLAN, NewStep("beside", "speak", "speech")).id
    beside = taken(store, job_id, "beside")
    fail(store, taken(store, job_id, "plan"), "bad_document", "The document has no text.", retryable=False)
    job = views.get(store, job_id, None)
    assert job is not None
    assert (job.status, job.error) == ("failed", {"code": "bad_document", "message": "The document has no text."})
    assert list_dead(store) == []
    assert not renew(store, beside)
    assert not complete(store, beside, Outcome("a" * 64))


def test_a_replayed_dead_letter_gets_new_attempts_and_what_was_done_is_kept(
    store: Store, queue: StepQueue, owner_id: int
) -> None:
    few = with_attempts(store, 1)
    job_id = submitted(store, queue, owner_id).id
    done(store, job_id, "plan", Outcome(None, {}, SPOKEN))
    advance(store, queue, job_id)
    done(store, job_id, "speak:0")
    fail(few, taken(store, job_id, "speak:1"), "timeout", "No answer.", retryable=True)
    (letter,) = list_dead(store)
    delivered(queue)
    assert replay(store, queue, letter.step_id).status == "running"
    step = row(store, job_id, "speak:1")
    assert delivered(queue) == [(step.id, step.fence)]
    assert list_dead(store) == []
    done(store, job_id, "speak:1")
    advance(store, queue, job_id)
    done(store, job_id, "join")
    job = views.get(store, job_id, None)
    assert job is not None
    assert (job.status, job.error, job.steps) == ("succeeded", None, {"done": 4})


def test_only_dead_letters_are_replayed(store: Store, queue: StepQueue, owner_id: int) -> None:
    job_id = submitted(store, queue, owner_id).id
    for step_id in (row(store, job_id, "plan").id, 999):
        with pytest.raises(NotReplayable, match="no dead letter"):
            replay(store, queue, step_id)


def test_the_list_of_dead_letters_goes_on_where_a_page_ended(store: Store, queue: StepQueue, owner_id: int) -> None:
    few = with_attempts(store, 1)
    for _ in range(3):
        fail(few, taken(store, submitted(store, queue, owner_id).id, "plan"), "timeout", "No answer.", retryable=True)
    first = list_dead(store, limit=2)
    assert [letter.step_id for letter in first] == [3, 2]
    assert [letter.step_id for letter in list_dead(store, limit=2, before=first[-1].step_id)] == [1]
