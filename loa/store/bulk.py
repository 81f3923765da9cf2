"""Statements for many rows at once, past the work that SQLAlchemy does for each row of an ordinary one.

The statement is still SQLAlchemy's, compiled once for each kind of database; its parameters go to the driver as they
are. A moment among them must be one that the driver takes (`moment`).

Python's SQLite driver gives up the interpreter and takes it again for each row it reads and each set of parameters it
is given, and has to wait for it while another thread computes. What a message needs is therefore one statement for all
messages of a batch: `Look` reads them as one document, `given` hands them over as one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, cast

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
            compiled = _compiled(self._statement, connection.dialect, list(self._names))
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


class Ready:
    """One statement that is compiled once: what comes many times a second is not worked out each time."""

    def __init__(self, statement: sa.Executable) -> None:
        self._statement = statement
        self._ready: dict[str, SQLCompiler] = {}

    def run(self, connection: sa.Connection, values: Mapping[str, Any]) -> sa.CursorResult[Any]:
        """Runs it with these values of its parameters; what comes back is as the driver has it."""
        compiled = self._for(connection)
        given: Any = compiled.construct_params(dict(values))
        if compiled.positiontup is not None:
            given = tuple(given[name] for name in compiled.positiontup)
        return connection.exec_driver_sql(compiled.string, given)

    def _for(self, connection: sa.Connection) -> SQLCompiler:
        name = connection.dialect.name
        if name not in self._ready:
            self._ready[name] = _compiled(self._shaped(name), connection.dialect)
        return self._ready[name]

    def _shaped(self, dialect: str) -> sa.Executable:
        return self._statement


class Look(Ready):
    """A select whose rows come as plain tuples, of what the driver makes of text and numbers."""

    def __init__(self, statement: sa.Select[Any]) -> None:
        super().__init__(statement)
        self._rows = statement

    def all(self, connection: sa.Connection, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """The rows, in the order that the statement asks for."""
        found = self.run(connection, values)
        if connection.dialect.name == "sqlite":
            read: list[list[Any]] = json.loads(found.scalar_one())
            return read
        return [tuple(row) for row in found.all()]

    def _shaped(self, dialect: str) -> sa.Executable:
        if dialect != "sqlite":
            return self._rows
        each = self._rows.subquery()
        return sa.select(sa.func.json_group_array(sa.func.json_array(*each.c)))


def _compiled(statement: sa.Executable, dialect: sa.Dialect, names: Sequence[str] | None = None) -> SQLCompiler:
    compiled = cast(sa.ClauseElement, statement).compile(dialect=dialect, column_keys=names)
    if not isinstance(compiled, SQLCompiler):
        raise TypeError("a ready statement is SQL")
    return compiled


def given(dialect: str, **columns: sa.types.TypeEngine[Any]) -> sa.FromClause:
    """A table with these columns, of what is handed over as `packed` says."""
    if dialect == "sqlite":
        each = sa.func.json_each(sa.bindparam("given", type_=sa.Text)).table_valued("value").c.value
        taken = (
            sa.func.json_extract(each, sa.literal_column(f"'$[{place}]'"), type_=kind).label(name)
            for place, (name, kind) in enumerate(columns.items())
        )
        return sa.select(*taken).subquery("given")
    lists = (sa.bindparam(f"given_{name}", type_=sa.ARRAY(kind)) for name, kind in columns.items())
    return sa.func.unnest(*lists).table_valued(*columns).render_derived("given")


def packed(connection: sa.Connection, values: Sequence[tuple[Any, ...]], *names: str) -> dict[str, Any]:
    """The parameters that put these rows into a table of `given` with columns of these names."""
    if connection.dialect.name == "sqlite":
        return {"given": json.dumps(values)}
    return {f"given_{name}": list(column) for name, column in zip(names, zip(*values, strict=True), strict=True)}


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
