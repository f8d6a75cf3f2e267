"""The command `voxreel`.

Exit codes: 0 done, 1 the job failed, 2 wrong use or an input that is refused, 3 the server cannot be reached or is
overloaded, 130 interrupted with Ctrl-C. Errors are one sentence on standard error.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli import looking, making, models, operating
from cli.errors import BadUse, CliError
from version import VERSION


class _Commands(TyperGroup):
    """The commands, without the words of the library that checks their options."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as wrong:
            wrong.message = wrong.message.removeprefix("Value error, ")
            raise


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    help="Turn texts and documents into speech and narrated, subtitled videos.",
    epilog="VOXREEL_URL names the server, VOXREEL_API_KEY the key. "
    "Exit codes: 0 done, 1 job failed, 2 wrong use, 3 server away, 130 interrupted.",
)
for command in (making.say, making.video, looking.jobs, looking.job, looking.cancel, looking.voices, operating.serve):
    app.command()(command)
app.add_typer(operating.keys, name="keys")
app.add_typer(models.models, name="models")


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"voxreel {VERSION}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; every foreseen error becomes a sentence and an exit code."""
    try:
        app()
    except CliError as error:
        print(f"voxreel: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        print(
            f"voxreel: A file cannot be read or written: {error}. Check its place, and the room on the disk.", file=sys.stderr
        )
        sys.exit(BadUse.exit_code)
