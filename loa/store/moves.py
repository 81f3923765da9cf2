"""The one place where rows change state: rows, counters and events move together, inside a caller's transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from loa.model.ledger import BACK_IN_AUDIENCE, LEFT_AUDIENCE, Change, Lease
from loa.model.states import RowState, may_become
from loa.store.bulk import Bulk, in_list, listed, moment
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

    def write(self, connection: sa.Connection) -> None:
        values = [
            {"job": job, "operator": operator, "state": state, "rows": number, "parts": self.parts[key]}
            for key, number in sorted(self.rows.items())
            if number or self.parts[key]
            for job, operator, state in (key,)
        ]
        if values:
            connection.execute(_add(connection.dialect.name), values)


@cache
def _add(dialect: str) -> sqlite.Insert | postgresql.Insert:
    """Adds to counters; built once, since a claim of fifty rows would take longer over this than over the rows."""
    statement = insert(dialect, counters)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=[counters.c.job, counters.c.operator, counters.c.state],
        set_={"rows": counters.c.rows + new.rows, "parts": counters.c.parts + new.parts},
    )


class Found(NamedTuple):
    """What is looked at of a row before it moves. A tuple of its own: reading a column of SQLAlchemy's row takes ten
    times as long, and it is done a dozen times for every message. Moments are left out for the same reason.

    What comes after `network` is read only where rows are taken for sending (`loa.store.taking`).
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
    commune: str = ""
    language: str = ""
    body: str = ""
    out: str | None = None
    had: int = 0


LOOKED_AT = tuple(rows.c[name] for name in Found._fields[: Found._fields.index("commune")])


def find(connection: sa.Connection, where: sa.ColumnElement[bool], most: int | None = None) -> Sequence[Found]:
    """Rows by their ids, at most so many, locked for a move until the transaction ends."""
    statement = sa.select(*LOOKED_AT).where(where).order_by(rows.c.id).limit(most)
    return [Found(*row) for row in connection.execute(statement.with_for_update(of=rows))]


def find_ids(connection: sa.Connection, ids: Sequence[str]) -> Sequence[Found]:
    found = connection.execute(_these(connection.dialect.name), {"ids": listed(connection, ids)})
    return [Found(*row) for row in found]


@cache
def _these(dialect: str) -> sa.Select[Any]:
    these = sa.select(*LOOKED_AT).where(in_list(dialect, rows.c.id, "ids"))
    return these.order_by(rows.c.id).with_for_update(of=rows)


def move(
    connection: sa.Connection,
    changes: Sequence[Change],
    found: Sequence[Found],
    now: datetime,
    tally: Tally,
    *,
    lease: Lease | None = None,
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
    if not allowed:
        return 0
    at, moved = moment(connection, now), [(before[key], change) for key, change in allowed.items()]
    when = {key: moment(connection, value) for key, value in (moments or {}).items()}
    _UPDATE.run(connection, [_updated(connection, row, change, when.get(row.id, at)) for row, change in moved])
    _EVENT.run(connection, [_event(row, change, when.get(row.id, at), lease) for row, change in moved])
    steps = Counter(
        (row.job, row.operator, row.state, _operator(row, change), change.state.value, row.parts)
        for row, change in moved
    )
    for (job, left, before_it, entered, after_it, parts), number in steps.items():
        tally.add(job, left, before_it, -number, -number * parts)
        tally.add(job, entered, after_it, number, number * parts)
    return len(moved)


def start(connection: sa.Connection, taken: Sequence[Found], lease: Lease, now: datetime, tally: Tally) -> None:
    """Planned rows, locked, begin to be sent."""
    at = moment(connection, now)
    _START.run(connection, [(row.id, lease.lane, lease.fence, at, at) for row in taken])
    told = (RowState.SENDING.value, "", lease.lane, lease.fence, "", "")
    _EVENT.run(connection, [(row.id, at, *told) for row in taken])
    for (job, operator, parts), number in Counter((row.job, row.operator, row.parts) for row in taken).items():
        tally.add(job, operator, RowState.PLANNED, -number, -number * parts)
        tally.add(job, operator, RowState.SENDING, number, number * parts)


def _may(row: Found, change: Change) -> bool:
    """The table of states, and the two steps in it that depend on more than the state."""
    now = RowState(row.state)
    if now is RowState.CANCELLED:  # what a person cancelled stays so
        return (row.reason, change.state, change.reason) == (LEFT_AUDIENCE, RowState.PLANNED, BACK_IN_AUDIENCE)
    if now is RowState.PLANNED and change.state in _BY_RECEIPT:
        return bool(row.lane)  # it was in a lane's hands once: what never left cannot have arrived
    return may_become(now, change.state)


def _operator(row: Found, change: Change) -> str:
    """The network a row is counted under and routed by: a guess, until a lane says that it is wrong."""
    return change.network if change.not_here else row.operator


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
_START = Bulk(
    rows.update()
    .where(rows.c.id == sa.bindparam("row_id"))
    .values(
        state=sa.literal_column(f"'{RowState.SENDING.value}'"),
        reason=sa.literal_column("''"),
        attempts=rows.c.attempts + sa.literal_column("1"),
        lane=sa.bindparam("new_lane"),
        fence=sa.bindparam("new_fence"),
        retry_at=sa.null(),
        updated_at=sa.bindparam("new_updated_at"),
        sent_at=sa.bindparam("new_sent_at"),
    ),
    "row_id", "new_lane", "new_fence", "new_updated_at", "new_sent_at",
)  # fmt: skip
_TOLD = ("row", "at", "state", "reason", "lane", "fence", "gateway_id", "raw")
_EVENT = Bulk(events.insert().values({name: sa.bindparam(name) for name in _TOLD}), *_TOLD)


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


def _event(row: Found, change: Change, at: Any, lease: Lease | None) -> tuple[Any, ...]:
    lane, fence = (lease.lane, lease.fence) if lease else (row.lane, row.fence)
    return (row.id, at, change.state.value, change.reason, lane, fence, change.gateway_id, change.raw)
