"""What operators' letters say of the broadcasts they made for us.

A row of such a deliverable is one operator in one area; its recipient is `<operator>/<area>`, such as `Viettel/19`. A
letter is entered once per row: entered again under the same number it corrects what was entered before, and the audit
trail keeps both. Entering, moving the row and the audit are one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from loa.store.schema import audit, broadcasts, jobs, rows

CHANNEL = "operator-package"
IN_LIST = 500  # ids in one statement, below every database's limit on parameters
EVIDENCE = "operator-letter"
"""Why a row moved: the provider's word beside it is the letter's number and date."""

HANDED_OVER = (RowState.ACCEPTED, RowState.DELIVERED, RowState.UNDELIVERED, RowState.UNKNOWN)
"""A row in doubt may have been handed over: an operator's letter about it proves that it was."""

CORRECTED = "broadcast-corrected"
_BY_NAME = rows.c.recipient


@dataclass(frozen=True, slots=True)
class Told:
    """What one letter says of one row: `delivered` of `sent` messages, to `subscribers` people that were asked for."""

    row: str
    letter: str
    letter_date: date
    subscribers: int
    sent: int
    delivered: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Entered:
    """What entering did, in letters: `new` ones, `corrected` ones, `same` ones that said nothing new; `moved` rows."""

    new: int = 0
    corrected: int = 0
    same: int = 0
    moved: int = 0


@dataclass(frozen=True, slots=True)
class Sum:
    """The figures of one operator in one deliverable. `asked` rows were handed over, `answered` have a letter.

    `subscribers` counts the people of an area once, however many letters speak of it; `sent` and `delivered` add up.
    """

    deliverable: str
    operator: str
    asked: int
    answered: int
    subscribers: int
    sent: int
    delivered: int


