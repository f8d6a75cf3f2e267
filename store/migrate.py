"""`python -m store.migrate`: bring the configured database to the newest schema."""

from __future__ import annotations

import argparse
import logging

import logs
import settings
from store.database import migrate, write_migration

logger = logging.getLogger(__name__)


def main() -> None:
    """Migrate the database of the settings, or with --new write the next migration."""
    parser = argparse.ArgumentParser(prog="python -m store.migrate", description="Bring the database to the newest schema.")
    parser.add_argument("--new", metavar="MESSAGE", help="write a migration for what changed in store/tables.py")
    new = parser.parse_args().new
    configured = settings.get()
    logs.configure("migrate", configured.log_level)
    migrate(configured.database_url)
    logger.info("database is at the newest schema")
    if new:
        write_migration(configured.database_url, new)


if __name__ == "__main__":
    main()
