"""`voxreel serve` and `voxreel keys`: for whoever runs the server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.connection import checked_settings
from cli.errors import BadUse

if TYPE_CHECKING:
    from store import Store

keys = typer.Typer(no_args_is_help=True, help="Make, list and revoke API keys, directly in the server's database.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def serve() -> None:
    """Run the whole server here, until it is stopped with Ctrl-C."""
    from stack.launch import serve as run

    raise typer.Exit(run(checked_settings()))


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="Whose key it is, for the list.")],
    admin: Annotated[bool, typer.Option("--admin", help="It may see and cancel the jobs of all keys.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a key. Its secret is shown now and never again."""
    from store import api_keys

    if not name.strip() or not name.isprintable() or len(name) > 100:
        raise BadUse("A key's name is 1 to 100 printable characters. Choose another.")
    with _store() as store:
        key, secret = api_keys.create(store, name.strip(), "admin" if admin else "user")
    if as_json:
        typer.echo(json.dumps({"id": key.id, "name": key.name, "role": key.role, "key": secret}, ensure_ascii=False))
        return
    typer.echo(secret)
    typer.echo(f"Key {key.id} ({key.role}) was made. Keep it: it is not shown again.", err=True)


@keys.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List the keys, revoked ones too."""
    from store import api_keys

    with _store() as store:
        found = api_keys.list_keys(store)
    if as_json:
        rows = [{"id": key.id, "name": key.name, "role": key.role, "revoked": key.revoked_at is not None} for key in found]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    table = Table("Id", "Name", "Role", "Begins with", "Last used", "State", box=None, header_style="bold")
    for key in found:
        used = f"{key.last_used_at.astimezone():%Y-%m-%d %H:%M}" if key.last_used_at else "never"
        table.add_row(str(key.id), Text(key.name), key.role, key.hint, used, "revoked" if key.revoked_at else "valid")
    Console().print(table)


@keys.command("revoke")
def revoke_key(key_id: Annotated[int, typer.Argument(help="Id of the key; `voxreel keys list` shows it.")]) -> None:
    """Refuse a key from now on."""
    from store import api_keys

    with _store() as store:
        if not api_keys.revoke(store, key_id):
            raise BadUse(f"There is no valid key {key_id}. `voxreel keys list` shows the keys there are.")
    typer.echo(f"Key {key_id} was revoked.")


@contextmanager
def _store() -> Iterator[Store]:
    from sqlalchemy.exc import OperationalError

    from store import open_store
    from store.database import migrate

    opened = open_store(checked_settings())
    try:
        migrate(opened.settings.database_url)
        yield opened
    except OperationalError as error:
        raise BadUse(
            f"The database cannot be used: {type(error.orig).__name__}. Check DATABASE_URL and that it runs."
        ) from None
