"""Numbers that a wave will not write to: they want nothing more, or have had what they may have."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from loa.store.engine import Database
from loa.store.schema import jobs, opt_outs, rows


class Silent:
    """Reads the opt-out list, and what numbers have been given of late. For counting ahead: the ledger looks again
    when it takes rows for sending."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def opted_out(self) -> Sequence[str]:
        """Every number (E.164) on the opt-out list."""
        with self._db.read() as connection:
            return connection.scalars(sa.select(opt_outs.c.phone)).all()

    def full(self, cap: int, since: datetime, besides: str) -> Sequence[str]:
        """The numbers that have been given `cap` messages since a moment, not counting those of the wave `besides`."""
        statement = (
            sa.select(rows.c.recipient)
            .join(jobs, jobs.c.id == rows.c.job)
            .where(rows.c.sent_at > since, jobs.c.wave != besides)
            .group_by(rows.c.recipient)
            .having(sa.func.count() >= cap)
        )
        with self._db.read() as connection:
            return connection.scalars(statement).all()
