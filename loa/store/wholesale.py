"""Steps that a whole batch of rows takes at once: being put in place, being stopped. Inside a caller's transaction.

A province is a million rows: what is done a row at a time is paid for a million times.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import repeat
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from loa.model.states import RowState
from loa.store.bulk import Bulk, among, moment
from loa.store.moves import Found, Tally
from loa.store.schema import events, rows

if TYPE_CHECKING:
    import polars as pl

PLACED = ("id", "recipient", "operator", "commune", "language", "body", "parts", "state", "reason")
"""What a new row has of its own, as the columns of a batch; the rest of it is the same for all."""

_COLUMNS = (*PLACED, "job", "bundle", "updated_at")
_UNIQUE_VIOLATION = "23505"  # SQLSTATE


def put_new(
    connection: sa.Connection, batch: pl.DataFrame, job: int, bundle: int, now: datetime, *, straight: bool
) -> set[str]:
    """Puts the rows of `batch` (columns of `PLACED`, each id once) in place, and returns the ids that were there.

    `straight`: none is expected to be there, which on PostgreSQL has a quicker way.
    """
    if connection.dialect.name == "sqlite":
        return _into_sqlite(connection, batch, (job, bundle, moment(connection, now)))
    data = _csv(batch, (job, bundle, now.isoformat()))
    if straight and _copied(connection, data):
        return set()
    return _merged(connection, data)


def shift(
    connection: sa.Connection, found: Sequence[Found], state: RowState, reason: str, now: datetime, tally: Tally
) -> int:
    """Rows, locked, take the same step for the same reason, to a state in which nothing of them is out.

    The caller has seen to it that the step is allowed, and writes the `tally`. Returns how many rows.
    """
    if not found:
        return 0
    these = among(connection, rows.c.id, [row.id for row in found])
    new = {"state": state.value, "reason": reason, "retry_at": None, "sent_at": None, "updated_at": now}
    connection.execute(rows.update().where(these).values(new))
    told = sa.select(rows.c.id, rows.c.updated_at, rows.c.state, rows.c.reason, rows.c.lane, rows.c.fence).where(these)
    connection.execute(events.insert().from_select(["row", "at", "state", "reason", "lane", "fence"], told))
    alike = Counter((row.job, row.operator, row.state, row.parts) for row in found)
    for (job, operator, before, parts), number in alike.items():
        tally.shift(job, (operator, before), (operator, state.value), number, number * parts)
    return len(found)


_PLACE = Bulk(
    sqlite.insert(rows)
    .values({name: sa.bindparam(name) for name in _COLUMNS})
    .on_conflict_do_nothing(index_elements=[rows.c.id]),
    *_COLUMNS,
)


def _into_sqlite(connection: sa.Connection, batch: pl.DataFrame, same: tuple[Any, ...]) -> set[str]:
    own = (batch[name].to_list() for name in PLACED)
    # what is the same for all never ends
    values = list(zip(*own, *map(repeat, same), strict=False))
    last = connection.scalar(sa.text("SELECT max(rowid) FROM rows")) or 0
    if _PLACE.run(connection, values) == batch.height:
        return set()
    known = among(connection, rows.c.id, batch["id"].to_list())
    return set(connection.scalars(sa.select(rows.c.id).where(known, sa.literal_column("rows.rowid") <= last)))


def _csv(batch: pl.DataFrame, same: tuple[int | str, ...]) -> bytes:
    import polars as pl

    rest = (pl.lit(value).alias(name) for name, value in zip(_COLUMNS[len(PLACED) :], same, strict=True))
    data = io.BytesIO()
    # text in quotes: without them PostgreSQL takes an empty one for none
    batch.select(*PLACED, *rest).write_csv(data, include_header=False, quote_style="non_numeric")
    return data.getvalue()


def _copied(connection: sa.Connection, data: bytes) -> bool:
    """Whether all could be put straight into the table; nothing of them is there where one could not."""
    try:
        with connection.begin_nested():
            _copy(connection, "rows", data)
    except sa.exc.DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") == _UNIQUE_VIOLATION:
            return False
        raise
    return True


def _merged(connection: sa.Connection, data: bytes) -> set[str]:
    """Through a table of this transaction's own, which says which rows were there already."""
    names = ", ".join(_COLUMNS)
    aside = f"CREATE TEMPORARY TABLE loa_batch ON COMMIT DROP AS SELECT {names} FROM rows WHERE false"  # noqa: S608 # ours
    connection.exec_driver_sql(aside)
    _copy(connection, "loa_batch", data)
    merge = (
        f"WITH new AS (INSERT INTO rows ({names}) SELECT {names} FROM loa_batch ORDER BY id"  # noqa: S608 # ours
        " ON CONFLICT (id) DO NOTHING RETURNING id) SELECT id FROM loa_batch EXCEPT SELECT id FROM new"
    )
    return set(connection.exec_driver_sql(merge).scalars())


def _copy(connection: sa.Connection, table: str, data: bytes) -> None:
    driver: Any = connection.connection.driver_connection
    statement = f"COPY {table} ({', '.join(_COLUMNS)}) FROM STDIN (FORMAT csv)"
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(data)
    except connection.dialect.loaded_dbapi.Error as error:
        # as every other statement's error comes; the values stay out of it
        raise sa.exc.DBAPIError("COPY", None, error) from None
