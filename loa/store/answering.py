"""What gateways answered, written down: inside a caller's transaction, and the lane's turn taken (`in_turn`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from loa.model.ledger import Answered, Change, Lease, Row
from loa.model.states import RowState
from loa.store.bulk import Ready, among, moment, packed
from loa.store.engine import alone
from loa.store.holds import CANCELLED, hold_of
from loa.store.moves import OUT, SENDING, TOLD, Tally, find, find_ids, move, moving_out, out_table
from loa.store.receiving import adopt, legible
from loa.store.schema import events, jobs, rows
from loa.store.wholesale import shift


def write_down(
    connection: sa.Connection, lease: Lease, answered: Answered, job: int | None, now: datetime, tally: Tally
) -> int:
    """Moves the rows of `answered` that were claimed under `lease`. Returns how many.

    `job` is the number of their rows' job, where the rows are given. The caller writes the `tally`.
    """
    changes = [legible_change(change) for change in answered.changes]
    if job is not None and _all_taken(connection, lease, changes, answered.rows, job, now, tally):
        moved = len(changes)
    else:
        moved = _look_and_move(connection, lease, changes, now, tally)
    adopt(connection, [(lease.lane, change.gateway_id) for change in changes], now, tally)
    return moved


def _look_and_move(
    connection: sa.Connection, lease: Lease, changes: Sequence[Change], now: datetime, tally: Tally
) -> int:
    """Answers of any kind, each row looked at."""
    stopped = stopped_of(connection, changes)
    found = find_ids(connection, [change.row for change in changes])
    mine = [row for row in found if row.fence == lease.fence and row.lane == lease.lane]
    moved = move(connection, changes, mine, now, tally)
    stop(connection, stopped, now, tally)
    return moved


def stopped_of(connection: sa.Connection, changes: Sequence[Change]) -> sa.ColumnElement[bool] | None:
    """Of the rows that are to go back to planned, those of waves that are cancelled: nobody would stop them again.

    Asked for before any row is locked: a wave that is not cancelled now is so only after this transaction, and what
    it has put back is then found with the rest of what is planned.
    """
    back = [change.row for change in changes if change.state is RowState.PLANNED]
    if not back:
        return None
    these = sa.select(jobs.c.wave).join(rows, rows.c.job == jobs.c.id).where(among(connection, rows.c.id, back))
    of_waves = sorted(set(connection.scalars(these)))
    for wave in of_waves:
        alone(connection, f"wave/{wave}")
    cancelled = [wave for wave in of_waves if hold_of(connection, wave) == CANCELLED]
    if not cancelled:
        return None
    their_jobs = connection.scalars(sa.select(jobs.c.id).where(jobs.c.wave.in_(cancelled))).all()
    planned = sa.and_(rows.c.state == RowState.PLANNED, rows.c.job.in_(their_jobs))
    return sa.and_(among(connection, rows.c.id, back), planned)


def stop(connection: sa.Connection, stopped: sa.ColumnElement[bool] | None, now: datetime, tally: Tally) -> None:
    """Cancels the rows that `stopped_of` named, where there are any."""
    if stopped is not None:
        shift(connection, find(connection, stopped), RowState.CANCELLED, CANCELLED, now, tally)


def legible_change(change: Change) -> Change:
    """A change whose words both databases can keep."""
    if (change.reason + change.gateway_id + change.raw + change.network).isprintable():
        return change
    return change._replace(
        reason=legible(change.reason),
        gateway_id=legible(change.gateway_id),
        raw=legible(change.raw),
        network=legible(change.network),
    )


# What nearly all answers are: every message of a batch was taken, in the same words. Nothing is read for that.


def _all_taken(
    connection: sa.Connection,
    lease: Lease,
    changes: Sequence[Change],
    claimed: Sequence[Row],
    job: int,
    now: datetime,
    tally: Tally,
) -> bool:
    """Moves all the rows at once, if that is what `changes` say and each row still stands as it was claimed.

    Otherwise nothing is moved, and the rows are to be looked at.
    """
    same = {(change.state, change.reason, change.raw, change.network) for change in changes}
    under = {(row.lane, row.fence, row.updated_at) for row in claimed}
    ids = [row.id for row in claimed]
    if len(same) != 1 or len(under) != 1 or ids != [change.row for change in changes] or len(set(ids)) != len(ids):
        return False
    ((state, reason, raw, network),), ((lane, fence, sent_at),) = same, under
    if state is not RowState.ACCEPTED or network or (lane, fence) != (lease.lane, lease.fence):
        return False
    at, sent, dialect = moment(connection, now), moment(connection, sent_at), connection.dialect.name
    new = packed(connection, [(change.row, at, change.gateway_id) for change in changes], *OUT)
    of_all = {"new_state": state.value, "new_reason": reason, "of_lane": lane, "of_fence": fence, "of_sent": sent}
    part = connection.begin_nested()
    if _take(dialect).run(connection, {**new, **of_all}).rowcount != len(changes):
        part.rollback()
        return False
    _tell(dialect).run(connection, {**new, **of_all, "told_raw": raw})
    part.commit()
    for (operator, parts), number in Counter((row.operator, row.parts) for row in claimed).items():
        tally.shift(job, (operator, RowState.SENDING.value), (operator, state.value), number, number * parts)
    return True


def _text(name: str) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=sa.Text)


@cache
def _take(dialect: str) -> Ready:
    """Only rows that stand as they were claimed; how many they were the caller sees."""
    as_claimed = (
        # as one word: SQLite would go by the index of what is in doubt, and through all of it for each of these
        rows.c.state.concat(rows.c.lane) == SENDING.concat(_text("of_lane")),
        rows.c.fence == sa.bindparam("of_fence", type_=sa.Integer),
        rows.c.sent_at == sa.bindparam("of_sent", type_=rows.c.sent_at.type),
    )
    return Ready(moving_out(dialect).where(*as_claimed))


@cache
def _tell(dialect: str) -> Ready:
    new = out_table(dialect)
    fence, sent = sa.bindparam("of_fence", type_=sa.Integer), sa.bindparam("of_sent", type_=rows.c.sent_at.type)
    told = sa.select(
        new.c.row, new.c.at, _text("new_state"), _text("new_reason"), _text("of_lane"), fence, new.c.gateway_id,
        _text("told_raw"), sent,
    )  # fmt: skip
    return Ready(events.insert().from_select(TOLD, told, include_defaults=False))
