"""`python -m store.migrate`: bring the configured database to the newest schema."""

from __future__ import annotations

import logging

import logs
import settings
from store.database import migrate

logger = logging.getLogger(__name__)


def main() -> None:
    """Migrate the database of the settings."""
    configured = settings.get()
    logs.configure("migrate", configured.log_level)
    migrate(configured.database_url)
    logger.info("database is at the newest schema")


if __name__ == "__main__":
    main()
