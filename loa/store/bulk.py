"""Statements for many rows at once, past the work that SQLAlchemy does for each row of an ordinary one.

The statement is still SQLAlchemy's, compiled once for each kind of database; its parameters come as tuples, and go to
the driver as they are. A moment among them must be one that the driver takes (`moment`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.compiler import SQLCompiler

from loa.store.schema import Moment

_MOMENT = Moment()


class Bulk:
    """One statement with parameters called `names`, given as tuples in that order."""

    def __init__(self, statement: sa.Insert | sa.Update, *names: str) -> None:
        self._statement = statement
        self._names = names
        self._ready: dict[str, tuple[str, Callable[[tuple[Any, ...]], Any]]] = {}

    def run(self, connection: sa.Connection, values: Sequence[tuple[Any, ...]]) -> int:
        """Runs it for each tuple. Returns how many rows it changed, as far as the driver knows."""
        if not values:
            return 0
        text, shape = self._for(connection)
        return connection.exec_driver_sql(text, [shape(row) for row in values]).rowcount

    def _for(self, connection: sa.Connection) -> tuple[str, Callable[[tuple[Any, ...]], Any]]:
        name = connection.dialect.name
        if name not in self._ready:
            compiled = self._statement.compile(dialect=connection.dialect, column_keys=list(self._names))
            if not isinstance(compiled, SQLCompiler):
                raise TypeError("a bulk statement is SQL")
            self._ready[name] = (compiled.string, self._shape(compiled))
        return self._ready[name]

    def _shape(self, compiled: SQLCompiler) -> Callable[[tuple[Any, ...]], Any]:
        """What the driver wants of a tuple: another order, or names; and the statement's own constants."""
        constants = {key: value for key, value in compiled.params.items() if key not in self._names}
        if compiled.positiontup is None:
            return lambda row: {**constants, **dict(zip(self._names, row, strict=True))}
        keys = (*self._names, *constants)
        places = tuple(keys.index(name) for name in compiled.positiontup)
        rest = tuple(constants.values())
        if rest or len(places) == 1:
            return lambda row: tuple((row + rest)[place] for place in places)
        return itemgetter(*places)


def moment(connection: sa.Connection, value: datetime) -> Any:
    """A moment as the driver takes it."""
    process = _MOMENT.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    return value if process is None else process(value)


def among(connection: sa.Connection, column: sa.ColumnElement[str], ids: Sequence[str]) -> sa.ColumnElement[bool]:
    """`column` is one of `ids`: one parameter however many there are, so that the statement is always the same."""
    return in_list(connection.dialect.name, column, "ids").params(ids=listed(connection, ids))


def in_list(dialect: str, column: sa.ColumnElement[str], name: str) -> sa.ColumnElement[bool]:
    """`column` is one of a list that is given as the parameter `name` (see `listed`), for statements built once."""
    if dialect == "sqlite":
        given = sa.bindparam(name, type_=sa.Text)
        return column.in_(sa.select(sa.func.json_each(given).table_valued("value").c.value))
    return column == sa.any_(sa.bindparam(name, type_=sa.ARRAY(sa.Text)))


def listed(connection: sa.Connection, values: Sequence[str]) -> Any:
    """A list as such a parameter takes it."""
    return json.dumps(list(values)) if connection.dialect.name == "sqlite" else list(values)
