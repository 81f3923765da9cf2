"""Leases on lanes: one worker holds a lane at a time, under a number that only grows."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from loa.model.ledger import Lease, Outage
from loa.store.engine import Database, alone
from loa.store.schema import lanes

LEASE = timedelta(seconds=30)
LONGEST_OUTAGE = timedelta(hours=1)


class Lanes:
    """Takes, renews and gives back lanes."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def take(self, lane: str, holder: str, now: datetime) -> Lease | None:
        """The lane, or nothing while another holder has it.

        A holder that died on this machine does not keep its lane until the lease ends: nobody is there to use it.
        """
        with self._db.write() as connection:
            alone(connection, f"lane/{lane}")  # a lane that was never held has no row to lock
            found = connection.execute(sa.select(lanes).where(lanes.c.lane == lane).with_for_update()).first()
            if found is not None and not _is_free(found, now):
                connection.execute(lanes.update().where(lanes.c.lane == lane).values(wanted=now))
                return None
            lease = Lease(lane, holder, 1 if found is None else found.fence + 1, now + LEASE)
            values = {"holder": holder, "fence": lease.fence, "until": lease.until, "wanted": None}
            if found is None:
                connection.execute(lanes.insert().values(lane=lane, **values))
            else:
                connection.execute(lanes.update().where(lanes.c.lane == lane).values(values))
            return lease

    def renew(self, lease: Lease, now: datetime) -> Lease | None:
        """The same lease, for longer; nothing when it was given back or the lane has gone to another holder."""
        until = now + LEASE
        with self._db.write() as connection:
            same = sa.and_(lanes.c.lane == lease.lane, lanes.c.fence == lease.fence, lanes.c.holder == lease.holder)
            kept = connection.execute(lanes.update().where(same).values(until=until)).rowcount
        return Lease(lease.lane, lease.holder, lease.fence, until) if kept else None

    def give_back(self, lease: Lease, now: datetime) -> None:
        """Frees the lane for the next holder at once. Its number stays, so that the next one's is higher."""
        with self._db.write() as connection:
            same = sa.and_(lanes.c.lane == lease.lane, lanes.c.fence == lease.fence)
            connection.execute(lanes.update().where(same).values(holder="", until=now))

    def holder(self, lane: str) -> str:
        """Who holds the lane, in words for a person; empty when nobody does."""
        with self._db.read() as connection:
            return connection.scalar(sa.select(lanes.c.holder).where(lanes.c.lane == lane)) or ""

    def holders(self, now: datetime) -> Mapping[str, str]:
        """Who holds each lane that nobody else could take now, by the lane's name."""
        with self._db.read() as connection:
            found = connection.execute(sa.select(lanes).order_by(lanes.c.lane)).all()
        return {lane.lane: lane.holder for lane in found if not _is_free(lane, now)}

    def ask(self, lane: str, now: datetime) -> bool:
        """Whether the lane could be taken; where not, its holder sees that somebody wants it."""
        with self._db.write() as connection:
            found = connection.execute(sa.select(lanes).where(lanes.c.lane == lane)).first()
            free = found is None or _is_free(found, now)
            if not free:
                connection.execute(lanes.update().where(lanes.c.lane == lane).values(wanted=now))
        return free

    def wanted(self, lease: Lease) -> bool:
        """Whether somebody else has asked for the lane since it was taken."""
        with self._db.read() as connection:
            same = sa.and_(lanes.c.lane == lease.lane, lanes.c.fence == lease.fence)
            return connection.scalar(sa.select(lanes.c.wanted).where(same)) is not None

    # out of order

    def failed(self, lease: Lease, why: str, until: Callable[[int], datetime | None]) -> int:
        """Counts a failure of the lane; `until` says from how many it is left alone until when. Returns the number."""
        with self._db.write() as connection:
            same = sa.and_(lanes.c.lane == lease.lane, lanes.c.fence == lease.fence)
            before: int | None = connection.scalar(sa.select(lanes.c.failures).where(same).with_for_update())
            if before is None:
                return 0
            values = {"failures": before + 1, "broken_until": until(before + 1), "broken_why": why}
            connection.execute(lanes.update().where(same).values(values))
            return before + 1

    def worked(self, lane: str) -> None:
        """The lane has answered: whatever failed before is over."""
        with self._db.write() as connection:
            failing = sa.and_(lanes.c.lane == lane, lanes.c.failures > 0)
            connection.execute(lanes.update().where(failing).values(failures=0, broken_until=None, broken_why=""))

    def outages(self, now: datetime) -> Mapping[str, Outage]:
        """The lanes that are out of order now, by name."""
        # no lane is left alone for longer: a moment further off is of a clock that was set back since
        soon = sa.and_(lanes.c.broken_until > now, lanes.c.broken_until <= now + LONGEST_OUTAGE)
        statement = sa.select(lanes).where(soon).order_by(lanes.c.lane)
        with self._db.read() as connection:
            found = connection.execute(statement).all()
        return {row.lane: Outage(row.lane, row.broken_until, row.broken_why, row.failures) for row in found}

    @contextmanager
    def held(self, lane: str, now: datetime) -> Iterator[Lease | None]:
        """The lane for the length of a block."""
        lease = self.take(lane, this_process(), now)
        try:
            yield lease
        finally:
            if lease is not None:
                self.give_back(lease, now)


def this_process() -> str:
    """The name under which this process holds lanes."""
    return holder_of(os.getpid())


def holder_of(pid: int) -> str:
    """A holder's name: machine, space of process numbers, number, and when it started, since numbers come again."""
    return f"{_machine()}/{pid}/{_stat(pid)[1]}"


def _machine() -> str:
    try:
        space = Path("/proc/self/ns/pid").readlink().name
    except OSError:  # not Linux: the machine's name alone
        space = "-"
    try:  # two machines may have one name; no two starts of any machine have one of these
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        boot = "-"
    return f"{socket.gethostname()}/{boot}/{space}"


def _stat(pid: int) -> tuple[str, str]:
    """A process's state letter and when it started, in the kernel's ticks; empty where they cannot be read."""
    try:
        # the second field may hold spaces and brackets: count from its end
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return fields[0], fields[19]
    except (OSError, IndexError):
        return "", ""


def _is_free(lane: sa.Row[Any], now: datetime) -> bool:
    return not lane.holder or bool(lane.until <= now) or _died(lane.holder)


def _died(holder: str) -> bool:
    """Whether a holder of this very machine is certainly gone. In doubt it lives, and its lease has to end."""
    machine, _, rest = holder.rpartition("/")
    machine, _, pid = machine.rpartition("/")
    if machine != _machine() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    state, started = _stat(int(pid))
    # a zombie still has its number, until its parent looks; it will never run again
    return state == "Z" or bool(rest and started and started != rest)
