"""One way to open a database, SQLite or PostgreSQL, and to be in a transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from loa.model.errors import StoreError

BUSY_SECONDS = 30  # another process of ours may hold SQLite's one write lock for a batch
# A worker that is frozen, or cut off, in the middle of a transaction has its lane locked: it loses that about when its
# lease ends, and not when the network gives its connection up, two hours later.
IDLE_SECONDS = 30


DEADLOCK = "40P01"  # SQLSTATE
TRIES = 5
Given = ParamSpec("Given")
Made = TypeVar("Made")


class Deadlock(StoreError):
    """Two transactions waited for each other, and PostgreSQL ended this one: nothing of it happened."""


def repeated(work: Callable[Given, Made]) -> Callable[Given, Made]:
    """Does work that is one transaction again where it was ended for another one's sake."""

    @wraps(work)
    def again(*args: Given.args, **kwargs: Given.kwargs) -> Made:
        for _ in range(TRIES - 1):
            with suppress(Deadlock):
                return work(*args, **kwargs)
        return work(*args, **kwargs)

    return again


class Database:
    """A database and its two kinds of transactions.

    `write()` takes SQLite's write lock at its start (BEGIN IMMEDIATE), so that a read in it cannot go stale before
    the write; on PostgreSQL it is an ordinary transaction, and rows are locked where they are read for change.
    """

    def __init__(self, url: str, root: Path, idle_seconds: float = IDLE_SECONDS) -> None:
        self.url = _absolute(url, root)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self._writer = threading.Lock()
        if self.sqlite and self.url.database:
            _make_file(Path(self.url.database))
        try:
            self.engine = sa.create_engine(self.url, **_options(self.sqlite))
        except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ImportError) as error:
            raise StoreError("database-url", {"kind": self.url.drivername}) from error
        if self.sqlite:
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", _begin_sqlite)
        else:
            sa.event.listen(self.engine, "connect", partial(_prepare_postgresql, int(1000 * idle_seconds)))

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that only reads, and sees one moment throughout."""
        with self._transaction(write=False) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that is durable once the block has ended, and never happened if it raises."""
        with self._transaction(write=True) as connection:
            yield connection

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[sa.Connection]:
        # SQLite has one writer, and makes others look again and again: threads of ours wait for each other instead
        turn = self._writer if write and self.sqlite else nullcontext()
        try:
            with turn, self.engine.connect() as connection:
                connection.execution_options(loa_write=write)
                if not (write or self.sqlite):
                    # several statements of one read must see one moment, as they do on SQLite
                    connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                with connection.begin():
                    yield connection
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", "") == DEADLOCK:
                raise Deadlock("database-failed", {"problem": _problem(error)}) from None
            # the statement and its values hold numbers: only the driver's own word goes on
            raise StoreError("database-failed", {"problem": _problem(error)}) from None
        except SQLAlchemyError as error:
            raise StoreError("database-failed", {"problem": type(error).__name__}) from None

    def close(self) -> None:
        self.engine.dispose()


def alone(connection: sa.Connection, name: str) -> None:
    """Makes writers that name the same thing go one after the other, until their transactions end.

    For what may not be there yet and so cannot be locked as a row: a look and an insert after it are then one step.
    On SQLite the write transaction is such a lock already.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})


def insert(dialect: str, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An insert into a table that can say what to do where the key is there already (`on_conflict_…`)."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def _absolute(url: str, root: Path) -> sa.URL:
    """A SQLite path that is not absolute starts at the workspace, wherever the command was given."""
    try:
        made = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise StoreError("database-url", {"kind": "?"}) from error
    if made.drivername in {"postgresql", "postgres"}:
        made = made.set(drivername="postgresql+psycopg")
    if made.get_backend_name() == "sqlite" and made.database and made.database != ":memory:":
        made = made.set(database=str(root / made.database))
    return made


def _options(sqlite: bool) -> dict[str, Any]:
    if sqlite:
        return {"connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False}}
    return {"pool_pre_ping": True, "pool_size": 5}


def _make_file(path: Path) -> None:
    """The database's file, there before SQLite opens it, for the account that runs Loa only: it holds numbers."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError as error:
        problem = {"folder": str(path.parent), "problem": error.strerror or ""}
        raise StoreError("folder-not-writable", problem) from error


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # FULL, not NORMAL: in WAL mode NORMAL may lose the last commits with the power, and a lost `sending` is a
    # message sent twice
    cursor.execute("PRAGMA synchronous=FULL")
    # 32 MiB, not 2: a large wave writes all over its indexes, and a page that does not fit is read and written again
    cursor.execute("PRAGMA cache_size=-32768")
    # 64 MiB of the log, not 4: what is written again soon is then copied into the database once
    cursor.execute("PRAGMA wal_autocheckpoint=16384")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    cursor.close()


def _prepare_postgresql(idle_milliseconds: int, connection: Any, _record: object) -> None:
    connection.autocommit = True
    connection.execute(f"SET idle_in_transaction_session_timeout = {idle_milliseconds}")
    connection.autocommit = False


def _begin_sqlite(connection: sa.Connection) -> None:
    write = connection.get_execution_options().get("loa_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _problem(error: DBAPIError) -> str:
    """The first line of the driver's message, without values: PostgreSQL puts them in DETAIL."""
    lines = str(error.orig).splitlines()
    return lines[0] if lines else type(error.orig).__name__
