"""Expanding a wave: one batch of recipients into rows, inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from loa.model.ledger import BACK_IN_AUDIENCE, LEFT_AUDIENCE, Change, PlannedRow, row_id
from loa.model.states import RowState
from loa.store.chunks import chunks
from loa.store.moves import Tally, find_ids, move
from loa.store.schema import events, opt_outs, rows

IN_LIST = 500  # ids in one statement, below every database's limit on parameters


class Expansion:
    """One batch of an expansion, inside its transaction."""

    def __init__(
        self,
        connection: sa.Connection,
        wave: str,
        deliverable: str,
        job_id: int,
        bundle: int,
        now: datetime,
        *,
        answers_people: bool = False,
    ) -> None:
        self._answers_people = answers_people
        self._connection = connection
        self._wave = wave
        self._deliverable = deliverable
        self._job_id = job_id
        self._bundle = bundle
        self._now = now
        self._tally = Tally()

    def put(self, batch: Sequence[PlannedRow]) -> int:
        planned = {row_id(self._wave, self._deliverable, row.recipient): row for row in batch}
        out = set() if self._answers_people else self._opted_out([row.recipient for row in batch])
        # by their ids, as everybody takes them: two that lock the same rows cannot wait for each other
        whys = {
            key: "opted-out" if planned[key].recipient in out else planned[key].suppressed for key in sorted(planned)
        }
        there = self._there(list(whys))
        new = [self._values(key, planned[key], why) for key, why in whys.items() if key not in there]
        if new:
            self._insert(new)
        there |= self._taken_back([row for key, row in there.items() if not whys[key]])
        self._renew(
            [(row, planned[key]) for key, row in there.items() if row.state == RowState.PLANNED and not whys[key]]
        )
        stopped = [Change(key, RowState.SUPPRESSED, whys[key]) for key in there if whys[key]]
        move(self._connection, stopped, list(there.values()), self._now, self._tally)
        self._tally.write(self._connection)
        return len(new)

    def _taken_back(self, found: Sequence[sa.Row[Any]]) -> dict[str, sa.Row[Any]]:
        """People whom an earlier approval had dropped and this one has again, planned once more."""
        gone = [row for row in found if row.reason == LEFT_AUDIENCE and row.bundle < self._bundle]
        changes = [Change(row.id, RowState.PLANNED, BACK_IN_AUDIENCE) for row in gone]
        move(self._connection, changes, gone, self._now, self._tally)
        return self._there([row.id for row in gone])

    def _there(self, ids: Sequence[str]) -> dict[str, sa.Row[Any]]:
        return {row.id: row for part in chunks(ids, IN_LIST) for row in find_ids(self._connection, part)}

    def _opted_out(self, recipients: Sequence[str]) -> set[str]:
        found: set[str] = set()
        for part in chunks(recipients, IN_LIST):
            found.update(self._connection.scalars(sa.select(opt_outs.c.phone).where(opt_outs.c.phone.in_(part))))
        return found

    def _values(self, key: str, row: PlannedRow, suppressed: str) -> dict[str, Any]:
        return {
            "id": key,
            "job": self._job_id,
            "recipient": row.recipient,
            "bundle": self._bundle,
            "operator": row.operator,
            "commune": row.commune,
            "language": row.language,
            "body": row.body,
            "parts": row.parts,
            "state": (RowState.SUPPRESSED if suppressed else RowState.PLANNED).value,
            "reason": suppressed,
            "updated_at": self._now,
        }

    def _insert(self, new: Sequence[dict[str, Any]]) -> None:
        self._connection.execute(rows.insert(), new)
        for row in new:
            self._tally.add(self._job_id, row["operator"], row["state"], 1, row["parts"])
        # a planned row tells nothing that the row itself does not; a suppressed one says why
        told = [
            {"row": row["id"], "at": self._now, "state": row["state"], "reason": row["reason"]}
            for row in new
            if row["state"] != RowState.PLANNED
        ]
        if told:
            self._connection.execute(events.insert(), told)

    def _renew(self, pairs: Sequence[tuple[sa.Row[Any], PlannedRow]]) -> None:
        """Rows still planned take over what the newer bundle says of them; all others have had theirs.

        An expansion of an older bundle that comes late changes nothing.
        """
        renewed = []
        for old, row in pairs:
            if old.bundle >= self._bundle:
                continue
            self._tally.add(self._job_id, old.operator, old.state, -1, -old.parts)
            self._tally.add(self._job_id, row.operator, old.state, 1, row.parts)
            renewed.append(
                {"row_id": old.id, "new_bundle": self._bundle, **{f"new_{n}": getattr(row, n) for n in _SAID}}
            )
        if renewed:
            self._connection.execute(_RENEW, renewed)


_SAID = ("operator", "commune", "language", "body", "parts")
_RENEW = (
    rows.update()
    .where(rows.c.id == sa.bindparam("row_id"))
    .values({name: sa.bindparam(f"new_{name}") for name in ("bundle", *_SAID)})
)
