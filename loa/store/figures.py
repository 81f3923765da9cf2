"""What the ledger tells: counters for tables and reports, rows for an export and for what is in doubt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from loa.model.ledger import Count, Row
from loa.model.states import RowState
from loa.store.engine import Database
from loa.store.records import to_row
from loa.store.schema import counters, events, jobs, rows

PAGE = 5_000


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
        statement = (
            sa.select(sa.func.count(), sa.func.min(rows.c.retry_at))
            .join(jobs, jobs.c.id == rows.c.job)
            .where(
                jobs.c.wave == wave,
                jobs.c.deliverable == deliverable,
                rows.c.state == RowState.PLANNED,
                rows.c.bundle == bundle,
            )
        )
        with self._db.read() as connection:
            number, due = connection.execute(statement).one()
        return number, due

    def due(self, wave: str, deliverable: str, bundle: int, now: datetime) -> datetime | None:
        """When the next row of a bundle may be sent: `now` where one may be at once, nothing where none is left."""
        planned = sa.and_(
            jobs.c.wave == wave,
            jobs.c.deliverable == deliverable,
            rows.c.state == RowState.PLANNED,
            rows.c.bundle == bundle,
        )
        joined = rows.join(jobs, jobs.c.id == rows.c.job)
        at_once = sa.or_(rows.c.retry_at.is_(None), rows.c.retry_at <= now)
        with self._db.read() as connection:
            if connection.execute(sa.select(rows.c.id).select_from(joined).where(planned, at_once).limit(1)).first():
                return now
            first: datetime | None = connection.scalar(
                sa.select(sa.func.min(rows.c.retry_at)).select_from(joined).where(planned)
            )
        return first

    def lanes_at_work(self) -> tuple[str, ...]:
        """The lanes that have rows in `sending`: at work now, or left so by a process that died."""
        statement = sa.select(rows.c.lane).where(rows.c.state == RowState.SENDING).distinct().order_by(rows.c.lane)
        with self._db.read() as connection:
            return tuple(connection.scalars(statement))

    def in_doubt(self, wave: str = "", deliverable: str = "", lane: str = "") -> tuple[Row, ...]:
        """The rows whose outcome nobody knows: at most one window a crash, so all of them fit in a list."""
        where: list[sa.ColumnElement[bool]] = [rows.c.state == RowState.UNKNOWN]
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
        """Every row of a wave, a page at a time by its key, so that memory stays flat."""
        after = ""
        while True:
            with self._db.read() as connection:
                page = connection.execute(
                    _joined().where(jobs.c.wave == wave, rows.c.id > after).order_by(rows.c.id).limit(PAGE)
                ).all()
            yield from (to_row(row, row.wave, row.deliverable) for row in page)
            if len(page) < PAGE:
                return
            after = page[-1].id

    def history(self, row: str) -> Sequence[tuple[datetime, RowState, str, str]]:
        """Everything that happened to a row: (moment, state, reason, the provider's word)."""
        with self._db.read() as connection:
            found = connection.execute(sa.select(events).where(events.c.row == row).order_by(events.c.id)).all()
        return [(event.at, RowState(event.state), event.reason, event.raw) for event in found]


def _joined() -> sa.Select[Any]:
    return sa.select(jobs.c.wave, jobs.c.deliverable, rows).join(jobs, jobs.c.id == rows.c.job)
