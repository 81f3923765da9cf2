"""Taking rows for sending: which are due for a lane, who wants or may have nothing more, what the budget allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from loa.model.ledger import Budget, Change, Lease, Terms
from loa.model.states import RowState
from loa.store.bulk import Look, Ready, moment
from loa.store.engine import alone
from loa.store.moves import LOOKED_AT, Found, Tally, move, start
from loa.store.schema import Moment, counters, events, opt_outs, rows

# what a network was given, or may have been given, is paid for
PAID = (
    RowState.SENDING, RowState.ACCEPTED, RowState.DELIVERED, RowState.UNDELIVERED, RowState.EXPIRED, RowState.UNKNOWN,
)  # fmt: skip


_OTHER = rows.alias("other")
_HAD = (
    sa.select(sa.func.count())
    .select_from(_OTHER)
    .where(
        _OTHER.c.recipient == rows.c.recipient,
        _OTHER.c.sent_at > sa.bindparam("since", type_=Moment),
        _OTHER.c.id != rows.c.id,
    )
    .correlate(rows)
    .scalar_subquery()
)
"""How many messages the number of a row has been given since then, over all campaigns."""


_PLANNED: sa.ColumnClause[str] = sa.literal_column(f"'{RowState.PLANNED.value}'")
_THE_JOB = (
    rows.c.job == sa.bindparam("job", type_=sa.Integer),
    rows.c.state == _PLANNED,
    rows.c.bundle == sa.bindparam("of", type_=sa.Integer),
)
_MOST = sa.bindparam("most", type_=sa.Integer)
_STANDING = Ready(
    sa.select(counters.c.operator)
    .where(
        counters.c.job == sa.bindparam("job", type_=sa.Integer),
        counters.c.state == _PLANNED,
        counters.c.rows > sa.literal_column("0"),
    )
    .order_by(counters.c.operator)
)
"""The networks that have rows planned, by the counters."""


@cache
def _due(dialect: str, kinds: tuple[str, ...], *, heeded: bool, capped: bool) -> Look:
    """The next rows that may be sent, each with its number from the opt-out list, if it is there (`out`), and how many
    messages that number has had (`had`). Built once: a claim comes many times a second.

    Each network is looked for by itself (parameters `network_0`, ...), and so is what has come to its time: an index
    has them in their order then, and what is not this lane's or not due is not passed. `kinds` says of each network
    which of its rows: `any`; `fresh`, which no lane has sent back; `moved`, which another lane has.
    """
    waited: list[sa.Select[Any]] = []
    fresh: list[sa.Select[Any]] = []
    for place, kind in enumerate(kinds):
        network = rows.c.operator == sa.bindparam(f"network_{place}", type_=sa.Text)
        for late, when in enumerate((rows.c.retry_at <= sa.bindparam("now", type_=Moment), rows.c.retry_at.is_(None))):
            arm = sa.select(rows.c.id, rows.c.retry_at).where(*_THE_JOB, network, when, *_KINDS[kind])
            # locked here: two lanes of one network must not both settle on the same rows
            arm = arm.order_by(rows.c.retry_at).limit(_MOST).with_for_update(of=rows, skip_locked=True)
            found = arm.subquery()
            (fresh if late else waited).append(sa.select(found.c.id, found.c.retry_at))
    out: sa.ColumnElement[Any] = opt_outs.c.phone if heeded else sa.null()
    source = rows.outerjoin(opt_outs, opt_outs.c.phone == rows.c.recipient) if heeded else rows
    had: sa.ColumnElement[Any] = _HAD if capped else sa.literal_column("0")
    columns = (*LOOKED_AT, rows.c.commune, rows.c.language, rows.c.body, out.label("out"), had.label("had"))
    # What has come to its time goes first, the longest due before all others, but it has half of the room while there
    # is anything else: rows that a gateway throws back for ever would keep all others waiting.
    back, new = sa.union_all(*waited).subquery(), sa.union_all(*fresh).subquery()
    half, due = sa.bindparam("half", type_=sa.Integer), sa.select(back.c.id).order_by(back.c.retry_at, back.c.id)
    first, rest = due.limit(half).subquery(), due.limit(_MOST).offset(half).subquery()
    each = sa.union_all(sa.select(first.c.id), sa.select(new.c.id), sa.select(rest.c.id)).subquery()
    these = rows.c.id.in_(sa.select(each.c.id).limit(_MOST))
    return Look(sa.select(*columns).select_from(source).where(these).order_by(rows.c.id))


_KINDS: Mapping[str, tuple[sa.ColumnElement[bool], ...]] = {
    "any": (),
    "fresh": (rows.c.tried == sa.literal_column("''"),),
    "moved": (
        rows.c.tried != sa.literal_column("''"),
        rows.c.tried.not_like(sa.bindparam("tried_here", type_=sa.Text)),
    ),
}


class Taking:
    """One claim, inside its transaction. The caller writes the `tally`.

    Of every two claims one is `odd`: of a single row's room what has come to its time has every second.
    """

    def __init__(
        self,
        connection: sa.Connection,
        job: int,
        bundle: int,
        lease: Lease,
        terms: Terms,
        now: datetime,
        tally: Tally,
        *,
        odd: bool,
    ) -> None:
        self._connection = connection
        self._job = job
        self._bundle = bundle
        self._lease = lease
        self._terms = terms
        self._now = now
        self._since = now - timedelta(hours=terms.cap_hours)
        self._tally = tally
        self._odd = odd

    def take(
        self, operators: Sequence[str] | None, elsewhere: Sequence[str], most: int
    ) -> tuple[Sequence[Found], bool, bool]:
        """Up to `most` rows, `sending` by now; whether the next was over the budget; whether some were put aside.

        What is put aside is done in steps of `most` too: a million who have had their share are no one transaction.
        """
        found = self._due(operators, elsewhere, most)
        taken = self._spare(found)
        aside, over = len(taken) < len(found), False
        if self._terms.budget is not None and taken:
            taken, over = self._affordable(taken, self._terms.budget)
        if taken:
            start(self._connection, taken, self._lease, self._now, self._tally)
        return taken, over and not taken, aside and not taken

    def _due(self, operators: Sequence[str] | None, elsewhere: Sequence[str], most: int) -> Sequence[Found]:
        terms = self._terms
        heeded, capped = not terms.answers_people, bool(terms.cap) and not terms.answers_people
        wanted = self._wanted(operators, elsewhere)
        if not wanted:
            return ()
        kinds, networks = zip(*wanted, strict=True)
        statement = _due(self._connection.dialect.name, kinds, heeded=heeded, capped=capped)
        given: dict[str, Any] = {
            "job": self._job,
            "of": self._bundle,
            "now": self._moment(self._now),
            "most": most,
            "half": (most + self._odd) // 2,
        }
        given |= {f"network_{place}": name for place, name in enumerate(networks)}
        if "moved" in kinds:
            given["tried_here"] = f"%|{self._lease.lane}|%"
        if capped:
            alone(self._connection, "cap")  # two lanes do not both find the last place of a number free
            given["since"] = self._moment(self._since)
        return [Found._make(row) for row in statement.all(self._connection, given)]

    def _moment(self, value: datetime) -> Any:
        return moment(self._connection, value)

    def _wanted(self, operators: Sequence[str] | None, elsewhere: Sequence[str]) -> Sequence[tuple[str, str]]:
        """Which rows (a kind of `_KINDS`) of which networks the lane may take, of those that have any left."""
        standing = _STANDING.run(self._connection, {"job": self._job}).scalars().all()
        if operators is None:
            return [("any", name) for name in standing]
        fresh = [("fresh", name) for name in standing if name in operators]
        return fresh + [("moved", name) for name in standing if name in elsewhere]

    def _spare(self, found: Sequence[Found]) -> Sequence[Found]:
        """Leaves out those who want nothing more, and those who have had enough."""
        cap = self._terms.cap
        stopped = [Change(row.id, RowState.SUPPRESSED, "opted-out") for row in found if row.out]
        full = [row for row in found if not row.out and cap and row.had >= cap]
        for row in full:
            free = self._free_at(row)
            if self._terms.closes_at is not None and free < self._terms.closes_at:
                self._wait(row, free)
            else:
                stopped.append(Change(row.id, RowState.SUPPRESSED, "frequency-cap"))
        move(self._connection, stopped, found, self._now, self._tally)
        return [row for row in found if not row.out and not (cap and row.had >= cap)]

    def _free_at(self, row: Found) -> datetime:
        """When a number that has had enough may have one more: when the oldest of its last ones is old enough."""
        latest = (
            sa.select(rows.c.sent_at)
            .where(rows.c.recipient == row.recipient, rows.c.sent_at > self._since, rows.c.id != row.id)
            .order_by(rows.c.sent_at.desc())
            .limit(self._terms.cap)
        )
        moments = self._connection.scalars(latest).all()
        return min(moments, default=self._now) + timedelta(hours=self._terms.cap_hours)

    def _wait(self, row: Found, until: datetime) -> None:
        """The row stays planned, for later."""
        values = {"retry_at": until, "reason": "frequency-cap", "updated_at": self._now}
        self._connection.execute(rows.update().where(rows.c.id == row.id).values(values))
        told = {"row": row.id, "at": self._now, "state": RowState.PLANNED.value, "reason": "frequency-cap"}
        self._connection.execute(events.insert(), [told])

    def _affordable(self, found: Sequence[Found], budget: Budget) -> tuple[Sequence[Found], bool]:
        """The rows up to the first one that would cost more than is left; two lanes do not look at once."""
        alone(self._connection, f"budget/{self._job}")
        paid = sa.select(counters).where(counters.c.job == self._job, counters.c.state.in_(PAID))
        left = budget.dong - sum(_price(budget, row) for row in self._connection.execute(paid))
        for place, row in enumerate(found):
            left -= _price(budget, row)
            if left < 0:
                return found[:place], place == 0
        return found, False


def _price(budget: Budget, row: Any) -> int:
    """What the parts of a row, or of a counter, cost; a network without a price costs what the dearest one does."""
    dearest = max(budget.per_part.values(), default=0)
    return int(row.parts) * budget.per_part.get(row.operator, dearest)
