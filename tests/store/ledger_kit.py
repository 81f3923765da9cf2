"""Short words for the ledger's tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from loa.model.ledger import Change, Lease, PlannedRow, Receipt, Row, row_id
from loa.model.states import RowState
from loa.store import JobKey, Store

WAVE = "dvc-10-10/2027/d-30"
JOB = JobKey(WAVE, "sms-people", "sms")
LANE = "simulator-1"
OPERATORS = ("viettel", "vinaphone", "mobifone")

Open = Callable[[], Store]


class MovingClock(Protocol):
    """What the `clock` fixture gives."""

    def now(self) -> datetime: ...

    def forward(self, **by: float) -> datetime: ...


def number(index: int) -> str:
    return f"+84900000{index:03d}"


def ref(index: int, job: JobKey = JOB) -> str:
    return row_id(job.wave, job.deliverable, number(index))


def people(
    indexes: Iterable[int], *, body: str = "words-1", parts: int = 1, suppressed: str = "", operator: str = ""
) -> list[PlannedRow]:
    """People by their index; who is on which network follows from it."""
    return [
        PlannedRow(number(i), operator or OPERATORS[i % 3], "05443", "vi", body, parts, suppressed) for i in indexes
    ]


def states(store: Store, wave: str = WAVE) -> Counter[RowState]:
    return Counter(row.state for row in store.figures.rows(wave))


def find(store: Store, index: int, job: JobKey = JOB) -> Row:
    return next(row for row in store.figures.rows(job.wave) if row.id == ref(index, job))


def path(store: Store, row: str) -> list[RowState]:
    """The states that a row's history tells, from the beginning."""
    return [state for _, state, _, _ in store.figures.history(row)]


def assert_counted(store: Store, wave: str = WAVE) -> None:
    """The counters that are kept are those that counting gives."""
    assert set(store.figures.counts(wave)) == set(store.figures.recounted(wave))


@dataclass
class Worker:
    """A worker on a lane: what it claims, answers and leaves behind."""

    store: Store
    lease: Lease

    @classmethod
    def on(cls, store: Store, now: datetime, lane: str = LANE, holder: str = "somebody") -> Worker:
        lease = store.lanes.take(lane, holder, now)
        assert lease is not None
        return cls(store, lease)

    def claim(self, limit: int, now: datetime, *, job: JobKey = JOB, bundle: int = 1) -> tuple[Row, ...]:
        while (claim := self.store.ledger.claim(job, bundle, self.lease, limit, now)).more:
            pass  # some were put aside: others may be due
        return claim.rows

    def answer(self, rows: Sequence[Row], state: RowState, now: datetime, **more: object) -> int:
        """The same answer for every row; accepted ones get an id of the gateway's."""
        ids = {row.id: f"gw-{row.id[:8]}" if state is RowState.ACCEPTED else "" for row in rows}
        changes = [Change(row.id, state, gateway_id=ids[row.id], **more) for row in rows]  # type: ignore[arg-type] # keywords of Change
        return self.store.ledger.record(self.lease, changes, now)


def receipt(row: Row | str, state: RowState, at: datetime, *, lane: str = LANE, raw: str = "") -> Receipt:
    """What the network says of a row, by the id that its gateway gave it."""
    key = row if isinstance(row, str) else row.id
    return Receipt(lane, f"gw-{key[:8]}", state, at, raw=raw)
