"""The ledger: one durable row per recipient and deliverable, and the only ways a row can move.

Every change is one short transaction that moves rows, keeps the counters and adds the events together. The promise:
kill the process anywhere, and nothing is lost, nothing is sent twice, and what is in doubt is at most one window and
is listed. `tests/store/test_ledger.py` reads as its rules.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from loa.model.ledger import LEFT_AUDIENCE, Answered, Change, Claim, Lease, PlannedRow, Receipt, Row, Terms
from loa.model.states import RowState
from loa.store.answering import legible_change, stop, stopped_of, write_down
from loa.store.bulk import Ready, among, moment
from loa.store.chunks import chunks
from loa.store.engine import Database, alone, repeated
from loa.store.expansion import IN_LIST, Expansion, planned_frame
from loa.store.holds import CANCELLED, hold_of
from loa.store.moves import Found, Tally, find, find_ids, lock, move
from loa.store.receiving import adopt, apply, forget, in_turn, legible
from loa.store.schema import cursors, jobs, lanes, rows, waves
from loa.store.taking import Taking
from loa.store.wholesale import shift

if TYPE_CHECKING:
    import polars as pl

EXPAND_BATCH = 5_000  # rows a transaction: long enough to be quick, short enough to let others in
FORGET_BATCH = 1_000  # receipts
NO_TERMS = Terms()
# built once: they are asked many times a second
_LANE = Ready(
    sa.select(lanes.c.fence, lanes.c.until).where(lanes.c.lane == sa.bindparam("lane", type_=sa.Text)).with_for_update()
)


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
        self._jobs: dict[tuple[str, str], int] = {}  # by wave and deliverable
        self._claims = itertools.count()

    # expanding a wave

    def expand(
        self,
        job: JobKey,
        bundle: int,
        planned: Iterable[PlannedRow],
        now: datetime,
        *,
        answers_people: bool = False,
    ) -> int:
        """Puts one row per recipient in place, and returns how many are new.

        Safe to repeat and to break off: a row that is there stays, except that one still `planned` takes over what
        a newer `bundle` says of it. A recipient on the opt-out list is `suppressed`. Rows of earlier bundles that
        this one no longer has are cancelled by `drop_left_over`, once expanding is complete. A cancelled wave gets
        no more rows. Rows that answer people who have just written are for those on the opt-out list too.
        """
        frames = map(planned_frame, chunks(planned, EXPAND_BATCH))
        return self.expand_frames(job, bundle, frames, now, answers_people=answers_people)

    def expand_frames(
        self,
        job: JobKey,
        bundle: int,
        frames: Iterable[pl.DataFrame],
        now: datetime,
        *,
        answers_people: bool = False,
    ) -> int:
        """`expand` for people by the million: as columns (`loa.store.expansion.PLAN`), many of them in a frame."""
        expansion = Expansion(job.wave, job.deliverable, self._job(job), bundle, now, answers_people=answers_people)
        added = 0
        for frame in frames:
            for batch in expansion.ready(frame):  # worked out before anything is locked
                new = self._put(expansion, batch, job.wave)
                if new is None:
                    return added
                added += new
        return added

    @repeated
    def _put(self, expansion: Expansion, batch: pl.DataFrame, wave: str) -> int | None:
        """A batch in place; how many are new, or nothing where the wave is cancelled."""
        with self._db.write() as connection:
            _lock_jobs(connection, jobs.c.id == expansion.job)
            return None if hold_of(connection, wave) == CANCELLED else expansion.put(connection, batch)

    def drop_left_over(self, job: JobKey, bundle: int, now: datetime) -> int:
        """Ends an expansion: cancels what is still planned under an older bundle, people no longer in the audience."""
        job_id = self._job(job)
        dropped = self._cancel(job_id, rows.c.bundle < bundle, LEFT_AUDIENCE, now)
        with self._db.write() as connection:
            newer = sa.and_(jobs.c.id == job_id, jobs.c.expanded < bundle)
            connection.execute(jobs.update().where(newer).values(expanded=bundle))
        return dropped

    # sending

    @repeated
    def claim(
        self,
        job: JobKey,
        bundle: int,
        lease: Lease,
        limit: int,
        now: datetime,
        operators: Sequence[str] | None = None,
        terms: Terms = NO_TERMS,
        elsewhere: Sequence[str] | None = None,
        answered: Sequence[Answered] = (),
    ) -> Claim:
        """Takes up to `limit` rows for sending; when this returns, `sending` is on the disk.

        `operators` are the guessed networks that are the lane's to send to; none given means all. A row that a lane
        has sent back as not being on its network goes to a lane that has not tried it and has what was reported among
        `elsewhere` (the same networks unless given), or, where nothing was reported, the empty name.

        Nothing comes back when the lane has gone to another holder, the wave is held, or nothing is due. Numbers
        that opted out since the wave was expanded are suppressed on the way, and so are those that have had what
        `terms` allow them, unless they may have more before the wave closes.

        What was `answered` meanwhile is written down first (as `record` does), in the same transaction and whatever
        becomes of the claim.
        """
        job_id, tally = self._job(job), Tally()
        with self._db.write() as connection:
            if answered:
                in_turn(connection, [lease.lane])  # before the lane's row, as everywhere
            holds = _holds(connection, lease, now)
            self._write_down(connection, lease, answered, now, tally)
            claim = Claim()
            if holds and not hold_of(connection, job.wave):
                other = operators if elsewhere is None else elsewhere
                odd = bool(next(self._claims) % 2)
                taking = Taking(connection, job_id, bundle, lease, terms, now, tally, odd=odd)
                taken, over, more = taking.take(operators, other or (), max(limit, 0))
                claim = Claim(tuple(_started(row, job, lease, now) for row in taken), over, more)
            tally.write(connection)
        return claim

    def record(self, lease: Lease, changes: Sequence[Change], now: datetime) -> int:
        """Writes down what a gateway answered for rows claimed under `lease`. Returns how many rows moved.

        An answer that comes when the row is already in doubt is still an answer; one for a row that another holder
        has claimed since is not. What comes back to `planned` in a wave that was cancelled meanwhile is cancelled.
        Repeating the call changes nothing.
        """
        moved = 0
        for batch in chunks(changes, IN_LIST):
            moved += self.write_down(lease, [Answered(batch)], now)
        return moved

    @repeated
    def write_down(self, lease: Lease, answered: Sequence[Answered], now: datetime) -> int:
        """`record`, all of it in one transaction."""
        tally = Tally()
        with self._db.write() as connection:
            in_turn(connection, [lease.lane])
            moved = self._write_down(connection, lease, answered, now, tally)
            tally.write(connection)
        return moved

    @repeated
    def doubt(self, lease: Lease, now: datetime) -> int:
        """Marks what an earlier holder of the lane left in `sending` as `unknown`. Returns how many.

        Called once a lane is taken. Nobody may send these again: settled by the gateway, a receipt or an officer.
        """
        tally = Tally()
        with self._db.write() as connection:
            in_turn(connection, [lease.lane])  # an answer of the earlier holder may be on its way into the books
            if not _holds(connection, lease, now):
                return 0
            found = find(
                connection,
                sa.and_(rows.c.lane == lease.lane, rows.c.state == RowState.SENDING, rows.c.fence < lease.fence),
            )
            changes = [Change(row.id, RowState.UNKNOWN, "process-died") for row in found]
            moved = move(connection, changes, found, now, tally)
            tally.write(connection)
        return moved

    def settle(self, changes: Sequence[Change], now: datetime) -> int:
        """Settles rows in doubt with what the gateway's status call or an officer says. Returns how many moved."""
        moved = 0
        for batch in chunks(map(legible_change, changes), IN_LIST):
            tally = Tally()
            ids = [change.row for change in batch]
            with self._db.write() as connection:
                in_turn(connection, connection.scalars(sa.select(rows.c.lane).distinct().where(rows.c.id.in_(ids))))
                stopped = stopped_of(connection, batch)
                unknown = {row.id: row for row in find_ids(connection, ids) if row.state == RowState.UNKNOWN}
                moved += move(connection, batch, list(unknown.values()), now, tally)
                stop(connection, stopped, now, tally)
                named = [(unknown[change.row].lane, change.gateway_id) for change in batch if change.row in unknown]
                adopt(connection, named, now, tally)
                tally.write(connection)
        return moved

    # receipts

    @repeated
    def receive(self, receipts: Sequence[Receipt], now: datetime, cursor: tuple[str, str] | None = None) -> int:
        """Stores receipts, and applies those that match a row. Returns how many rows moved.

        Late, repeated, contradicting and unknown receipts never break anything: a repeated one changes nothing, one
        without a row waits for its row. Repeating the call changes nothing. `cursor` (name, value) moves in the same
        transaction.
        """
        tally = Tally()
        with self._db.write() as connection:
            in_turn(connection, (receipt.lane for receipt in receipts))
            batches = chunks(map(_legible_receipt, receipts), IN_LIST)
            moved = sum(apply(connection, batch, now, tally) for batch in batches)
            # a late answer may come as a receipt, and bring the id that an earlier receipt waits for
            brought = [(one.lane, one.gateway_id) for one in receipts if one.reference and one.gateway_id]
            for batch in chunks(brought, IN_LIST):
                adopt(connection, batch, now, tally)
            tally.write(connection)
            if cursor is not None:
                name, value = cursor
                alone(connection, f"cursor/{name}")
                if not connection.execute(cursors.update().where(cursors.c.name == name).values(value=value)).rowcount:
                    connection.execute(cursors.insert().values(name=name, value=value))
        return moved

    def cursor(self, name: str) -> str:
        """How far a gateway's receipts have been read; empty at the beginning."""
        with self._db.read() as connection:
            return connection.scalar(sa.select(cursors.c.value).where(cursors.c.name == name)) or ""

    def forget_orphans(self, before: datetime) -> int:
        """Drops receipts that have waited for a row since before a moment, in small batches. Returns how many.

        Gateways use ids again: what nobody has asked for in months is of no message that is still to come.
        """
        forgotten = 0
        while True:
            with self._db.write() as connection:
                gone = forget(connection, before, FORGET_BATCH)
            forgotten += gone
            if gone < FORGET_BATCH:
                return forgotten

    # holds

    def hold(self, wave: str, kind: str, by: str, now: datetime) -> None:
        """Pauses (`paused`) a wave, or lets it go on (empty). Read before every claim. A cancelled wave stays so."""
        with self._db.write() as connection:
            alone(connection, f"wave/{wave}")
            if hold_of(connection, wave) == CANCELLED:
                return
            values = {"hold": kind, "held_by": by, "held_at": now}
            if not connection.execute(waves.update().where(waves.c.wave == wave).values(values)).rowcount:
                connection.execute(waves.insert().values(wave=wave, **values))

    def held(self, wave: str) -> str:
        with self._db.read() as connection:
            return hold_of(connection, wave)

    def cancel(self, wave: str, by: str, now: datetime) -> int:
        """Cancels all that is still planned, for good. What is out is out; returns how many were stopped.

        The wave is held first, and what is planned goes in batches: broken off, it is completed by repeating it.
        """
        self.hold(wave, CANCELLED, by, now)
        with self._db.read() as connection:
            of_wave = connection.scalars(sa.select(jobs.c.id).where(jobs.c.wave == wave).order_by(jobs.c.id)).all()
        return sum(self._cancel(job_id, sa.true(), "cancelled", now) for job_id in of_wave)

    # inside

    def _write_down(
        self, connection: sa.Connection, lease: Lease, answered: Sequence[Answered], now: datetime, tally: Tally
    ) -> int:
        """Inside a transaction whose turn on the lane it is."""
        # all of them at once and by their ids, as everybody locks rows: two who do cannot wait for each other
        lock(connection, [change.row for one in answered for change in one.changes])
        moved = 0
        for one in answered:
            job = self._jobs.get((one.rows[0].wave, one.rows[0].deliverable)) if one.rows else None
            moved += write_down(connection, lease, one, job, now, tally)
        return moved

    def _job(self, job: JobKey) -> int:
        """The job's number; made on first use, by one of several that start at once."""
        name = job.wave, job.deliverable
        if name in self._jobs:
            return self._jobs[name]
        known = sa.select(jobs.c.id).where(jobs.c.wave == job.wave, jobs.c.deliverable == job.deliverable)
        with self._db.read() as connection:
            found: int | None = connection.scalar(known)
        if found is None:
            with self._db.write() as connection:
                alone(connection, "jobs")
                if connection.scalar(known) is None:
                    values = {"wave": job.wave, "deliverable": job.deliverable, "channel": job.channel}
                    connection.execute(jobs.insert().values(values))
                found = connection.execute(known).scalar_one()
        self._jobs[name] = found  # a number stays
        return found

    def _cancel(self, job_id: int, where: sa.ColumnElement[bool], reason: str, now: datetime) -> int:
        """Cancels planned rows of a job a batch at a time, the job locked so that no expansion adds to them."""
        planned = sa.and_(rows.c.job == job_id, rows.c.state == RowState.PLANNED, where)
        stopped = 0
        while True:
            tally = Tally()
            with self._db.write() as connection:
                _lock_jobs(connection, jobs.c.id == job_id)
                # by the index, so that what is cancelled already is not passed again with every batch
                ids = connection.scalars(sa.select(rows.c.id).where(planned).limit(EXPAND_BATCH)).all()
                found = find(connection, sa.and_(among(connection, rows.c.id, ids), planned))
                stopped += shift(connection, found, RowState.CANCELLED, reason, now, tally)
                tally.write(connection)
            if not ids:
                return stopped


