"""Expanding a wave: batches of recipients into rows, each inside one transaction."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from loa.model.ledger import BACK_IN_AUDIENCE, LEFT_AUDIENCE, PlannedRow
from loa.model.states import RowState
from loa.store.bulk import Bulk, among
from loa.store.moves import Found, Tally, find
from loa.store.schema import events, opt_outs, rows
from loa.store.wholesale import put_new, shift

if TYPE_CHECKING:
    import polars as pl

IN_WRITE = 50_000  # rows in one transaction: about a second, so that others who write need not wait long
IN_LIST = 500  # ids in one statement, below every database's limit on parameters

PLAN = ("recipient", "operator", "commune", "language", "body", "parts", "suppressed")
"""The columns of a batch of recipients: the fields of `PlannedRow`, all text but `parts`."""

_SAID = ("operator", "commune", "language", "body", "parts")


def planned_frame(planned: Sequence[PlannedRow]) -> pl.DataFrame:
    """Recipients as the columns of `PLAN`."""
    import polars as pl

    kinds = {name: pl.Int64 if name == "parts" else pl.String for name in PLAN}
    return pl.DataFrame({name: [getattr(row, name) for row in planned] for name in PLAN}, schema=kinds)


def row_ids(wave: str, deliverable: str, recipients: Iterable[str]) -> list[str]:
    """`loa.model.ledger.row_id` of each: what they share is hashed once."""
    shared = hashlib.blake2b(f"{wave}\x1f{deliverable}\x1f".encode(), digest_size=16)
    ids = []
    for recipient in recipients:
        one = shared.copy()
        one.update(recipient.encode())
        ids.append(one.hexdigest())
    return ids


class Expansion:
    """One expansion of a job from a bundle."""

    def __init__(
        self, wave: str, deliverable: str, job: int, bundle: int, now: datetime, *, answers_people: bool = False
    ) -> None:
        self.job = job
        self._wave = wave
        self._deliverable = deliverable
        self._answers_people = answers_people
        self._bundle = bundle
        self._now = now
        self._straight = True  # rows of the batch before were all new, and so will these be

    def ready(self, people: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """People (columns of `PLAN`) as `put` takes them, a transaction at a time: with their ids, each once, in order.

        By their ids, as everybody takes them: two that lock the same rows cannot wait for each other. It is also how
        an index is filled quickest: the rows of a transaction lie close together in it, the closer the more people
        are put in order at once.
        """
        import polars as pl

        # a piece at a time, since ids as Python's text take more room than all that is known of their people
        pieces = (piece["recipient"].to_list() for piece in people.iter_slices(IN_WRITE))
        made = [pl.Series("id", row_ids(self._wave, self._deliverable, piece), pl.String) for piece in pieces]
        ids = pl.concat(made) if made else pl.Series("id", [], pl.String)
        order = ids.arg_sort()
        order = order.filter(ids.is_first_distinct().gather(order))
        for start in range(0, len(order), IN_WRITE):
            these = order.slice(start, IN_WRITE)
            yield people.select(pl.lit(ids.gather(these)), pl.col(PLAN).gather(these))

    def put(self, connection: sa.Connection, batch: pl.DataFrame) -> int:
        """Puts a batch in place, inside its transaction. Returns how many rows are new."""
        import polars as pl

        batch = self._decided(connection, batch)
        there = put_new(connection, batch, self.job, self._bundle, self._now, straight=self._straight)
        self._straight = not there
        tally = Tally()
        new = batch.filter(~pl.col("id").is_in(list(there))) if there else batch
        self._count(new, tally)
        self._tell(connection, new)
        if there:
            self._see_to(connection, batch.filter(pl.col("id").is_in(list(there))), tally)
        tally.write(connection)
        return new.height

    def _decided(self, connection: sa.Connection, batch: pl.DataFrame) -> pl.DataFrame:
        """The batch with the state and the reason of each row, were it new."""
        import polars as pl

        out = [] if self._answers_people else self._opted_out(connection, batch["recipient"].to_list())
        opted_out = pl.col("recipient").is_in(out) if out else pl.lit(False)
        why = pl.when(opted_out).then(pl.lit("opted-out")).otherwise("suppressed").alias("reason")
        planned = pl.when(pl.col("reason") == "").then(pl.lit(RowState.PLANNED.value))
        state = planned.otherwise(pl.lit(RowState.SUPPRESSED.value)).alias("state")
        return batch.with_columns(why).with_columns(state)

    def _opted_out(self, connection: sa.Connection, recipients: Sequence[str]) -> Sequence[str]:
        """Those of the recipients who opted out, perhaps among others who did."""
        few = connection.scalars(sa.select(opt_outs.c.phone).limit(len(recipients))).all()
        if len(few) < len(recipients):  # that is the whole list, and quicker read than looked through
            return few
        these = among(connection, opt_outs.c.phone, recipients)
        return connection.scalars(sa.select(opt_outs.c.phone).where(these)).all()

    def _count(self, new: pl.DataFrame, tally: Tally) -> None:
        import polars as pl

        sums = new.group_by("operator", "state").agg(pl.len(), pl.col("parts").sum())
        for operator, state, number, parts in sums.iter_rows():
            tally.add(self.job, operator, state, number, parts)

    def _tell(self, connection: sa.Connection, new: pl.DataFrame) -> None:
        """A planned row tells nothing that the row itself does not; a suppressed one says why."""
        import polars as pl

        stopped = new.filter(pl.col("reason") != "").select("id", "state", "reason")
        told = [{"row": key, "at": self._now, "state": state, "reason": why} for key, state, why in stopped.iter_rows()]
        if told:
            connection.execute(events.insert(), told)

    def _see_to(self, connection: sa.Connection, known: pl.DataFrame, tally: Tally) -> None:
        """Rows that are there already: those still planned take over what a newer bundle says of them.

        People whom an earlier approval had dropped and this one has again are planned once more. All others have had
        theirs. An expansion of an older bundle that comes late changes nothing.
        """
        import polars as pl

        whys = dict(known.filter(pl.col("reason") != "").select("id", "reason").iter_rows())
        if whys:
            self._stop(connection, whys, tally)
        planned = known.filter(pl.col("reason") == "")
        older = sa.and_(among(connection, rows.c.id, planned["id"].to_list()), rows.c.bundle < self._bundle)
        found = find(connection, older)
        renewed = [row for row in found if row.state == RowState.PLANNED]
        back = [row for row in found if row.state == RowState.CANCELLED and row.reason == LEFT_AUDIENCE]
        shift(connection, back, RowState.PLANNED, BACK_IN_AUDIENCE, self._now, tally)
        self._renew(connection, [*renewed, *back], planned, tally)

    def _stop(self, connection: sa.Connection, whys: Mapping[str, str], tally: Tally) -> None:
        mine = sa.and_(rows.c.state == RowState.PLANNED, rows.c.bundle <= self._bundle)
        stopped: dict[str, list[Found]] = defaultdict(list)
        for row in find(connection, sa.and_(among(connection, rows.c.id, list(whys)), mine)):
            stopped[whys[row.id]].append(row)
        for why, found in stopped.items():
            shift(connection, found, RowState.SUPPRESSED, why, self._now, tally)

    def _renew(self, connection: sa.Connection, old: Sequence[Found], planned: pl.DataFrame, tally: Tally) -> None:
        if not old:
            return
        import polars as pl

        wanted = planned.filter(pl.col("id").is_in([row.id for row in old])).select("id", *_SAID)
        said = {key: new for key, *new in wanted.iter_rows()}
        values = []
        for row in old:
            guess, *words = said[row.id]
            # what a lane has found out about a number's network is worth more than a guess
            values.append((row.id, self._bundle, row.operator if row.tried else guess, *words))
        before = Counter((row.operator, row.parts) for row in old)
        after = Counter((operator, parts) for _, _, operator, *_, parts in values)
        for sign, alike in ((-1, before), (1, after)):
            for (operator, parts), number in alike.items():
                tally.add(self.job, operator, RowState.PLANNED, sign * number, sign * number * parts)
        _RENEW.run(connection, values)


_RENEW = Bulk(
    rows.update()
    .where(rows.c.id == sa.bindparam("row_id"))
    .values({name: sa.bindparam(f"new_{name}") for name in ("bundle", *_SAID)}),
    "row_id", "new_bundle", *(f"new_{name}" for name in _SAID),
)  # fmt: skip
