"""What communes' air logs say was broadcast: the one source that a quota is counted from.

A ledger row of a bulletin is one commune. An entry is one broadcast of it - a day, a time, a cluster of loudspeakers, a
language - and its id is made of those, so a sheet that is imported twice changes nothing. The same broadcast told
otherwise is a correction, and the audit trail keeps both. Entering, moving the row and the audit are one transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from loa.model.ledger import Change, Row
from loa.model.states import RowState
from loa.store.chunks import chunks
from loa.store.engine import Database, insert
from loa.store.moves import Found, Tally, find_ids, move
from loa.store.records import to_row
from loa.store.schema import airings, audit, bundles, jobs, rows

CHANNEL = "loudspeaker"
IN_LIST = 500  # ids in one statement, below every database's limit on parameters
EVIDENCE = "air-log"
"""Why a row moved: the provider's word beside it is the sheet's SHA-256 and line."""

HANDED_OVER = (RowState.ACCEPTED, RowState.DELIVERED, RowState.UNDELIVERED, RowState.UNKNOWN)
"""A row in doubt may have been handed over: an air log about it proves that the package arrived."""

_WHERE_FROM = {"sheet", "line"}  # what a sheet says is the same, whichever file says it


@dataclass(frozen=True, slots=True)
class Airing:
    """One line of an air log. `row` is the ledger row's id; `at_time` is `HH:MM`, empty where nobody wrote it.

    `seconds` is how long it was, where that is known; `sheet` the SHA-256 of the file, `line` its line there (from 1).
    """

    row: str
    day: date
    at_time: str
    cluster: str
    language: str
    played: bool
    seconds: int | None = None
    reason: str = ""
    signer: str = ""
    sheet: str = ""
    line: int = 0

    @property
    def id(self) -> str:
        """32 hex digits, made of what makes the broadcast one; a cluster's capitals are nobody's point."""
        key = (self.row, self.day.isoformat(), self.at_time, self.cluster.casefold(), self.language)
        return hashlib.blake2b("\x1f".join(key).encode(), digest_size=16).hexdigest()

    def same(self, other: Airing) -> bool:
        """Whether both say the same, wherever they were written."""
        return _said(self) == _said(other)


@dataclass(frozen=True, slots=True)
class Entered:
    """What entering did, in lines: `new`, `corrected`, `taken_back`, `same` (nothing new); `moved` rows."""

    new: int = 0
    corrected: int = 0
    same: int = 0
    taken_back: int = 0
    moved: int = 0


@dataclass(frozen=True, slots=True)
class Package:
    """A bulletin that communes may have: its job, and what was approved of it.

    `covered` is of the approved bundle's manifest (`loa.gate.manifest_of`): a campaign's file may have changed since.
    """

    wave: str
    deliverable: str
    covered: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Played:
    """What a commune's logs say of some days. `broadcasts` are occasions: a bulletin that three clusters play at once,
    or that is read in two languages at one hour, is one broadcast. `failed` lines say that it could not be played."""

    broadcasts: int = 0
    failed: int = 0


class Airings:
    """Air logs. All moments are passed in."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def packages(self) -> tuple[Package, ...]:
        """Every bulletin that has rows in the ledger, by wave and deliverable."""
        # what was handed over was approved under this number; a newer approval may be on its way beside it
        handed_over = sa.func.max(sa.case((rows.c.state.in_(HANDED_OVER), rows.c.bundle)))
        newest = (
            sa.select(rows.c.job, sa.func.coalesce(handed_over, sa.func.max(rows.c.bundle)).label("bundle"))
            .group_by(rows.c.job)
            .subquery()
        )
        statement = (
            sa.select(jobs.c.wave, jobs.c.deliverable, bundles.c.manifest)
            .join(newest, newest.c.job == jobs.c.id)
            .join(bundles, bundles.c.id == newest.c.bundle)
            .where(jobs.c.channel == CHANNEL)
            .order_by(jobs.c.wave, jobs.c.deliverable)
        )
        with self._db.read() as connection:
            found = connection.execute(statement).all()
        return tuple(Package(row.wave, row.deliverable, row.manifest["covered"]) for row in found)

    def rows(self, wave: str, deliverable: str) -> tuple[Row, ...]:
        """The rows of one bulletin, by commune."""
        with self._db.read() as connection:
            found = connection.execute(
                sa.select(rows)
                .join(jobs, jobs.c.id == rows.c.job)
                .where(_of(wave, deliverable))
                .order_by(rows.c.recipient)
            ).all()
        return tuple(to_row(row, wave, deliverable) for row in found)

    def told(self, wave: str, deliverable: str) -> tuple[Airing, ...]:
        """Every entry of a bulletin, by commune, day and time."""
        with self._db.read() as connection:
            found = connection.execute(
                sa.select(airings)
                .join(rows, rows.c.id == airings.c.row)
                .join(jobs, jobs.c.id == rows.c.job)
                .where(_of(wave, deliverable))
                .order_by(rows.c.recipient, airings.c.day, airings.c.at_time, airings.c.cluster, airings.c.language)
            ).all()
        return tuple(_airing(row) for row in found)

    def silent(self, wave: str, deliverable: str) -> tuple[Row, ...]:
        """The rows that were handed over and of which no log says anything, by commune."""
        with self._db.read() as connection:
            found = connection.execute(
                sa.select(rows)
                .join(jobs, jobs.c.id == rows.c.job)
                .where(_of(wave, deliverable), rows.c.state.in_(HANDED_OVER))
                .where(~sa.exists().where(airings.c.row == rows.c.id))
                .order_by(rows.c.recipient)
            ).all()
        return tuple(to_row(row, wave, deliverable) for row in found)

    def played(
        self,
        first: date,
        last: date,
        of: Collection[tuple[str, str]] | None = None,
        communes: Collection[str] | None = None,
    ) -> dict[str, Played]:
        """Commune -> what its logs say of the days from `first` to `last`; a commune without an entry is left out.

        `of` narrows to some (wave, deliverable), `communes` to some codes.
        """
        within = [airings.c.day.between(first, last), jobs.c.channel == CHANNEL]
        if of is not None:
            within.append(sa.tuple_(jobs.c.wave, jobs.c.deliverable).in_(sorted(of)))
        base = sa.join(airings, rows, rows.c.id == airings.c.row).join(jobs, jobs.c.id == rows.c.job)
        once = (
            sa.select(rows.c.recipient, airings.c.row, airings.c.day, airings.c.at_time)
            .select_from(base)
            .where(*within, airings.c.played)
            .distinct()
            .subquery()
        )
        played = sa.select(once.c.recipient, sa.func.count()).group_by(once.c.recipient)
        failed = (
            sa.select(rows.c.recipient, sa.func.count())
            .select_from(base)
            .where(*within, ~airings.c.played)
            .group_by(rows.c.recipient)
        )
        with self._db.read() as connection:
            broadcasts = dict(connection.execute(played).tuples().all())
            failures = dict(connection.execute(failed).tuples().all())
        return {
            commune: Played(broadcasts.get(commune, 0), failures.get(commune, 0))
            for commune in sorted(broadcasts.keys() | failures.keys())
            if communes is None or commune in communes
        }

    def enter(self, said: Sequence[Airing], by: str, now: datetime, *, instead: bool = False) -> Entered:
        """Stores lines of air logs and moves their rows: `delivered` on the first broadcast that was played,
        `undelivered` where the logs only say that it could not be.

        `instead`: what was entered before for these rows and is not said again is taken back. A row that has been
        `delivered` stays so, whatever a correction says: the entries are what counts. All of it or nothing. Raises
        `LookupError` for a row that is not there: our bug.
        """
        with self._db.write() as connection:
            return _Entering(connection, by, now).put(said, instead)


