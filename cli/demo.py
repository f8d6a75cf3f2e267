"""`make demo`: the whole stack comes up, a document goes through the HTTP API, and a film comes out.

python -m cli.demo DOCUMENT FOLDER
"""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.client import Client
from cli.connection import checked_settings, start_local
from cli.errors import CliError
from cli.following import follow
from cli.making import read_source
from cli.saving import find, save
from cli.talk import Tell, telling
from pipeline.video.probing import probe

talk = Console(highlight=False)

#: What the demo keeps of a film job: the result's name, the file's name.
KEPT = {
    "video.mp4": "demo.mp4",
    "narration.wav": "demo.wav",
    "subtitles.srt": "demo.srt",
    "subtitles.vtt": "demo.vtt",
    "credits.json": "credits.json",
}


def main(document: Path, folder: Path) -> int:
    """Make a film of `document` and put it, with all that lies beside it, into `folder`. Returns the exit status."""
    times = Times()
    try:
        source = read_source(document)
        folder.mkdir(parents=True, exist_ok=True)
        talk.print(f"[bold]Voxreel[/] makes a film of [cyan]{escape(str(document))}[/]\n")
        with contextlib.ExitStack() as stack:
            with _starting() as tell:
                running = start_local(stack, tell)
            times.up = time.monotonic()
            client = stack.enter_context(contextlib.closing(Client(running.url, running.admin_key, tell=telling(console=talk))))
            _make(client, source, folder)
            times.made = time.monotonic()
            if running.children:
                talk.print("Stopping the stack ...")
    except CliError as error:
        print(f"voxreel: {error}", file=sys.stderr)
        return error.exit_code
    _show(folder)
    if running.children:
        end = "The stack is stopped; [bold]make serve[/] keeps one up."
    else:
        end = f"Used the stack that already runs at {running.url}; it stays up."
    talk.print(f"\n{times.told(stopped=bool(running.children))} {end}", soft_wrap=True)
    return 0


@dataclasses.dataclass
class Times:
    """When, by the monotonic clock, the demo began, the stack was up, and the film was made."""

    began: float = dataclasses.field(default_factory=time.monotonic)
    up: float = 0.0
    made: float = 0.0

    def told(self, *, stopped: bool) -> str:
        """Where the time went, now that all is done."""
        now = time.monotonic()
        parts = f"stack {self.up - self.began:.0f} s, film {self.made - self.up:.0f} s"
        if stopped:
            parts += f", stopping {now - self.made:.0f} s"
        return f"Done in {now - self.began:.0f} s ({parts})."


@contextlib.contextmanager
def _starting() -> Iterator[Tell]:
    """Tells what starts: in one line that changes on a terminal, else line by line."""
    if not talk.is_terminal:
        yield telling(console=talk)
        return
    with talk.status("Starting the stack ...") as status:
        yield status.update


def _make(client: Client, document: tuple[str, bytes], folder: Path) -> None:
    job = client.submit("videos", {"resolution": "1080p", "aspect": "16:9"}, [("document", document)])
    talk.print(f"Job [cyan]{job['id']}[/] at {client.url}")
    job = follow(client, job, talk, quiet=False)
    for name, kept in KEPT.items():
        file = find(job, name)
        if file is None:
            raise CliError(f"The job brought no {name}. The log files in {checked_settings().data_dir / 'logs'} tell why.")
        save(client, file, folder / kept)


def _show(folder: Path) -> None:
    film = probe(folder / "demo.mp4")
    video, audio = film.video, film.audio
    about = f"{video.duration:.1f} s of {video.width}x{video.height} at {video.fps:g} fps, {video.codec} and {audio.codec}"
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2))
    for kept, words in zip(
        KEPT.values(),
        (about, "the narration alone", "subtitles", "subtitles for the web", "where the pictures come from"),
        strict=True,
    ):
        table.add_row(f"[green]{folder / kept}[/]", words)
    talk.print()
    talk.print(table)


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
    except KeyboardInterrupt:
        sys.exit(130)
