"""What the ledger tells: counters for tables and reports, rows for an export and for what is in doubt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from loa.model.ledger import Count, Row
from loa.model.states import RowState
from loa.store.bulk import among
from loa.store.engine import Database
from loa.store.expansion import row_ids
from loa.store.records import to_row
from loa.store.schema import counters, events, jobs, orphans, rows

PAGE = 5_000


@dataclass(frozen=True, slots=True)
class Stuck:
    """Rows of a deliverable that are in a state for too long. `lane` had them last, `since` is the oldest's moment."""

    wave: str
    deliverable: str
    state: RowState
    lane: str
    rows: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Orphans:
    """Receipts of a lane that match no row, by what they say; `since` is the moment of the first."""

    lane: str
    state: RowState
    receipts: int
    since: datetime


class Figures:
    """Reads the ledger. Sums come from the kept counters, never from counting rows."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def waves(self, campaign: str = "") -> tuple[str, ...]:
        """The waves that have rows, by name; `campaign` narrows to one."""
        statement = sa.select(jobs.c.wave).distinct().order_by(jobs.c.wave)
        if campaign:
            statement = statement.where(jobs.c.wave.startswith(f"{campaign}/", autoescape=True))
        with self._db.read() as connection:
            return tuple(connection.scalars(statement))

    def counts(self, wave: str, deliverable: str = "") -> tuple[Count, ...]:
        """The counters of a wave, by deliverable, operator and state; none that stand at zero."""
        statement = (
            sa.select(jobs.c.deliverable, counters)
            .join(jobs, jobs.c.id == counters.c.job)
            .where(jobs.c.wave == wave, counters.c.rows != 0)
            .order_by(jobs.c.id, counters.c.operator, counters.c.state)
        )
        if deliverable:
            statement = statement.where(jobs.c.deliverable == deliverable)
        with self._db.read() as connection:
            found = connection.execute(statement).all()
        return tuple(Count(row.deliverable, row.operator, RowState(row.state), row.rows, row.parts) for row in found)

    def expanded(self, wave: str, deliverables: Sequence[str], bundle: int) -> bool:
        """Whether each deliverable of a wave has been expanded from `bundle`, to its end."""
        with self._db.read() as connection:
            done = connection.scalars(
                sa.select(jobs.c.deliverable).where(jobs.c.wave == wave, jobs.c.expanded == bundle)
            )
            return set(deliverables) <= set(done)

    def channel_of(self, wave: str, deliverable: str) -> str:
        with self._db.read() as connection:
            where = sa.and_(jobs.c.wave == wave, jobs.c.deliverable == deliverable)
            return connection.scalar(sa.select(jobs.c.channel).where(where)) or ""

    def recounted(self, wave: str) -> tuple[Count, ...]:
        """The same counters, counted from the rows: what reconciliation holds the kept ones against."""
        statement = (
            sa.select(jobs.c.deliverable, rows.c.operator, rows.c.state, sa.func.count(), sa.func.sum(rows.c.parts))
            .join(jobs, jobs.c.id == rows.c.job)
            .where(jobs.c.wave == wave)
            .group_by(jobs.c.id, jobs.c.deliverable, rows.c.operator, rows.c.state)
            .order_by(jobs.c.id, rows.c.operator, rows.c.state)
        )
        with self._db.read() as connection:
            found = connection.execute(statement).all()
        return tuple(Count(row[0], row[1], RowState(row[2]), row[3], row[4]) for row in found)

    def waiting(self, wave: str, deliverable: str, bundle: int) -> tuple[int, datetime | None]:
        """How many rows of a bundle are still to send, and when the earliest one that waits for its time is due."""
        with self._db.read() as connection:
            job = _job(connection, wave, deliverable)
            if job is None:
                return 0, None
            return _planned(connection, job, bundle), _first_due(connection, job, bundle)

    def due(self, wave: str, deliverable: str, bundle: int, now: datetime) -> datetime | None:
        """When the next row of a bundle may be sent: `now` where one may be at once, nothing where none is left."""
        with self._db.read() as connection:
            job = _job(connection, wave, deliverable)
            if job is None:
                return None
            later = sa.select(sa.func.count()).where(*_waiting(job, bundle), rows.c.retry_at > now)
            if _planned(connection, job, bundle) > (connection.scalar(later) or 0):
                return now
            return _first_due(connection, job, bundle)

    def to_expand(self, wave: str, deliverable: str, bundle: int) -> bool:
        """Whether expanding from a bundle has anything left to do: it never came to its end, or rows have come back
        to `planned` under an approval that this one has replaced."""
        with self._db.read() as connection:
            job = _job(connection, wave, deliverable)
            if job is None or connection.scalar(sa.select(jobs.c.expanded).where(jobs.c.id == job)) != bundle:
                return True
            older = sa.select(rows.c.id).where(*_of_job(job), rows.c.bundle < bundle).limit(1)
            return connection.scalar(older) is not None

    def moved(self, wave: str, deliverable: str) -> bool:
        """Whether rows are planned that a lane found to be on none of its networks. Looks through what is planned."""
        with self._db.read() as connection:
            job = _job(connection, wave, deliverable)
            if job is None:
                return False
            return connection.scalar(sa.select(rows.c.id).where(*_of_job(job), rows.c.tried != "").limit(1)) is not None

    def lanes_at_work(self) -> tuple[str, ...]:
        """The lanes that have rows in `sending`: at work now, or left so by a process that died."""
        statement = sa.select(rows.c.lane).where(rows.c.state == RowState.SENDING).distinct().order_by(rows.c.lane)
        with self._db.read() as connection:
            return tuple(connection.scalars(statement))

    def in_doubt(self, wave: str = "", deliverable: str = "", lane: str = "") -> tuple[Row, ...]:
        """The rows whose outcome nobody knows: at most one window a crash, so all of them fit in a list."""
        # written out: an index that holds what is in doubt is not seen to hold a state that is told only later
        where: list[sa.ColumnElement[bool]] = [rows.c.state == sa.literal_column(f"'{RowState.UNKNOWN.value}'")]
        if wave:
            where.append(jobs.c.wave == wave)
        if deliverable:
            where.append(jobs.c.deliverable == deliverable)
        if lane:
            where.append(rows.c.lane == lane)
        with self._db.read() as connection:
            found = connection.execute(_joined().where(*where).order_by(rows.c.id)).all()
        return tuple(to_row(row, row.wave, row.deliverable) for row in found)

    def rows(self, wave: str) -> Iterator[Row]:
        """Every row of a wave, by deliverable and recipient, a page at a time, so that memory stays flat."""
        with self._db.read() as connection:
            of_wave = connection.execute(sa.select(jobs).where(jobs.c.wave == wave).order_by(jobs.c.id)).all()
        for job in of_wave:
            columns = [rows.c[name] for name in _OF_ROW]
            statement = sa.select(*columns).where(rows.c.job == job.id).order_by(rows.c.recipient).limit(PAGE)
            after, more = "", True
            while more:
                with self._db.read() as connection:
                    page = connection.execute(statement.where(rows.c.recipient > after)).all()
                yield from (_whole(row, wave, job.deliverable) for row in page)
                more = len(page) == PAGE
                after = page[-1].recipient if page else ""

    # what a reconciliation looks for

    def stuck(self, since: Mapping[RowState, datetime], wave: str = "") -> tuple[Stuck, ...]:
        """Rows that stand in a state since before a moment given for it; one that waits for its time counts from then.

        What is long depends on the state and on who asks: minutes for `sending`, days for `accepted`, the end of the
        wave for `planned`. Looks only through deliverables that have rows in the state, by the counters.
        """
        found: list[Stuck] = []
        with self._db.read() as connection:
            for state, before in since.items():
                for name, deliverable, lane, number, first in connection.execute(_stuck(state, before, wave)):
                    found.append(Stuck(name, deliverable, state, lane, number, first))
        return tuple(found)

    def orphans(self) -> tuple[Orphans, ...]:
        """How many receipts match no row, by lane and by what they say, and the moment of the first one."""
        number, first = sa.func.count(), sa.func.min(orphans.c.at)
        statement = sa.select(orphans.c.lane, orphans.c.state, number, first).group_by(orphans.c.lane, orphans.c.state)
        with self._db.read() as connection:
            found = connection.execute(statement.order_by(orphans.c.lane, orphans.c.state)).all()
        return tuple(Orphans(lane, RowState(state), count, at) for lane, state, count, at in found)

    def missing(self, wave: str, deliverable: str, batches: Iterable[Sequence[str]]) -> int:
        """How many of these recipients have no row: what was approved, less what is there."""
        missing = 0
        for recipients in batches:
            ids = set(row_ids(wave, deliverable, recipients))
            with self._db.read() as connection:
                there = sa.select(sa.func.count()).where(among(connection, rows.c.id, list(ids)))
                missing += len(ids) - (connection.scalar(there) or 0)
        return missing

    def history(self, row: str) -> Sequence[tuple[datetime, RowState, str, str]]:
        """Everything that happened to a row: (moment, state, reason, the provider's word)."""
        told = sa.select(events).where(events.c.row == row).order_by(events.c.id)
        with self._db.read() as connection:
            found = connection.execute(told).all()
            current = connection.execute(sa.select(rows.c.state, rows.c.sent_at).where(rows.c.id == row)).first()
        history: list[tuple[datetime, RowState, str, str]] = []
        for event in found:  # that it was being sent the answer tells
            history += _sent(history, event.sent_at)
            history.append((event.at, RowState(event.state), event.reason, event.raw))
        if current is not None and current.state == RowState.SENDING:
            history += _sent(history, current.sent_at)
        return history


def _sent(
    history: Sequence[tuple[datetime, RowState, str, str]], at: datetime | None
) -> Sequence[tuple[datetime, RowState, str, str]]:
    """The moment a message was given to its gateway, unless it is there: once it was an event of its own."""
    if at is None or (history and history[-1][:2] == (at, RowState.SENDING)):
        return ()
    return ((at, RowState.SENDING, "", ""),)


def _joined() -> sa.Select[Any]:
    return sa.select(jobs.c.wave, jobs.c.deliverable, rows).join(jobs, jobs.c.id == rows.c.job)


# what a row says of itself; the rest of it its job knows
_OF_ROW = tuple(name for name in Row._fields if name in rows.c)
_STATES = {state.value: state for state in RowState}


def _whole(found: sa.Row[Any], wave: str, deliverable: str) -> Row:
    """`to_row` for a row of nothing but `_OF_ROW`: a third of the time, which a million of them add up."""
    values = dict(zip(_OF_ROW, found, strict=True))
    values["state"] = _STATES[values["state"]]
    return Row(wave=wave, deliverable=deliverable, **values)


def _job(connection: sa.Connection, wave: str, deliverable: str) -> int | None:
    where = sa.and_(jobs.c.wave == wave, jobs.c.deliverable == deliverable)
    return connection.scalar(sa.select(jobs.c.id).where(where))


def _of_job(job: int) -> tuple[sa.ColumnElement[bool], ...]:
    """The rows that an index keeps by their bundle."""
    return rows.c.job == job, rows.c.state == RowState.PLANNED


def _waiting(job: int, bundle: int) -> tuple[sa.ColumnElement[bool], ...]:
    return *_of_job(job), rows.c.bundle == bundle, rows.c.retry_at.is_not(None)


def _planned(connection: sa.Connection, job: int, bundle: int) -> int:
    """The counter, less what is planned under other bundles: nearly always nothing, and the index knows it."""
    kept = sa.select(sa.func.coalesce(sa.func.sum(counters.c.rows), 0)).where(
        counters.c.job == job, counters.c.state == RowState.PLANNED
    )
    older = sa.select(sa.func.count()).where(*_of_job(job), rows.c.bundle < bundle)
    newer = sa.select(sa.func.count()).where(*_of_job(job), rows.c.bundle > bundle)
    total = kept.scalar_subquery() - older.scalar_subquery() - newer.scalar_subquery()
    return int(connection.execute(sa.select(total)).scalar_one())


def _first_due(connection: sa.Connection, job: int, bundle: int) -> datetime | None:
    found: datetime | None = connection.scalar(sa.select(sa.func.min(rows.c.retry_at)).where(*_waiting(job, bundle)))
    return found


def _stuck(state: RowState, before: datetime, wave: str) -> sa.Select[Any]:
    since = sa.func.coalesce(rows.c.retry_at, rows.c.updated_at)
    has_some = sa.select(counters.c.job).where(counters.c.state == state, counters.c.rows > 0)
    statement = (
        sa.select(jobs.c.wave, jobs.c.deliverable, rows.c.lane, sa.func.count(), sa.func.min(since))
        .join(jobs, jobs.c.id == rows.c.job)
        .where(rows.c.job.in_(has_some), rows.c.state == state, since < before)
        .group_by(jobs.c.id, jobs.c.wave, jobs.c.deliverable, rows.c.lane)
        .order_by(jobs.c.id, rows.c.lane)
    )
    return statement.where(jobs.c.wave == wave) if wave else statement
