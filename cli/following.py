"""Following a job to its end, and showing how far it is."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn

from cli.client import Client
from cli.errors import CliError, Interrupted, JobFailed
from cli.eta import TimeLeft
from cli.talk import telling

#: Seconds between two looks at a job: at first, and at most.
SOONEST, LATEST = 0.25, 1.5
#: Percent by which a job must have gone on for another plain line.
LINE_EVERY = 10.0

ENDED = ("succeeded", "failed", "cancelled")

#: What a person calls the kinds of steps.
_WORDS = {
    "plan": "Planning",
    "script": "Planning",
    "speak": "Speaking",
    "narrate": "Speaking",
    "illustrate": "Drawing",
    "render": "Rendering",
    "join": "Joining",
    "assemble": "Assembling",
}

Show = Callable[[dict[str, Any]], None]


def follow(
    client: Client, job: dict[str, Any], console: Console, *, quiet: bool, cancel_on_interrupt: bool = True
) -> dict[str, Any]:
    """Wait until `job` has succeeded, and return it. Raises JobFailed; Interrupted on Ctrl-C, after cancelling it."""
    try:
        with _display(console, quiet) as show:
            pause = SOONEST
            while True:
                job = client.job(job["id"])
                show(job)
                if job["status"] in ENDED:
                    break
                time.sleep(pause)
                pause = min(pause * 1.3, LATEST)
    except KeyboardInterrupt:
        raise _interrupted(client, job["id"], cancel_on_interrupt) from None
    if job["status"] == "failed":
        error = job["error"] or {"code": "failed", "message": "The job failed."}
        raise JobFailed(f"{error['message']} ({error['code']}, job {job['id']})")
    if job["status"] == "cancelled":
        raise JobFailed(f"Job {job['id']} was cancelled by somebody else. Submit it again if you still want it.")
    return job


def _interrupted(client: Client, job_id: str, cancel: bool) -> Interrupted:
    if not cancel:
        return Interrupted(f"Job {job_id} goes on; `voxreel job {job_id} --watch` looks at it again.")
    try:
        client.cancel(job_id, haste=True)
    except CliError as error:
        return Interrupted(f"Interrupted, but job {job_id} could not be cancelled: {error}")
    return Interrupted(f"Interrupted; job {job_id} was cancelled.")


@contextlib.contextmanager
def _display(console: Console, quiet: bool) -> Iterator[Show]:
    if quiet:
        yield lambda job: None
    elif console.is_terminal:
        with _bar(console) as show:
            yield show
    else:
        yield _lines(console)


@contextlib.contextmanager
def _bar(console: Console) -> Iterator[Show]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[left]}", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("Queued", total=100.0, left="")
        left = TimeLeft()

        def show(job: dict[str, Any]) -> None:
            now = job["progress"]
            progress.update(task, completed=now["percent"], description=_stage(job), left=_left(job, left))

        yield show


def _lines(console: Console) -> Show:
    """Lines for whoever reads a log: one for every stage when it is first seen, and one every few percent."""
    tell, left = telling(console=console), TimeLeft()
    seen: set[str] = set()
    said = 0.0

    def show(job: dict[str, Any]) -> None:
        nonlocal said
        stage, percent, remaining = _stage(job), job["progress"]["percent"], _left(job, left)
        if stage not in seen or percent >= said + LINE_EVERY:
            seen.add(stage)
            said = percent
            tell(f"{percent:3.0f}%  {stage}  {remaining}".rstrip())

    return show


def _stage(job: dict[str, Any]) -> str:
    """One word for what goes on. Scenes go side by side, so it may go back and forth."""
    if job["status"] != "running":
        return job["status"].capitalize()
    return _WORDS.get(job["progress"]["stage"], "Running")


def _left(job: dict[str, Any], left: TimeLeft) -> str:
    if job["status"] != "running":
        return ""
    return left.look(job["progress"]["percent"], job["progress"]["eta"], time.monotonic())
