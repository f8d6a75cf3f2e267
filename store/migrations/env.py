"""Run by Alembic, for store.database, from which the connection comes with its transaction."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection

from store.tables import AnyText, Base, UtcDateTime


def render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our types into new migrations as the types the database sees, so that old migrations need no code of ours."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return "sa.Text()" if kind == "type" and isinstance(item, AnyText) else False


def run(connection: Connection) -> None:
    """Run what was asked for on `connection`, whose transaction the caller ends."""
    context.configure(connection=connection, target_metadata=Base.metadata, transactional_ddl=True, render_item=render)
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
