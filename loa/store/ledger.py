"""The ledger: one durable row per recipient and deliverable, and the only ways a row can move.

Every change is one short transaction that moves rows, keeps the counters and adds the events together. The promise:
kill the process anywhere, and nothing is lost, nothing is sent twice, and what is in doubt is at most one window and
is listed. `tests/store/test_ledger.py` reads as its rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from loa.model.ledger import Change, Lease, PlannedRow, Receipt, Row
from loa.model.states import RowState
from loa.store.chunks import chunks
from loa.store.engine import Database
from loa.store.expansion import IN_LIST, Expansion
from loa.store.moves import find, find_ids, move
from loa.store.records import to_row
from loa.store.schema import cursors, jobs, lanes, opt_outs, orphans, rows, waves

EXPAND_BATCH = 5_000  # rows a transaction: long enough to be quick, short enough to let others in


@dataclass(frozen=True, slots=True)
class JobKey:
    """One deliverable of one wave, as the ledger names it."""

    wave: str
    deliverable: str
    channel: str


class Ledger:
    """Rows and their moves. All moments are passed in."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # expanding a wave

    def expand(self, job: JobKey, bundle: int, planned: Iterable[PlannedRow], now: datetime) -> int:
        """Puts one row per recipient in place, and returns how many are new.

        Safe to repeat and to break off: a row that is there stays, except that one still `planned` takes over the
        words of `bundle` (a newer approval). A recipient on the opt-out list is `suppressed`. Rows of earlier
        bundles that this one no longer has are cancelled by `drop_left_over`, once expanding is complete.
        """
        job_id = self._job(job)
        added = 0
        for batch in chunks(planned, EXPAND_BATCH):
            with self._db.write() as connection:
                self._lock_job(connection, job_id)
                added += Expansion(connection, job.wave, job.deliverable, job_id, bundle, now).put(batch)
        return added

    def drop_left_over(self, job: JobKey, bundle: int, now: datetime) -> int:
        """Cancels what is still planned under an older bundle: people who are no longer in the audience."""
        job_id = self._job(job)
        with self._db.write() as connection:
            self._lock_job(connection, job_id)
            found = find(
                connection, sa.and_(rows.c.job == job_id, rows.c.state == RowState.PLANNED, rows.c.bundle != bundle)
            )
            changes = [Change(row.id, RowState.CANCELLED, "left-audience") for row in found]
            return move(connection, changes, found, now)

    # sending

    def claim(self, job: JobKey, bundle: int, lease: Lease, limit: int, now: datetime) -> tuple[Row, ...]:
        """Takes up to `limit` rows for sending; when this returns, `sending` is on the disk.

        Nothing comes back when the lane has gone to another holder, the wave is held, or nothing is due. Numbers
        that opted out since the wave was expanded are suppressed on the way.
        """
        job_id = self._job(job)
        with self._db.write() as connection:
            if not _holds(connection, lease, now) or _held(connection, job.wave):
                return ()
            found = connection.execute(
                sa.select(rows, opt_outs.c.phone.label("out"))
                .outerjoin(opt_outs, opt_outs.c.phone == rows.c.recipient)
                .where(
                    rows.c.job == job_id,
                    rows.c.state == RowState.PLANNED,
                    rows.c.bundle == bundle,
                    sa.or_(rows.c.retry_at.is_(None), rows.c.retry_at <= now),
                )
                .order_by(rows.c.retry_at, rows.c.id)
                .limit(limit)
                .with_for_update(of=rows, skip_locked=True)
            ).all()
            out = [Change(row.id, RowState.SUPPRESSED, "opted-out") for row in found if row.out]
            taken = [row for row in found if not row.out]
            claimed = [Change(row.id, RowState.SENDING) for row in taken]
            move(connection, [*out, *claimed], found, now, lease)
        return tuple(
            to_row(
                row,
                job.wave,
                job.deliverable,
                state=RowState.SENDING,
                lane=lease.lane,
                fence=lease.fence,
                attempts=row.attempts + 1,
            )
            for row in taken
        )

    def record(self, lease: Lease, changes: Sequence[Change], now: datetime) -> int:
        """Writes down what a gateway answered for rows claimed under `lease`. Returns how many rows moved.

        An answer that comes when the row is already in doubt is still an answer; one for a row that another holder
        has claimed since is not.
        """
        moved = 0
        for batch in chunks(changes, IN_LIST):
            with self._db.write() as connection:
                found = find_ids(connection, [change.row for change in batch])
                mine = {row.id for row in found if row.fence == lease.fence and row.lane == lease.lane}
                moved += move(connection, [change for change in batch if change.row in mine], found, now)
                self._adopt_orphans(connection, lease.lane, [change for change in batch if change.gateway_id], now)
        return moved

    def doubt(self, lease: Lease, now: datetime) -> int:
        """Marks what an earlier holder of the lane left in `sending` as `unknown`. Returns how many.

        Called once a lane is taken. Nobody may send these again: settled by the gateway, a receipt or an officer.
        """
        with self._db.write() as connection:
            if not _holds(connection, lease, now):
                return 0
            found = find(
                connection,
                sa.and_(rows.c.lane == lease.lane, rows.c.state == RowState.SENDING, rows.c.fence < lease.fence),
            )
            return move(connection, [Change(row.id, RowState.UNKNOWN, "process-died") for row in found], found, now)

    def settle(self, changes: Sequence[Change], now: datetime) -> int:
        """Settles rows in doubt with what the gateway's status call or an officer says. Returns how many moved."""
        moved = 0
        for batch in chunks(changes, IN_LIST):
            with self._db.write() as connection:
                found = find_ids(connection, [change.row for change in batch])
                unknown = {row.id for row in found if row.state == RowState.UNKNOWN}
                moved += move(connection, [change for change in batch if change.row in unknown], found, now)
        return moved

    # receipts

    def receive(self, receipts: Sequence[Receipt], now: datetime, cursor: tuple[str, str] | None = None) -> int:
        """Stores receipts, and applies those that match a row. Returns how many rows moved.

        Late, repeated, contradicting and unknown receipts never break anything: a repeated one changes nothing, one
        without a row waits for its row. `cursor` (name, value) moves in the same transaction.
        """
        with self._db.write() as connection:
            moved = sum(self._apply(connection, batch, now) for batch in chunks(receipts, IN_LIST))
            if cursor is not None:
                name, value = cursor
                if not connection.execute(cursors.update().where(cursors.c.name == name).values(value=value)).rowcount:
                    connection.execute(cursors.insert().values(name=name, value=value))
        return moved

    def cursor(self, name: str) -> str:
        """How far a gateway's receipts have been read; empty at the beginning."""
        with self._db.read() as connection:
            return connection.scalar(sa.select(cursors.c.value).where(cursors.c.name == name)) or ""

    # holds

    def hold(self, wave: str, kind: str, by: str, now: datetime) -> None:
        """Pauses (`paused`) a wave, or lets it go on (empty). Read before every claim."""
        with self._db.write() as connection:
            values = {"hold": kind, "held_by": by, "held_at": now}
            if not connection.execute(waves.update().where(waves.c.wave == wave).values(values)).rowcount:
                connection.execute(waves.insert().values(wave=wave, **values))

    def held(self, wave: str) -> str:
        with self._db.read() as connection:
            return _held(connection, wave)

    def cancel(self, wave: str, by: str, now: datetime) -> int:
        """Cancels all that is still planned, for good. What is out is out; returns how many were stopped."""
        self.hold(wave, "cancelled", by, now)
        with self._db.write() as connection:
            of_wave = sa.select(jobs.c.id).where(jobs.c.wave == wave).scalar_subquery()
            found = find(connection, sa.and_(rows.c.job.in_(of_wave), rows.c.state == RowState.PLANNED))
            return move(connection, [Change(row.id, RowState.CANCELLED, "cancelled") for row in found], found, now)

    # inside

    def _job(self, job: JobKey) -> int:
        """The job's number; made on first use, by one of several that start at once."""
        known = sa.select(jobs.c.id).where(jobs.c.wave == job.wave, jobs.c.deliverable == job.deliverable)
        with self._db.read() as connection:
            found: int | None = connection.scalar(known)
        if found is None:
            with self._db.write() as connection:
                if not self._db.sqlite:  # SQLite's write transaction is such a lock already
                    connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('loa-jobs'))"))
                if connection.scalar(known) is None:
                    values = {"wave": job.wave, "deliverable": job.deliverable, "channel": job.channel}
                    connection.execute(jobs.insert().values(values))
                found = connection.execute(known).scalar_one()
        return found

    def _lock_job(self, connection: sa.Connection, job_id: int) -> None:
        """One expansion of a job at a time, also on PostgreSQL."""
        connection.execute(sa.select(jobs.c.id).where(jobs.c.id == job_id).with_for_update())

    def _apply(self, connection: sa.Connection, receipts: Sequence[Receipt], now: datetime) -> int:
        """Matches receipts by our reference first, then by the gateway's id, exactly as it wrote it."""
        references = [receipt.reference for receipt in receipts if receipt.reference]
        ids = [receipt.gateway_id for receipt in receipts if receipt.gateway_id]
        lanes_named = {receipt.lane for receipt in receipts}
        found = find(
            connection,
            sa.or_(
                rows.c.id.in_(references),
                sa.and_(rows.c.gateway_id.in_(ids), rows.c.gateway_id != "", rows.c.lane.in_(lanes_named)),
            ),
        )
        by_reference = {row.id: row for row in found}
        by_gateway = {(row.lane, row.gateway_id): row for row in found if row.gateway_id}
        moved = 0
        for receipt in receipts:
            row = by_reference.get(receipt.reference) or by_gateway.get((receipt.lane, receipt.gateway_id))
            if row is None:
                _keep_orphan(connection, receipt)
                continue
            change = Change(row.id, receipt.state, receipt.raw, receipt.gateway_id or row.gateway_id)
            # two receipts of one row in one batch: the second must see what the first did
            current = find_ids(connection, [row.id])
            moved += move(connection, [change], current, receipt.at if receipt.at < now else now)
        return moved

    def _adopt_orphans(self, connection: sa.Connection, lane: str, changes: Sequence[Change], now: datetime) -> None:
        """Applies receipts that overtook the answers which have just brought their ids."""
        ids = [change.gateway_id for change in changes]
        if not ids:
            return
        waiting = connection.execute(
            sa.select(orphans).where(orphans.c.lane == lane, orphans.c.gateway_id.in_(ids)).order_by(orphans.c.id)
        ).all()
        if not waiting:
            return
        connection.execute(orphans.delete().where(orphans.c.id.in_([row.id for row in waiting])))
        self._apply(connection, [_receipt(row) for row in waiting], now)


def _holds(connection: sa.Connection, lease: Lease, now: datetime) -> bool:
    """Whether the lease is still the lane's. The lane's row stays locked until the transaction ends."""
    found = connection.execute(sa.select(lanes).where(lanes.c.lane == lease.lane).with_for_update()).first()
    return found is not None and found.fence == lease.fence and found.until > now


def _held(connection: sa.Connection, wave: str) -> str:
    return connection.scalar(sa.select(waves.c.hold).where(waves.c.wave == wave)) or ""


def _receipt(row: sa.Row[Any]) -> Receipt:
    return Receipt(row.lane, row.gateway_id, RowState(row.state), row.at, row.reference, row.raw, row.operator)


def _keep_orphan(connection: sa.Connection, receipt: Receipt) -> None:
    values = {
        "lane": receipt.lane, "gateway_id": receipt.gateway_id, "reference": receipt.reference,
        "state": receipt.state.value,
    }  # fmt: skip
    same = sa.and_(*(orphans.c[name] == value for name, value in values.items()))
    if connection.scalar(sa.select(orphans.c.id).where(same)) is None:
        connection.execute(orphans.insert().values(**values, raw=receipt.raw, operator=receipt.operator, at=receipt.at))