def _lock_jobs(connection: sa.Connection, where: sa.ColumnElement[bool]) -> None:
    """One expansion of a job at a time. Not FOR UPDATE: a claim's new counter names the job and must not wait."""
    connection.execute(sa.select(jobs.c.id).where(where).order_by(jobs.c.id).with_for_update(key_share=True))


def _started(row: Found, job: JobKey, lease: Lease, now: datetime) -> Row:
    """A row as it stands once it has been taken."""
    return Row(
        row.id, job.wave, job.deliverable, row.recipient, row.operator, row.commune, row.language, row.body, row.parts,
        RowState.SENDING, "", row.attempts + 1, lease.lane, lease.fence, row.gateway_id, None, now, row.tried,
        row.network,
    )  # fmt: skip


def _holds(connection: sa.Connection, lease: Lease, now: datetime) -> bool:
    """Whether the lease is still the lane's. The lane's row stays locked until the transaction ends."""
    found = _LANE.run(connection, {"lane": lease.lane}).first()
    return found is not None and found.fence == lease.fence and found.until > moment(connection, now)


def _legible_receipt(receipt: Receipt) -> Receipt:
    return replace(
        receipt,
        gateway_id=legible(receipt.gateway_id),
        reference=legible(receipt.reference),
        raw=legible(receipt.raw),
        operator=legible(receipt.operator),
    )
