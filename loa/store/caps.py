"""Numbers that have had what they may have."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from loa.store.engine import Database
from loa.store.schema import jobs, rows


class Caps:
    """What numbers have been given of late: for counting ahead. The ledger looks again when it takes rows."""

    def __init__(self, database: Database) -> None:
        self._db = database

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
