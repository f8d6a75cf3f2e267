"""`voxreel jobs`, `job`, `cancel` and `voices`."""

from __future__ import annotations

import enum
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.connection import connected
from cli.errors import BadUse
from cli.following import follow
from cli.saving import save
from cli.talk import size_in_words, talk, telling


class Status(enum.StrEnum):
    queued = "queued"
    running = "running"
    succeeded = "succeeded"
    failed = "failed"
    cancelled = "cancelled"


class Kind(enum.StrEnum):
    speech = "speech"
    video = "video"


#: Characters to a line where the output goes to a file or a program.
WIDE = 250

_COLOURS = {"succeeded": "green", "failed": "red", "running": "cyan", "cancelled": "yellow", "queued": "default"}

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
JobId = Annotated[str, typer.Argument(help="Id of a job; `voxreel jobs` lists them.")]


def jobs(
    status: Annotated[
        Status | None, typer.Option(metavar="STATUS", help=f"Only jobs in this state: {', '.join(Status)}.")
    ] = None,
    kind: Annotated[Kind | None, typer.Option(help="Only jobs of this kind.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List jobs, the newest first."""
    with connected() as client:
        found = client.jobs(status, kind, limit)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    table = Table("Job", "Kind", "Status", "Created", "Took", "Title", box=None, header_style="bold")
    for job in found:
        colour = _COLOURS.get(job["status"], "default")
        created = datetime.fromisoformat(job["created_at"]).astimezone()
        cells = [job["id"], job["kind"], Text(job["status"], style=colour), f"{created:%Y-%m-%d %H:%M}", _took(job)]
        table.add_row(*cells, Text(job["title"], overflow="ellipsis", no_wrap=True))
    _print(table)


def job(
    job_id: JobId,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Wait until the job has ended.")] = False,
    save_to: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Write the job's files into this folder.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing unless something goes wrong.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one job; wait for it and fetch its files, if asked to."""
    tell = telling(quiet)
    with connected(tell=tell) as client:
        found = client.job(job_id)
        if watch:
            found = follow(client, found, talk, quiet=quiet, cancel_on_interrupt=False)
        if save_to is not None:
            if found["status"] != "succeeded":
                raise BadUse(f"The job is {found['status']}, so it has no files to fetch. Add --watch to wait for it.")
            save_to.mkdir(parents=True, exist_ok=True)
            for file in found["files"]:
                target = save_to / Path(file["name"]).name
                save(client, file, target)
                tell(f"Wrote {target} ({size_in_words(file['size'])}).")
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    elif not quiet:
        _print(_details(found))


def cancel(job_id: JobId, as_json: AsJson = False) -> None:
    """Cancel a job. One that was cancelled before stays so."""
    with connected() as client:
        cancelled = client.cancel(job_id)
    typer.echo(json.dumps(cancelled, ensure_ascii=False, indent=2) if as_json else f"Job {cancelled['id']} was cancelled.")


def voices(as_json: AsJson = False) -> None:
    """List the voices that can speak."""
    with connected() as client:
        answer = client.voices()
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    table = Table("Voice", "Language", box=None, header_style="bold")
    for voice in answer["voices"]:
        table.add_row(Text(voice["name"]), voice["language"])
    _print(table)


def _details(job: dict[str, Any]) -> Table:
    table = Table(box=None, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("Job", job["id"])
    table.add_row("Title", Text(job["title"]))
    table.add_row("Status", Text(job["status"], style=_COLOURS.get(job["status"], "default")))
    table.add_row("Progress", f"{job['progress']['percent']:.0f}%")
    if job["error"]:
        table.add_row("Error", Text(f"{job['error']['message']} ({job['error']['code']})"))
    if _took(job):
        table.add_row("Took", _took(job))
    for file in job["files"]:
        table.add_row("File", Text(f"{file['name']}  {size_in_words(file['size'])}"))
    return table


def _took(job: dict[str, Any]) -> str:
    if not (job["started_at"] and job["finished_at"]):
        return ""
    seconds = (datetime.fromisoformat(job["finished_at"]) - datetime.fromisoformat(job["started_at"])).total_seconds()
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _print(table: Table) -> None:
    # Not on a terminal there is no width to fit in, and a cut id would be of no use to whoever reads it.
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)