class _Entering:
    """Lines being entered, inside one transaction."""

    def __init__(self, connection: sa.Connection, by: str, now: datetime) -> None:
        self._connection = connection
        self._by = by
        self._now = now

    def put(self, said: Sequence[Airing], instead: bool) -> Entered:
        ids = sorted({one.row for one in said})
        # locked by their ids, as everybody takes them
        found = {row.id: row for part in chunks(ids, IN_LIST) for row in find_ids(self._connection, part)}
        if len(found) < len(ids):
            raise LookupError("an air log speaks of a row that is not in the ledger")
        before = self._before(ids)
        new = {one.id: one for one in said}
        written = [one for key, one in new.items() if key not in before or not one.same(before[key])]
        gone = [one for key, one in before.items() if instead and key not in new]
        notes = [self._note(found[one.row].recipient, one, before.get(one.id)) for one in written]
        notes += [self._note(found[one.row].recipient, None, one) for one in gone]
        for part in chunks([one.id for one in gone], IN_LIST):
            self._connection.execute(airings.delete().where(airings.c.id.in_(part)))
        if written:
            self._write(written)
        if notes:
            self._connection.execute(audit.insert(), notes)
        corrected = sum(one.id in before for one in written)
        moved = self._move(new.values(), found)
        return Entered(len(written) - corrected, corrected, len(new) - len(written), len(gone), moved)

    def _before(self, ids: Sequence[str]) -> dict[str, Airing]:
        return {
            row.id: _airing(row)
            for part in chunks(ids, IN_LIST)
            for row in self._connection.execute(sa.select(airings).where(airings.c.row.in_(part)))
        }

    def _write(self, said: Sequence[Airing]) -> None:
        statement = insert(self._connection.dialect.name, airings)
        values = [{"id": one.id, **asdict(one), "by": self._by, "at": self._now} for one in said]
        kept = {name: statement.excluded[name] for name in values[0] if name != "id"}
        self._connection.execute(statement.on_conflict_do_update(index_elements=[airings.c.id], set_=kept), values)

    def _note(self, commune: str, now: Airing | None, was: Airing | None) -> dict[str, Any]:
        action = "airing-taken-back" if now is None else "airing-corrected" if was is not None else "airing-entered"
        told = {name: _plain(one) for name, one in (("now", now), ("was", was)) if one is not None}
        subject = next(one.row for one in (now, was) if one is not None)
        detail = {"commune": commune, **told}
        return {"at": self._now, "actor": self._by, "action": action, "subject": subject, "detail": detail}

    def _move(self, said: Collection[Airing], found: Mapping[str, Found]) -> int:
        """Moves the rows by all that logs say of them now; the evidence is a line of the sheet at hand that says it."""
        aired = {one.row for one in self._before(list(found)).values() if one.played}
        # a line that was played first, so that it is the one that is named
        changes = [
            Change(
                one.row,
                RowState.DELIVERED if one.row in aired else RowState.UNDELIVERED,
                EVIDENCE,
                raw=f"{one.sheet[:16]}, {one.line}",
            )
            for one in sorted(said, key=lambda one: (not one.played, one.day, one.at_time))
        ]
        tally = Tally()
        moved = move(self._connection, changes, list(found.values()), self._now, tally)
        tally.write(self._connection)
        return moved


def _said(one: Airing) -> dict[str, Any]:
    said = {name: value for name, value in asdict(one).items() if name not in _WHERE_FROM}
    return {**said, "cluster": one.cluster.casefold()}


def _plain(one: Airing) -> dict[str, Any]:
    return {**asdict(one), "day": one.day.isoformat()}


def _airing(row: sa.Row[Any]) -> Airing:
    return Airing(
        row=row.row,
        day=row.day,
        at_time=row.at_time,
        cluster=row.cluster,
        language=row.language,
        played=row.played,
        seconds=row.seconds,
        reason=row.reason,
        signer=row.signer,
        sheet=row.sheet,
        line=row.line,
    )


def _of(wave: str, deliverable: str) -> sa.ColumnElement[bool]:
    return sa.and_(jobs.c.wave == wave, jobs.c.deliverable == deliverable)
