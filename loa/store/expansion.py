"""Expanding a wave: one batch of recipients into rows, inside one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from loa.model.ledger import PlannedRow, row_id
from loa.model.states import RowState
from loa.store.chunks import chunks
from loa.store.moves import Tally, count, find_ids
from loa.store.schema import events, opt_outs, rows

IN_LIST = 500  # ids in one statement, below every database's limit on parameters


class Expansion:
    """One batch of an expansion, inside its transaction."""

    def __init__(
        self, connection: sa.Connection, wave: str, deliverable: str, job_id: int, bundle: int, now: datetime
    ) -> None:
        self._connection = connection
        self._wave = wave
        self._deliverable = deliverable
        self._job_id = job_id
        self._bundle = bundle
        self._now = now

    def put(self, batch: Sequence[PlannedRow]) -> int:
        ids = {row_id(self._wave, self._deliverable, row.recipient): row for row in batch}
        there = self._there(list(ids))
        out = self._opted_out([row.recipient for row in batch])
        new = [
            self._values(key, row, "opted-out" if row.recipient in out else row.suppressed)
            for key, row in ids.items()
            if key not in there
        ]
        if new:
            self._connection.execute(rows.insert(), new)
            self._count_new(new)
            # a planned row tells nothing that the row itself does not; a suppressed one says why
            told = [
                {"row": row["id"], "at": self._now, "state": row["state"], "reason": row["reason"]}
                for row in new
                if row["state"] != RowState.PLANNED
            ]
            if told:
                self._connection.execute(events.insert(), told)
        self._renew([(there[key], row) for key, row in ids.items() if key in there])
        return len(new)

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

    def _count_new(self, new: Sequence[Mapping[str, Any]]) -> None:
        delta: Tally = Counter()
        parts: Tally = Counter()
        for row in new:
            delta[self._job_id, row["operator"], row["state"]] += 1
            parts[self._job_id, row["operator"], row["state"]] += row["parts"]
        count(self._connection, delta, parts)

    def _renew(self, pairs: Sequence[tuple[sa.Row[Any], PlannedRow]]) -> None:
        """Rows still planned take over the words of the newer bundle; all others have had theirs."""
        parts: Tally = Counter()
        renewed = []
        for old, row in pairs:
            if old.state != RowState.PLANNED or old.bundle == self._bundle:
                continue
            parts[self._job_id, old.operator, old.state] += row.parts - old.parts
            renewed.append({"row_id": old.id, "b": self._bundle, "l": row.language, "w": row.body, "p": row.parts})
        if renewed:
            self._connection.execute(_RENEW, renewed)
            count(self._connection, Counter(dict.fromkeys(parts, 0)), parts)


_RENEW = (
    rows.update()
    .where(rows.c.id == sa.bindparam("row_id"))
    .values(bundle=sa.bindparam("b"), language=sa.bindparam("l"), body=sa.bindparam("w"), parts=sa.bindparam("p"))
)
