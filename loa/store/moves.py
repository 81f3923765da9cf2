"""The one place where rows change state: rows, counters and events move together, inside a caller's transaction."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from loa.model.ledger import BACK_IN_AUDIENCE, LEFT_AUDIENCE, Change, Lease
from loa.model.states import RowState, may_become
from loa.store.bulk import Bulk, Look, Ready, given, in_list, listed, moment, packed
from loa.store.engine import insert
from loa.store.schema import counters, events, rows

_Key = tuple[int, str, str]  # (job, operator, state)


@dataclass(slots=True)
class Tally:
    """What one transaction does to the counters, written once, at its end.

    Once and in one order everywhere, so that two writers cannot wait for each other: receipts of two lanes move the
    same counters.
    """

    rows: Counter[_Key] = field(default_factory=Counter)
    parts: Counter[_Key] = field(default_factory=Counter)

    def add(self, job: int, operator: str, state: str, number: int, parts: int) -> None:
        self.rows[job, operator, state] += number
        self.parts[job, operator, state] += parts

    def shift(self, job: int, before: tuple[str, str], after: tuple[str, str], number: int, parts: int) -> None:
        """So many rows, of so many parts together, go from one (operator, state) to another."""
        self.add(job, *before, -number, -parts)
        self.add(job, *after, number, parts)

    def write(self, connection: sa.Connection) -> None:
        values = [
            (*key, number, self.parts[key]) for key, number in sorted(self.rows.items()) if number or self.parts[key]
        ]
        _add(connection.dialect.name).run(connection, values)


@cache
def _add(dialect: str) -> Bulk:
    """Adds to counters; built once, since a claim of fifty rows would take longer over this than over the rows."""
    statement = insert(dialect, counters).values({column.name: sa.bindparam(column.name) for column in counters.c})
    new = statement.excluded
    adding = statement.on_conflict_do_update(
        index_elements=[counters.c.job, counters.c.operator, counters.c.state],
        set_={"rows": counters.c.rows + new.rows, "parts": counters.c.parts + new.parts},
    )
    return Bulk(adding, *counters.c.keys())


SENDING: sa.ColumnClause[str] = sa.literal_column(f"'{RowState.SENDING.value}'")


class Found(NamedTuple):
    """What is looked at of a row before it moves. A tuple of its own: reading a column of SQLAlchemy's row takes ten
    times as long, and it is done a dozen times for every message. `sent_at` is as the driver has it for the same
    reason.

    What comes after it is read only where rows are taken for sending (`loa.store.taking`).
    """

    id: str
    job: int
    recipient: str
    bundle: int
    operator: str
    parts: int
    state: str
    reason: str
    attempts: int
    lane: str
    fence: int
    gateway_id: str
    tried: str
    network: str
    sent_at: Any
    commune: str = ""
    language: str = ""
    body: str = ""
    out: str | None = None
    had: int = 0


LOOKED_AT = tuple(
    sa.type_coerce(rows.c[name], sa.types.NullType()).label(name) if name == "sent_at" else rows.c[name]
    for name in Found._fields[: Found._fields.index("commune")]
)


def find(connection: sa.Connection, where: sa.ColumnElement[bool], most: int | None = None) -> Sequence[Found]:
    """Rows by their ids, at most so many, locked for a move until the transaction ends."""
    statement = sa.select(*LOOKED_AT).where(where).order_by(rows.c.id).limit(most)
    return [Found(*row) for row in connection.execute(statement.with_for_update(of=rows))]


def find_ids(connection: sa.Connection, ids: Sequence[str]) -> Sequence[Found]:
    found = _these(connection.dialect.name).all(connection, {"ids": listed(connection, ids)})
    return [Found(*row) for row in found]


def lock(connection: sa.Connection, ids: Sequence[str]) -> None:
    """Locks rows, in the order in which everybody does. SQLite's one writer has all of them locked."""
    if ids and connection.dialect.name != "sqlite":
        _locked(connection.dialect.name).run(connection, {"ids": listed(connection, ids)})


@cache
def _locked(dialect: str) -> Ready:
    these = sa.select(rows.c.id).where(in_list(dialect, rows.c.id, "ids")).order_by(rows.c.id)
    return Ready(these.with_for_update(of=rows))