class Broadcasts:
    """Letters by row. All moments are passed in."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def rows(self, wave: str, deliverable: str) -> tuple[Row, ...]:
        """The rows of one deliverable, by recipient: an operator has at most one for each commune."""
        with self._db.read() as connection:
            found = connection.execute(
                sa.select(rows).join(jobs, jobs.c.id == rows.c.job).where(_of(wave, deliverable)).order_by(_BY_NAME)
            ).all()
        return tuple(to_row(row, wave, deliverable) for row in found)

    def enter(self, told: Sequence[Told], by: str, now: datetime, replaces: str = "") -> Entered:
        """Stores letters and moves their rows: `delivered`, or `undelivered` where nothing was sent.

        `replaces` is a letter's number that was entered by mistake: what stands under it for these rows is taken back.
        A row that has been `delivered` stays so, whatever a correction says: the figures are what counts. All of it
        or nothing. Raises `LookupError` for a row that is not there: our bug.
        """
        with self._db.write() as connection:
            return _Entering(connection, by, now).put(told, replaces)

    def told(self, wave: str, deliverable: str) -> tuple[Told, ...]:
        """Every letter of a deliverable, by row and number."""
        with self._db.read() as connection:
            found = connection.execute(
                sa.select(broadcasts)
                .join(rows, rows.c.id == broadcasts.c.row)
                .join(jobs, jobs.c.id == rows.c.job)
                .where(_of(wave, deliverable))
                .order_by(_BY_NAME, broadcasts.c.letter_date, broadcasts.c.letter)
            ).all()
        return tuple(_told(row) for row in found)

    def sums(self, wave: str) -> tuple[Sum, ...]:
        """The figures of a wave for the report, by deliverable and operator; rows not handed over are left out."""
        of_row = (
            sa.select(
                broadcasts.c.row,
                sa.func.max(broadcasts.c.subscribers).label("subscribers"),
                sa.func.sum(broadcasts.c.sent).label("sent"),
                sa.func.sum(broadcasts.c.delivered).label("delivered"),
            )
            .group_by(broadcasts.c.row)
            .subquery()
        )
        total = [sa.func.coalesce(sa.func.sum(column), 0) for column in of_row.c if column.name != "row"]
        statement = (
            sa.select(jobs.c.deliverable, rows.c.operator, sa.func.count(), sa.func.count(of_row.c.row), *total)
            .select_from(rows)
            .join(jobs, jobs.c.id == rows.c.job)
            .outerjoin(of_row, of_row.c.row == rows.c.id)
            .where(jobs.c.wave == wave, jobs.c.channel == CHANNEL, rows.c.state.in_(HANDED_OVER))
            .group_by(jobs.c.id, jobs.c.deliverable, rows.c.operator)
            .order_by(jobs.c.id, rows.c.operator)
        )
        with self._db.read() as connection:
            found = connection.execute(statement).all()
        # PostgreSQL adds big integers up as decimals
        return tuple(Sum(row[0], row[1], *(int(number) for number in row[2:])) for row in found)


class _Entering:
    """Letters being entered, inside one transaction."""

    def __init__(self, connection: sa.Connection, by: str, now: datetime) -> None:
        self._connection = connection
        self._by = by
        self._now = now

    def put(self, told: Sequence[Told], replaces: str) -> Entered:
        ids = sorted({one.row for one in told})
        # locked by their ids, as everybody takes them
        found = {row.id: row for part in chunks(ids, IN_LIST) for row in find_ids(self._connection, part)}
        if len(found) < len(ids):
            raise LookupError("a letter speaks of a row that is not in the ledger")
        before = self._before(ids)
        same = 0
        written: list[Told] = []
        notes: list[dict[str, Any]] = []
        for one in told:
            old = before.get((one.row, one.letter))
            wrong = before.get((one.row, replaces)) if replaces != one.letter else None
            if old == one and wrong is None:
                same += 1
                continue
            if wrong is not None:
                self._take_back(wrong)
            written.append(one)
            notes.append(self._note(found[one.row].recipient, one, {"was": old, "instead_of": wrong}))
        if written:
            self._write(written)
            self._connection.execute(audit.insert(), notes)
        corrected = sum(note["action"] == CORRECTED for note in notes)
        return Entered(len(written) - corrected, corrected, same, self._move(told, found))

    def _before(self, ids: Sequence[str]) -> dict[tuple[str, str], Told]:
        return {
            (row.row, row.letter): _told(row)
            for part in chunks(ids, IN_LIST)
            for row in self._connection.execute(sa.select(broadcasts).where(broadcasts.c.row.in_(part)))
        }

    def _take_back(self, wrong: Told) -> None:
        where = sa.and_(broadcasts.c.row == wrong.row, broadcasts.c.letter == wrong.letter)
        self._connection.execute(broadcasts.delete().where(where))

    def _write(self, told: Sequence[Told]) -> None:
        statement = insert(self._connection.dialect.name, broadcasts)
        values = [{**asdict(one), "by": self._by, "at": self._now} for one in told]
        kept = {name: statement.excluded[name] for name in values[0] if name not in {"row", "letter"}}
        keys = [broadcasts.c.row, broadcasts.c.letter]
        self._connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=kept), values)

    def _note(self, recipient: str, new: Told, before: Mapping[str, Told | None]) -> dict[str, Any]:
        earlier = {name: _plain(told) for name, told in before.items() if told is not None}
        detail = {"recipient": recipient, "now": _plain(new), **earlier}
        action = CORRECTED if earlier else "broadcast-entered"
        return {"at": self._now, "actor": self._by, "action": action, "subject": new.row, "detail": detail}

    def _move(self, told: Sequence[Told], found: Mapping[str, Found]) -> int:
        """Moves the rows by all that letters say of them now, with the newest letter as the evidence."""
        sent: dict[str, int] = {}
        for (row, _), one in self._before(list(found)).items():
            sent[row] = sent.get(row, 0) + one.sent
        changes = [
            Change(
                one.row,
                RowState.DELIVERED if sent[one.row] else RowState.UNDELIVERED,
                EVIDENCE,
                raw=f"{one.letter}, {one.letter_date:%d/%m/%Y}",
            )
            for one in told
        ]
        tally = Tally()
        moved = move(self._connection, changes, list(found.values()), self._now, tally)
        tally.write(self._connection)
        return moved


def _told(row: sa.Row[Any]) -> Told:
    return Told(row.row, row.letter, row.letter_date, row.subscribers, row.sent, row.delivered, row.note)


def _plain(told: Told) -> Mapping[str, Any]:
    return {**asdict(told), "letter_date": told.letter_date.isoformat()}


def _of(wave: str, deliverable: str) -> sa.ColumnElement[bool]:
    return sa.and_(jobs.c.wave == wave, jobs.c.deliverable == deliverable)
