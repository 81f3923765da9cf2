"""What keeps a wave, as every step of its rows must ask inside its own transaction."""

from __future__ import annotations

import sqlalchemy as sa

from loa.store.bulk import Ready
from loa.store.schema import waves

CANCELLED = "cancelled"  # the hold that stays
_HOLD = Ready(sa.select(waves.c.hold).where(waves.c.wave == sa.bindparam("wave", type_=sa.Text)))


def hold_of(connection: sa.Connection, wave: str) -> str:
    """The hold that a wave is under; empty where it is going on."""
    return _HOLD.run(connection, {"wave": wave}).scalar() or ""
