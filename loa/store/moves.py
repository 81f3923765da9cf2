"""The one place where rows change state: rows, counters and events move together, inside a caller's transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from loa.model.ledger import BACK_IN_AUDIENCE, LEFT_AUDIENCE, Change, Lease
from loa.model.states import RowState, may_become
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
        statement = insert(connection, counters)
        new = statement.excluded
        upsert = statement.on_conflict_do_update(
            index_elements=[counters.c.job, counters.c.operator, counters.c.state],
            set_={"rows": counters.c.rows + new.rows, "parts": counters.c.parts + new.parts},
        )
        values = [
            {"job": job, "operator": operator, "state": state, "rows": number, "parts": self.parts[key]}
            for key, number in sorted(self.rows.items())
            if number or self.parts[key]
            for job, operator, state in (key,)
        ]
        if values:
            connection.execute(upsert, values)


def find(connection: sa.Connection, where: sa.ColumnElement[bool], most: int | None = None) -> Sequence[sa.Row[Any]]:
    """Rows by their ids, at most so many, locked for a move until the transaction ends."""
    return connection.execute(
        sa.select(rows).where(where).order_by(rows.c.id).limit(most).with_for_update(of=rows)
    ).all()


def find_ids(connection: sa.Connection, ids: Sequence[str]) -> Sequence[sa.Row[Any]]:
    return find(connection, rows.c.id.in_(ids))


def move(
    connection: sa.Connection,
    changes: Sequence[Change],
    found: Sequence[sa.Row[Any]],
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
    when = moments or {}
    triples = [(before[key], change, when.get(key, now)) for key, change in allowed.items()]
    connection.execute(_UPDATE, [_updated(row, change, at, lease) for row, change, at in triples])
    connection.execute(events.insert(), [_event(row, change, at, lease) for row, change, at in triples])
    for row, change, _ in triples:
        tally.add(row.job, row.operator, row.state, -1, -row.parts)
        tally.add(row.job, _operator(row, change), change.state.value, 1, row.parts)
    return len(triples)


def start(connection: sa.Connection, taken: Sequence[sa.Row[Any]], lease: Lease, now: datetime, tally: Tally) -> None:
    """Planned rows, locked, begin to be sent: the one move of many rows at once that is the same for all of them."""
    ids = [row.id for row in taken]
    connection.execute(
        _START, {"ids": ids, "new_lane": lease.lane, "new_fence": lease.fence, "new_at": now, "new_sent_at": now}
    )
    connection.execute(_START_EVENTS, {"ids": ids})
    for row in taken:
        tally.add(row.job, row.operator, RowState.PLANNED, -1, -row.parts)
        tally.add(row.job, row.operator, RowState.SENDING, 1, row.parts)


def _may(row: sa.Row[Any], change: Change) -> bool:
    """The table of states, and the two steps in it that depend on more than the state."""
    now = RowState(row.state)
    if now is RowState.CANCELLED:  # what a person cancelled stays so
        return (row.reason, change.state, change.reason) == (LEFT_AUDIENCE, RowState.PLANNED, BACK_IN_AUDIENCE)
    if now is RowState.PLANNED and change.state in _BY_RECEIPT:
        return bool(row.lane)  # it was in a lane's hands once: what never left cannot have arrived
    return may_become(now, change.state)


def _operator(row: sa.Row[Any], change: Change) -> str:
    """The network a row is counted under and routed by: a guess, until a lane says that it is wrong."""
    return change.network if change.not_here else row.operator


_BY_RECEIPT = frozenset({RowState.DELIVERED, RowState.UNDELIVERED, RowState.EXPIRED})
_NOT_OUT = frozenset({RowState.PLANNED, RowState.REFUSED, RowState.SUPPRESSED, RowState.CANCELLED})
_CHANGED = (
    "operator", "state", "reason", "attempts", "lane", "fence", "gateway_id", "retry_at", "updated_at", "sent_at",
    "tried", "network",
)  # fmt: skip
_UPDATE = (
    rows.update()
    .where(rows.c.id == sa.bindparam("row_id"))
    .values({name: sa.bindparam(f"new_{name}") for name in _CHANGED})
)
_THESE = rows.c.id.in_(sa.bindparam("ids", expanding=True))
_START = (
    rows.update()
    .where(_THESE)
    .values(
        state=RowState.SENDING.value,
        reason="",
        attempts=rows.c.attempts + 1,
        lane=sa.bindparam("new_lane"),
        fence=sa.bindparam("new_fence"),
        retry_at=None,
        updated_at=sa.bindparam("new_at"),
        sent_at=sa.bindparam("new_sent_at"),
    )
)
_START_EVENTS = events.insert().from_select(
    ["row", "at", "state", "lane", "fence"],
    sa.select(rows.c.id, rows.c.updated_at, rows.c.state, rows.c.lane, rows.c.fence).where(_THESE),
)


def _updated(row: sa.Row[Any], change: Change, now: datetime, lease: Lease | None) -> dict[str, object]:
    claiming = change.state is RowState.SENDING
    # throttling is the gateway's doing, not the message's: it spends no attempt
    refund = change.state is RowState.PLANNED and not change.spends_attempt
    sent_at = now if claiming else row.sent_at
    return {
        "row_id": row.id,
        "new_operator": _operator(row, change),
        "new_state": change.state.value,
        "new_reason": change.reason,
        "new_attempts": row.attempts + (1 if claiming else 0) - (1 if refund else 0),
        "new_lane": lease.lane if claiming and lease else row.lane,
        "new_fence": lease.fence if claiming and lease else row.fence,
        "new_gateway_id": change.gateway_id or row.gateway_id,
        "new_retry_at": change.retry_at,
        "new_updated_at": now,
        "new_sent_at": None if change.state in _NOT_OUT else sent_at,
        "new_tried": f"{row.tried}|{row.lane}|" if change.not_here else row.tried,
        "new_network": change.network or row.network,
    }


def _event(row: sa.Row[Any], change: Change, now: datetime, lease: Lease | None) -> dict[str, object]:
    return {
        "row": row.id,
        "at": now,
        "state": change.state.value,
        "reason": change.reason,
        "lane": lease.lane if lease else row.lane,
        "fence": lease.fence if lease else row.fence,
        "gateway_id": change.gateway_id,
        "raw": change.raw,
    }
