"""Messages from people: each stored once, and those who want nothing more on the opt-out list with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from loa.store.chunks import chunks
from loa.store.engine import Database, alone, insert
from loa.store.expansion import IN_LIST
from loa.store.receiving import legible
from loa.store.schema import inbound, opt_outs

STOP = "stop"
"""The meaning of a message from somebody who wants nothing more."""

# a masked number has blanks in it; nobody can be told anything there
_WHOLE = sa.and_(inbound.c.phone.startswith("+84"), ~inbound.c.phone.contains(" "))


@dataclass(frozen=True, slots=True)
class Heard:
    """One message from a person, without its words: `meaning` is `STOP` or something else.

    `phone` is E.164, or masked where it is no Vietnamese mobile number; `gateway_id` tells repeats of a lane apart.
    """

    lane: str
    gateway_id: str
    phone: str
    meaning: str
    at: datetime

    def __repr__(self) -> str:
        # a number in a traceback would end in a log
        return f"Heard({self.lane}, {self.meaning})"

    @property
    def masked(self) -> bool:
        return not self.phone.startswith("+84") or " " in self.phone


class Inbounds:
    """What people wrote. All moments are passed in."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def hear(self, messages: Iterable[Heard], now: datetime) -> tuple[Heard, ...]:
        """Stores messages and returns those that are new. Whoever said stop is on the opt-out list when this returns.

        The source on that list is `sms:<lane>`. A message that was stored before changes nothing.
        """
        new: list[Heard] = []
        for batch in chunks(map(_legible, messages), IN_LIST):
            with self._db.write() as connection:
                for lane in sorted({one.lane for one in batch}):
                    alone(connection, f"inbound/{lane}")
                fresh = _unknown(connection, batch)
                if fresh:
                    connection.execute(inbound.insert(), [_values(one, now) for one in fresh])
                    _opt_out(connection, [one for one in fresh if one.meaning == STOP], now)
                new += fresh
        return tuple(new)

    def to_confirm(self, lane: str) -> tuple[str, ...]:
        """The numbers that said stop on a lane and were never told, anywhere, that they will get nothing more."""
        told = inbound.alias("told")
        never = ~sa.exists().where(told.c.phone == inbound.c.phone, told.c.replied)
        statement = (
            sa.select(inbound.c.phone)
            .where(inbound.c.lane == lane, inbound.c.meaning == STOP, _WHOLE, never)
            .group_by(inbound.c.phone)
            .order_by(sa.func.min(inbound.c.id))
        )
        with self._db.read() as connection:
            return tuple(connection.scalars(statement))

    def confirmed(self, phones: Iterable[str]) -> None:
        """Notes numbers that were told, or are about to be by a row of the ledger: none is told a second time."""
        for batch in chunks(phones, IN_LIST):
            where = sa.and_(inbound.c.phone.in_(batch), inbound.c.meaning == STOP)
            with self._db.write() as connection:
                connection.execute(inbound.update().where(where).values(replied=True))


def _unknown(connection: sa.Connection, batch: Sequence[Heard]) -> list[Heard]:
    """The first of each message that is not stored yet."""
    ids = sorted({one.gateway_id for one in batch})
    lanes = sorted({one.lane for one in batch})
    where = sa.and_(inbound.c.lane.in_(lanes), inbound.c.gateway_id.in_(ids))
    found = connection.execute(sa.select(inbound.c.lane, inbound.c.gateway_id).where(where))
    seen = {(row.lane, row.gateway_id) for row in found}
    fresh: dict[tuple[str, str], Heard] = {}
    for one in batch:
        if (one.lane, one.gateway_id) not in seen:
            fresh.setdefault((one.lane, one.gateway_id), one)
    return list(fresh.values())


def _opt_out(connection: sa.Connection, stops: Sequence[Heard], now: datetime) -> None:
    values = [{"phone": one.phone, "at": now, "source": f"sms:{one.lane}"} for one in stops if not one.masked]
    if values:
        alone(connection, "opt-outs")
        connection.execute(insert(connection.dialect.name, opt_outs).on_conflict_do_nothing(), values)


def _values(one: Heard, now: datetime) -> dict[str, object]:
    return {
        "lane": one.lane, "gateway_id": one.gateway_id, "phone": one.phone, "meaning": one.meaning,
        "at": min(one.at, now),
    }  # fmt: skip


def _legible(one: Heard) -> Heard:
    return replace(one, gateway_id=legible(one.gateway_id))
