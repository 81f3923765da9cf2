"""What is asked many times a second is found by an index, however many rows there are: as the databases plan it.

The statements are those that really ran, caught on their way to the driver; the databases explain them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from loa.model.ledger import Change, PlannedRow, Receipt
from loa.model.states import RowState
from loa.store import Store
from loa.store.schema import orphans

from .ledger_kit import JOB, LANE, MovingClock, Worker, ref

S = RowState
MANY = 20_000


@pytest.fixture
def worker(store: Store, clock: MovingClock) -> Worker:
    """Many rows planned and sent, many receipts that wait, and statistics where the database keeps them."""
    everybody = (
        PlannedRow(f"+84900{i:06d}", ("viettel", "vinaphone")[i % 2], "05443", "vi", "words-1", 1) for i in range(MANY)
    )
    store.ledger.expand(JOB, 1, everybody, clock.now())
    worker = Worker.on(store, clock.now())
    worker.answer(worker.claim(MANY // 10, clock.now()), S.ACCEPTED, clock.now())
    waiting = [{"lane": LANE, "gateway_id": f"no-{i}", "state": "delivered", "at": clock.now()} for i in range(MANY)]
    with store.database.write() as connection:
        connection.execute(orphans.insert(), waiting)
    if not store.database.sqlite:
        with store.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("ANALYZE"))
    return worker


@contextmanager
def plans_of(store: Store) -> Iterator[list[str]]:
    """Fills with what the database says of how it found things in each statement that ran in the block."""
    ran: list[tuple[str, Any]] = []

    def note(
        _c: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool
    ) -> None:  # SQLAlchemy calls it
        if not many:
            ran.append((statement, values))

    plans: list[str] = []
    sa.event.listen(store.database.engine, "before_cursor_execute", note)
    try:
        yield plans
    finally:
        sa.event.remove(store.database.engine, "before_cursor_execute", note)
    word = "EXPLAIN QUERY PLAN " if store.database.sqlite else "EXPLAIN "
    with store.database.engine.connect() as connection:
        for statement, values in ran:
            # without a condition it is only asked whether there is anything at all
            if "WHERE" in statement or "JOIN" in statement:
                told = connection.exec_driver_sql(word + statement, values).all()
                plans.append("\n".join(str(line[-1]) for line in told))


def searched(plans: list[str], table: str) -> list[str]:
    """The lines that say that a table is read from one end to the other."""
    whole = (f"SCAN {table}", f"Seq Scan on {table}")
    lines = [line.strip() for plan in plans for line in plan.splitlines()]
    return [
        line for line in lines if any(word in line for word in whole) and "COVERING INDEX ix_rows_doubt" not in line
    ]


Step = Callable[[Store, Worker, MovingClock], object]


def answers(store: Store, worker: Worker, clock: MovingClock) -> None:
    rows = worker.claim(30, clock.now())
    assert len(rows) == 30
    worker.answer(rows, S.ACCEPTED, clock.now())


STEPS: dict[str, tuple[Step, str]] = {
    "a claim and its answers": (answers, "ix_rows_planned"),
    "an answer": (
        lambda store, worker, clock: store.ledger.record(
            worker.lease, [Change(ref(1), S.ACCEPTED, gateway_id="no-17")], clock.now()
        ),
        "orphan_receipts_",
    ),
    "a receipt by its id": (
        lambda store, worker, clock: store.ledger.receive(
            [Receipt(LANE, "gw-1", S.DELIVERED, clock.now())], clock.now()
        ),
        "ix_rows_gateway_id",
    ),
    "a receipt by our reference": (
        lambda store, worker, clock: store.ledger.receive(
            [Receipt(LANE, "gw-1", S.DELIVERED, clock.now(), reference=ref(1))], clock.now()
        ),
        "ix_rows_gateway_id",
    ),
    "what a lane left behind": (
        lambda store, worker, clock: store.ledger.doubt(worker.lease, clock.now()),
        "ix_rows_doubt",
    ),
    "all that is in doubt": (lambda store, worker, clock: store.figures.in_doubt(), "ix_rows_doubt"),
    "what is in doubt on a lane": (lambda store, worker, clock: store.figures.in_doubt(lane=LANE), "ix_rows_doubt"),
    "the lanes at work": (lambda store, worker, clock: store.figures.lanes_at_work(), "ix_rows_doubt"),
}  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
def test_no_step_reads_all_rows(store: Store, worker: Worker, clock: MovingClock, step: str) -> None:
    run, index = STEPS[step]
    clock.forward(seconds=1)
    with plans_of(store) as plans:
        run(store, worker, clock)
    assert plans, "a plan was told"
    assert searched(plans, "rows") == []
    assert searched(plans, "orphan_receipts") == []
    assert any(index in plan for plan in plans)


@pytest.mark.parametrize("networks", [["vietnamobile"], ["viettel"], None])
def test_a_claim_finds_its_rows_without_passing_others(
    store: Store, worker: Worker, clock: MovingClock, networks: list[str] | None
) -> None:
    with plans_of(store) as plans:
        store.ledger.claim(JOB, 1, worker.lease, 5, clock.now() + timedelta(seconds=1), networks)
    assert searched(plans, "rows") == []