@cache
def _these(dialect: str) -> Look:
    these = sa.select(*LOOKED_AT).where(in_list(dialect, rows.c.id, "ids"))
    return Look(these.order_by(rows.c.id).with_for_update(of=rows))


def move(
    connection: sa.Connection,
    changes: Sequence[Change],
    found: Sequence[Found],
    now: datetime,
    tally: Tally,
    *,
    moments: Mapping[str, datetime] | None = None,
) -> int:
    """Applies each change to its row in `found`; steps that the states do not allow are left out. Returns how many.

    Of several changes to one row the first allowed one counts: `found` knows no more than how the row stood before.
    `moments` says for a row when it happened, where that was before `now`. The caller writes the `tally`.
    """
    before = {row.id: row for row in found}
    allowed: dict[str, Change] = {}
    for change in changes:
        row = before.get(change.row)
        if row is not None and _may(row, change):
            allowed.setdefault(change.row, change)
    at = moment(connection, now)
    when = {key: moment(connection, value) for key, value in (moments or {}).items()}
    out: dict[tuple[RowState, str, str], list[tuple[Found, Change]]] = defaultdict(list)
    others: list[tuple[Found, Change]] = []
    for key, change in allowed.items():
        alike = others if _is_own(change) else out[change.state, change.reason, change.raw]
        alike.append((before[key], change))
    for (entered, *why), these in out.items():
        _come_out(
            connection,
            (entered.value, *why),
            [(row.id, when.get(row.id, at), change.gateway_id) for row, change in these],
        )
        for (job, operator, state, parts), number in Counter(
            (row.job, row.operator, row.state, row.parts) for row, _ in these
        ).items():
            tally.shift(job, (operator, state), (operator, entered.value), number, number * parts)
    _UPDATE.run(connection, [_updated(connection, row, change, when.get(row.id, at)) for row, change in others])
    _EVENT.run(connection, [_event(row, change, when.get(row.id, at)) for row, change in others])
    for row, change in others:
        tally.shift(row.job, (row.operator, row.state), (_operator(row, change), change.state.value), 1, row.parts)
    return len(allowed)


def start(connection: sa.Connection, taken: Sequence[Found], lease: Lease, now: datetime, tally: Tally) -> None:
    """Planned rows, locked, begin to be sent. Their answer's event tells it: until then the row itself does."""
    these = {"ids": listed(connection, [row.id for row in taken])}
    new = {"new_lane": lease.lane, "new_fence": lease.fence, "new_at": moment(connection, now)}
    _start(connection.dialect.name).run(connection, {**these, **new})
    for (job, operator, parts), number in Counter((row.job, row.operator, row.parts) for row in taken).items():
        tally.shift(job, (operator, RowState.PLANNED.value), (operator, RowState.SENDING.value), number, number * parts)


@cache
def _start(dialect: str) -> Ready:
    values = {
        "state": SENDING,
        "reason": sa.literal_column("''"),
        "attempts": rows.c.attempts + sa.literal_column("1"),
        "lane": sa.bindparam("new_lane"),
        "fence": sa.bindparam("new_fence"),
        "retry_at": sa.null(),
        "updated_at": sa.bindparam("new_at"),
        "sent_at": sa.bindparam("new_at"),
    }
    return Ready(rows.update().where(in_list(dialect, rows.c.id, "ids")).values(values))


def _may(row: Found, change: Change) -> bool:
    """The table of states, and the two steps in it that depend on more than the state."""
    now = _STATES[row.state]
    if now is RowState.CANCELLED:  # what a person cancelled stays so
        return (row.reason, change.state, change.reason) == (LEFT_AUDIENCE, RowState.PLANNED, BACK_IN_AUDIENCE)
    if now is RowState.PLANNED and change.state in _BY_RECEIPT:
        return bool(row.lane)  # it was in a lane's hands once: what never left cannot have arrived
    return may_become(now, change.state)


def _is_own(change: Change) -> bool:
    """Whether a change says more of its row than that it is out, and what for it is known."""
    return change.state in _NOT_OUT or bool(change.network)


def _operator(row: Found, change: Change) -> str:
    """The network a row is counted under and routed by: a guess, until a lane says that it is wrong."""
    return change.network if change.not_here else row.operator


