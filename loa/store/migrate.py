"""Brings a database to the schema of this version, and refuses one that is newer."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from loa.model.errors import StoreError
from loa.store.engine import Database, alone

HEAD = "0007"
FOLDER = Path(__file__).with_name("migrations")


def migrate(database: Database) -> None:
    """Upgrades where it is needed. Two processes that start at once do it one after the other."""
    current = _current(database)
    if current == HEAD:
        return
    if current is not None and current > HEAD:
        raise StoreError("database-newer", {"found": current, "known": HEAD})

    # only here: a database that is up to date, which is nearly always, does not wait for Alembic's import
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))  # "%" starts a variable there
    with database.write() as connection:
        alone(connection, "migrate")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _current(database: Database) -> str | None:
    with database.read() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return found
