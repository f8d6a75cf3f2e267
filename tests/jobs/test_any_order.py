"""Whatever happens in whatever order, a job keeps its promises."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from jobs import views
from jobs.advance import advance
from jobs.cancel import cancel
from jobs.claims import claim, complete, fail, renew
from jobs.dead_letters import list_dead, replay
from jobs.model import ENDED, Claim, JobView, NewStep, Outcome, ResultFile
from jobs.progress import read, report
from jobs.queues import StepQueue
from jobs.reconcile import reconcile
from store import Store
from tests.jobs.driving import PLAN, SPOKEN, delivered, let_pass, submitted


class AnyOrder(RuleBasedStateMachine):
    """Workers that claim, freeze, complete and fail; a Redis that forgets; cancels, replays and reconciling, in any order."""

    store: Store
    queue: StepQueue
    owner_id: int

    def __init__(self) -> None:
        super().__init__()
        self.job_id = submitted(self.store, self.queue, self.owner_id, PLAN, NewStep("beside", "speak", "speech")).id
        self.messages: list[tuple[int, int]] = []
        self.claims: list[Claim] = []
        self.completed: list[str] = []
        self.cancelled: JobView | None = None
        self.percent = 0.0
        self.ended_before: JobView | None = None

    def teardown(self) -> None:
        self.finish()

    @rule()
    def deliver(self) -> None:
        self.messages += delivered(self.queue)

    @precondition(lambda self: self.messages)
    @rule(data=st.data())
    def claim_message(self, data: st.DataObject) -> None:
        step_id, fence = data.draw(st.sampled_from(self.messages))
        claimed = claim(self.store, step_id, fence)
        if claimed is not None:
            assert not any(claimed.name == name for name in self.completed)
            assert claimed.attempt <= self.store.settings.max_attempts
            assert claimed.fence > fence
            self.claims.append(claimed)

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def complete_claim(self, data: st.DataObject) -> None:
        claimed = data.draw(st.sampled_from(self.claims))
        file = ResultFile(f"{claimed.name}.txt", "a" * 64, "f", "text/plain", 1)
        new_steps = SPOKEN if claimed.name == "plan" else ()
        if complete(self.store, claimed, Outcome("a" * 64, {}, new_steps, (file,))):
            assert claimed.name not in self.completed
            self.completed.append(claimed.name)

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), retryable=st.booleans())
    def fail_claim(self, data: st.DataObject, retryable: bool) -> None:
        fail(self.store, data.draw(st.sampled_from(self.claims)), "broken", "It broke.", retryable)

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), fraction=st.floats(0, 1))
    def report_claim(self, data: st.DataObject, fraction: float) -> None:
        claimed = data.draw(st.sampled_from(self.claims))
        report(self.store, claimed, fraction, "working")
        renew(self.store, claimed)

    @rule()
    def advance_job(self) -> None:
        advance(self.store, self.queue, self.job_id)

    @rule(seconds=st.sampled_from([5.0, 1000.0]))
    def pass_time(self, seconds: float) -> None:
        let_pass(self.store, seconds)

    @rule()
    def reconcile_all(self) -> None:
        reconcile(self.store, self.queue)

    @rule()
    def flush_redis(self) -> None:
        self.store.redis.flushall()
        self.percent = 0.0

    @precondition(lambda self: self.cancelled is None)
    @rule(chance=st.integers(0, 5))
    def cancel_job(self, chance: int) -> None:
        if chance == 0:
            job = cancel(self.store, self.job_id)
            assert job is not None
            self.cancelled = job if job.status == "cancelled" else None

    @rule()
    def replay_dead_letter(self) -> None:
        dead = [letter.step_id for letter in list_dead(self.store) if letter.job_id == self.job_id]
        if dead:
            replay(self.store, self.queue, dead[0])
            self.ended_before, self.percent = None, 0.0

    @invariant()
    def nothing_changes_after_the_end(self) -> None:
        job = self.job()
        if self.cancelled is not None:
            assert job == self.cancelled
        if self.ended_before is not None:
            assert job == self.ended_before
        self.ended_before = job if job.status in ENDED else None

    @invariant()
    def what_was_completed_is_kept(self) -> None:
        job = self.job()
        assert job.steps.get("done", 0) == len(self.completed) == len(set(self.completed)) == len(job.files)
        assert (job.status == "succeeded") == (set(job.steps) == {"done"})

    @invariant()
    def the_percent_does_not_fall(self) -> None:
        document = read(self.store, self.job_id)
        assert document["status"] == self.job().status
        assert document["percent"] >= self.percent
        self.percent = document["percent"]

    def job(self) -> JobView:
        job = views.get(self.store, self.job_id, None)
        assert job is not None
        return job

    def finish(self) -> None:
        """With workers that work, the job comes to an end, whatever happened before."""
        for _ in range(40):
            if self.job().status in ENDED:
                return
            let_pass(self.store, 1000)
            reconcile(self.store, self.queue)
            self.messages += delivered(self.queue)
            random.Random(0).shuffle(self.messages)
            for step_id, fence in self.messages:
                claimed = claim(self.store, step_id, fence)
                if claimed is not None:
                    complete(self.store, claimed, Outcome(None, {}, SPOKEN if claimed.name == "plan" else ()))
        raise AssertionError(f"The job did not end: {self.job()}")


def test_a_job_keeps_its_promises_in_any_order_of_events(store: Store, queue: StepQueue, owner_id: int) -> None:
    AnyOrder.store, AnyOrder.queue, AnyOrder.owner_id = store, queue, owner_id
    effort = settings(
        max_examples=15, stateful_step_count=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(AnyOrder, settings=effort)
