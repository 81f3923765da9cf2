"""The schema is built by migrations, and they build exactly what the code believes is there."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from loa.model.errors import StoreError
from loa.model.states import RowState
from loa.store import Store
from loa.store.engine import Database
from loa.store.migrate import FOLDER, HEAD, migrate
from loa.store.schema import metadata

from .ledger_kit import JOB, MovingClock, Worker, people, receipt


def script() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return config


def tables(database: Database) -> set[str]:
    with database.read() as connection:
        return set(sa.inspect(connection).get_table_names())


def test_the_newest_migration_is_the_one_the_code_waits_for() -> None:
    assert ScriptDirectory.from_config(script()).get_heads() == [HEAD]


def test_migrating_from_nothing_gives_exactly_the_schema(empty_url: str, tmp_path: Path) -> None:
    database = Database(empty_url, tmp_path)
    assert tables(database) == set()
    migrate(database)
    with database.engine.connect() as connection:
        # Alembic misreads SQLite's empty defaults as different; PostgreSQL tells for both
        opts = {"compare_type": True, "compare_server_default": not database.sqlite}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, metadata) == []
    assert tables(database) == {table.name for table in metadata.sorted_tables} | {"alembic_version"}
    migrate(database)  # again: nothing to do
    database.close()


def test_a_migration_can_be_undone_to_nothing_and_done_again(empty_url: str, tmp_path: Path) -> None:
    database = Database(empty_url, tmp_path)
    migrate(database)
    config = script()
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert tables(database) == {"alembic_version"}
    migrate(database)
    assert {table.name for table in metadata.sorted_tables} <= tables(database)
    database.close()


def test_what_happened_to_a_row_is_told_the_same_after_a_step_back_and_forth(
    empty_url: str, tmp_path: Path, clock: MovingClock
) -> None:
    store = Store.open(empty_url, tmp_path, clock)
    store.ledger.expand(JOB, 1, people(range(4)), clock.now())
    worker = Worker.on(store, clock.now())
    rows = worker.claim(4, clock.now())
    worker.answer(rows[:1], RowState.PLANNED, clock.forward(seconds=1))
    worker.answer(rows[1:2], RowState.ACCEPTED, clock.forward(seconds=1))
    store.ledger.receive([receipt(rows[1], RowState.DELIVERED, clock.now())], clock.forward(seconds=1))
    worker.answer(worker.claim(1, clock.forward(seconds=1)), RowState.ACCEPTED, clock.forward(seconds=1))
    before = [store.figures.history(row.id) for row in rows]
    assert [len(one) for one in before] == [4, 3, 1, 1]
    config = script()
    for step in (command.downgrade, command.upgrade):
        with store.database.write() as connection:
            config.attributes["connection"] = connection
            step(config, "0004" if step is command.downgrade else "head")
    assert [store.figures.history(row.id) for row in rows] == before
    worker.answer(rows[2:], RowState.REFUSED, clock.forward(seconds=1))
    assert [len(store.figures.history(row.id)) for row in rows[2:]] == [2, 2]
    store.close()


def test_a_migration_that_breaks_leaves_nothing_behind(empty_url: str, tmp_path: Path) -> None:
    database = Database(empty_url, tmp_path)
    with database.write() as connection:
        connection.execute(sa.text("CREATE TABLE waves (other integer)"))  # in the way of one of the last tables
    with pytest.raises(StoreError):
        migrate(database)
    assert tables(database) == {"waves"}
    database.close()


def test_a_database_of_a_newer_version_is_refused_and_left_alone(
    empty_url: str, tmp_path: Path, clock: MovingClock
) -> None:
    Store.open(empty_url, tmp_path, clock).close()
    database = Database(empty_url, tmp_path)
    with database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError) as caught:
        Store.open(empty_url, tmp_path, clock)
    assert (caught.value.code, caught.value.fields) == ("database-newer", {"found": "9999", "known": HEAD})
    with database.read() as connection:
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == "9999"
    database.close()
