"""The graph of a job's steps, in the database."""

from __future__ import annotations

import graphlib
from collections.abc import Sequence

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session, aliased

from jobs.errors import BadGraph
from jobs.model import NewStep
from store.tables import JobRow, StepEdgeRow, StepRow


def lock_job(session: Session, job_id: str) -> JobRow | None:
    """The job's row, locked until the transaction ends; on SQLite the whole database is, by BEGIN IMMEDIATE.

    Lock it before reading any step that is to be changed.
    """
    return session.get(JobRow, job_id, with_for_update=True, populate_existing=True)


def add_steps(session: Session, job_id: str, new_steps: Sequence[NewStep]) -> None:
    """Add steps to a locked job. Raises BadGraph for a name taken, an unknown predecessor or a circle."""
    if not new_steps:
        return
    known = dict(session.execute(select(StepRow.name, StepRow.id).where(StepRow.job_id == job_id)).tuples().all())
    _check(new_steps, set(known))
    rows = [_row(job_id, step) for step in new_steps]
    session.add_all(rows)
    session.flush()
    known.update({row.name: row.id for row in rows})
    session.add_all(
        StepEdgeRow(step_id=known[step.name], after_id=known[before])
        for step in new_steps
        for before in dict.fromkeys(step.after)
    )
    session.flush()


def ready_to_run(session: Session, job_id: str) -> Sequence[StepRow]:
    """The waiting steps of a job of whose predecessors all are done."""
    query = select(StepRow).where(StepRow.job_id == job_id, StepRow.status == "waiting", ~has_undone_predecessor())
    return session.scalars(query.order_by(StepRow.id)).all()


def has_undone_predecessor() -> ColumnElement[bool]:
    """The SQL condition, on StepRow, that some step before it is not done."""
    before = aliased(StepRow)
    return exists().where(StepEdgeRow.step_id == StepRow.id, before.id == StepEdgeRow.after_id, before.status != "done")


def _check(new_steps: Sequence[NewStep], known: set[str]) -> None:
    names = [step.name for step in new_steps]
    taken = {name for name in names if name in known or names.count(name) > 1}
    if taken:
        raise BadGraph(f"Several steps of the job are named {sorted(taken)[0]!r}; give each a name of its own.")
    missing = {before for step in new_steps for before in step.after} - known - set(names)
    if missing:
        raise BadGraph(f"A step comes after {sorted(missing)[0]!r}, which the job does not have; add that step too.")
    try:
        graphlib.TopologicalSorter({step.name: step.after for step in new_steps}).prepare()
    except graphlib.CycleError as error:
        raise BadGraph(f"These steps wait for each other: {' -> '.join(error.args[1])}.") from None


def _row(job_id: str, step: NewStep) -> StepRow:
    return StepRow(
        job_id=job_id,
        name=step.name,
        kind=step.kind,
        queue=step.queue,
        params=step.params,
        weight=step.weight,
        status="waiting",
        fence=0,
        attempt=0,
        summary={},
    )