_STATES: Mapping[str, RowState] = {state.value: state for state in RowState}
_BY_RECEIPT = frozenset({RowState.DELIVERED, RowState.UNDELIVERED, RowState.EXPIRED})
_NOT_OUT = frozenset({RowState.PLANNED, RowState.REFUSED, RowState.SUPPRESSED, RowState.CANCELLED})
_CHANGED = ("operator", "state", "reason", "attempts", "gateway_id", "retry_at", "updated_at", "tried", "network")
_UPDATE = Bulk(
    rows.update()
    .where(rows.c.id == sa.bindparam("row_id"))
    .values(
        {
            **{name: sa.bindparam(f"new_{name}") for name in _CHANGED},
            "sent_at": sa.case((sa.bindparam("out", type_=sa.Integer) == sa.literal_column("1"), rows.c.sent_at)),
        }
    ),
    "row_id", *(f"new_{name}" for name in _CHANGED), "out",
)  # fmt: skip
TOLD = ("row", "at", "state", "reason", "lane", "fence", "gateway_id", "raw", "sent_at")
_EVENT = Bulk(events.insert().values({name: sa.bindparam(name) for name in TOLD}), *TOLD)


def _updated(connection: sa.Connection, row: Found, change: Change, at: Any) -> tuple[Any, ...]:
    # throttling is the gateway's doing, not the message's: it spends no attempt
    refund = change.state is RowState.PLANNED and not change.spends_attempt
    return (
        row.id,
        _operator(row, change),
        change.state.value,
        change.reason,
        row.attempts - 1 if refund else row.attempts,
        change.gateway_id or row.gateway_id,
        None if change.retry_at is None else moment(connection, change.retry_at),
        at,
        f"{row.tried}|{row.lane}|" if change.not_here else row.tried,
        change.network or row.network,
        0 if change.state in _NOT_OUT else 1,
    )


def _event(row: Found, change: Change, at: Any) -> tuple[Any, ...]:
    told = (change.state.value, change.reason, row.lane, row.fence, change.gateway_id, change.raw)
    return (row.id, at, *told, _began(row))


def _began(row: Found) -> Any:
    """When it was given to the gateway, where this is the answer to that."""
    return row.sent_at if row.state == RowState.SENDING else None


# What nearly every message goes through - accepted, delivered - for all of a batch at once.

OUT = ("row", "at", "gateway_id")
_SAME = ("new_state", "new_reason", "told_raw")


@cache
def out_table(dialect: str) -> sa.FromClause:
    """What `OUT` names of each row, handed over by `packed`."""
    kind = sa.DateTime(timezone=True) if dialect != "sqlite" else sa.Text()
    return given(dialect, row=sa.Text(), at=kind, gateway_id=sa.Text())


@cache
def _tell_out(dialect: str) -> Ready:
    """Before the rows themselves move: it reads from them who sent them, and when."""
    new, (state, reason, raw) = out_table(dialect), (sa.bindparam(name, type_=sa.Text) for name in _SAME)
    began = sa.case((rows.c.state == SENDING, rows.c.sent_at))
    told = sa.select(
        new.c.row, new.c.at, state, reason, rows.c.lane, rows.c.fence, new.c.gateway_id, raw, began
    ).join_from(new, rows, rows.c.id == new.c.row)
    return Ready(events.insert().from_select(TOLD, told, include_defaults=False))


def moving_out(dialect: str) -> sa.Update:
    """Rows come out as `OUT` says of each and `_SAME` of all; one that has an id of the gateway's keeps it."""
    new, (state, reason, _) = out_table(dialect), (sa.bindparam(name, type_=sa.Text) for name in _SAME)
    kept = sa.case((new.c.gateway_id == sa.literal_column("''"), rows.c.gateway_id), else_=new.c.gateway_id)
    values = {"state": state, "reason": reason, "gateway_id": kept, "updated_at": new.c.at, "retry_at": sa.null()}
    return rows.update().where(rows.c.id == new.c.row).values(values)


@cache
def _move_out(dialect: str) -> Ready:
    return Ready(moving_out(dialect))


def _come_out(connection: sa.Connection, same: Sequence[str], these: Sequence[tuple[Any, ...]]) -> None:
    """`same` is the state, the reason and the provider's word, `these` what `OUT` names."""
    dialect, new = connection.dialect.name, packed(connection, these, *OUT)
    _tell_out(dialect).run(connection, {**new, **dict(zip(_SAME, same, strict=True))})
    _move_out(dialect).run(connection, {**new, **dict(zip(_SAME[:2], same, strict=False))})
