"""The one place where rows change state: rows, counters and events move together, inside a caller's transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from loa.model.ledger import Change, Lease
from loa.model.states import RowState, may_become
from loa.store.schema import counters, events, rows

Tally = Counter[tuple[int, str, str]]  # (job, operator, state) -> a number


def find(connection: sa.Connection, where: sa.ColumnElement[bool]) -> Sequence[sa.Row[Any]]:
    """Rows, locked for a move until the transaction ends."""
    return connection.execute(sa.select(rows).where(where).order_by(rows.c.id).with_for_update(of=rows)).all()


def find_ids(connection: sa.Connection, ids: Sequence[str]) -> Sequence[sa.Row[Any]]:
    return find(connection, rows.c.id.in_(ids))


def move(
    connection: sa.Connection,
    changes: Sequence[Change],
    found: Sequence[sa.Row[Any]],
    now: datetime,
    lease: Lease | None = None,
) -> int:
    """Applies each change to its row in `found`; steps that the states do not allow are left out. Returns how many."""
    before = {row.id: row for row in found}
    allowed = [
        change
        for change in changes
        if change.row in before and may_become(RowState(before[change.row].state), change.state)
    ]
    if not allowed:
        return 0
    connection.execute(_UPDATE, [_updated(before[change.row], change, now, lease) for change in allowed])
    connection.execute(events.insert(), [_event(before[change.row], change, now, lease) for change in allowed])
    delta: Tally = Counter()
    parts: Tally = Counter()
    for change in allowed:
        row = before[change.row]
        for state, sign in ((row.state, -1), (change.state.value, 1)):
            delta[row.job, row.operator, state] += sign
            parts[row.job, row.operator, state] += sign * row.parts
    count(connection, delta, parts)
    return len(allowed)


_UPDATE = (
    rows.update()
    .where(rows.c.id == sa.bindparam("row_id"))
    .values(
        {
            name: sa.bindparam(f"new_{name}")
            for name in ("state", "reason", "attempts", "lane", "fence", "gateway_id", "retry_at", "updated_at")
        }
    )
)


def _updated(row: sa.Row[Any], change: Change, now: datetime, lease: Lease | None) -> dict[str, object]:
    claiming = change.state is RowState.SENDING
    # throttling is the gateway's doing, not the message's: it spends no attempt
    refund = change.state is RowState.PLANNED and not change.spends_attempt
    return {
        "row_id": row.id,
        "new_state": change.state.value,
        "new_reason": change.reason,
        "new_attempts": row.attempts + (1 if claiming else 0) - (1 if refund else 0),
        "new_lane": lease.lane if claiming and lease else row.lane,
        "new_fence": lease.fence if claiming and lease else row.fence,
        "new_gateway_id": change.gateway_id or row.gateway_id,
        "new_retry_at": change.retry_at,
        "new_updated_at": now,
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


def count(connection: sa.Connection, delta: Tally, parts: Tally) -> None:
    """Moves the counters, in one order everywhere so that two writers cannot wait for each other."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(counters)
    upsert = statement.on_conflict_do_update(
        index_elements=[counters.c.job, counters.c.operator, counters.c.state],
        set_={"rows": counters.c.rows + statement.excluded.rows, "parts": counters.c.parts + statement.excluded.parts},
    )
    values = [
        {"job": job, "operator": operator, "state": state, "rows": number, "parts": parts[job, operator, state]}
        for (job, operator, state), number in sorted(delta.items())
        if number or parts[job, operator, state]
    ]
    if values:
        connection.execute(upsert, values)
