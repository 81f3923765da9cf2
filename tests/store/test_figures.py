"""What the ledger tells without counting a million rows, and what a reconciliation looks for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from loa.model.states import RowState
from loa.store import JobKey, Store
from loa.store.figures import PAGE, Orphans, Stuck

from .expand_kit import crowd, phone
from .ledger_kit import JOB, LANE, WAVE, MovingClock, Worker, assert_counted, people, receipt, ref

S = RowState
OTHER = JobKey("dvc-10-10/2027/d-7", "sms-people", "sms")


# --- how many wait, and until when


def test_what_waits_is_told_by_bundle_and_until_when(store: Store, clock: MovingClock) -> None:
    waiting = store.figures.waiting
    assert waiting(WAVE, "sms-people", 1) == (0, None), "there is no such deliverable yet"
    store.ledger.expand(JOB, 1, people(range(6)), clock.now())
    assert waiting(WAVE, "sms-people", 1) == (6, None)
    assert waiting(WAVE, "sms-people", 2) == waiting(WAVE, "another", 1) == (0, None)
    worker = Worker.on(store, clock.now())
    soon, late = clock.now() + timedelta(seconds=5), clock.now() + timedelta(hours=1)
    first, second, third = worker.claim(3, clock.now())
    worker.answer([first], S.PLANNED, clock.now(), retry_at=late)
    worker.answer([second], S.PLANNED, clock.now(), retry_at=soon)
    worker.answer([third], S.ACCEPTED, clock.now())
    assert waiting(WAVE, "sms-people", 1) == (5, soon)
    store.ledger.expand(JOB, 2, people(range(6), body="words-2"), clock.now())
    assert waiting(WAVE, "sms-people", 1) == (0, None)
    assert waiting(WAVE, "sms-people", 2) == (5, soon)


def test_a_row_is_due_now_where_one_may_go_at_once_else_when_the_first_may(store: Store, clock: MovingClock) -> None:
    def due() -> datetime | None:
        return store.figures.due(WAVE, "sms-people", 1, clock.now())

    assert due() is None
    store.ledger.expand(JOB, 1, people(range(2)), clock.now())
    assert due() == clock.now()
    worker = Worker.on(store, clock.now())
    rows = worker.claim(2, clock.now())
    assert due() is None, "nothing is planned"
    soon = clock.now() + timedelta(seconds=5)
    worker.answer(rows[:1], S.PLANNED, clock.now(), retry_at=soon)
    worker.answer(rows[1:], S.PLANNED, clock.now(), retry_at=soon + timedelta(hours=1))
    assert due() == soon
    clock.forward(seconds=5)
    assert due() == clock.now(), "its time has come"


# --- without a search


def plans(store: Store, ask: Callable[[], Any]) -> list[str]:
    """How SQLite finds what `ask` asks for: a line a table."""
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if statement.startswith(("SELECT", "UPDATE", "INSERT INTO events")):
            asked.append((statement, parameters))

    sa.event.listen(store.database.engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        sa.event.remove(store.database.engine, "before_cursor_execute", note)
    with store.database.read() as connection:
        cursor = connection.connection.cursor()
        return [
            line[3]
            for statement, parameters in asked
            for line in cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
        ]


ASKED_ALL_THE_TIME: dict[str, Callable[[Store, Worker, datetime], Any]] = {
    "waiting": lambda store, worker, now: store.figures.waiting(WAVE, "sms-people", 1),
    "due": lambda store, worker, now: store.figures.due(WAVE, "sms-people", 1, now),
    "to-expand": lambda store, worker, now: store.figures.to_expand(WAVE, "sms-people", 1),
    "counts": lambda store, worker, now: store.figures.counts(WAVE),
    "doubt": lambda store, worker, now: store.ledger.doubt(worker.lease, now),
    "in-doubt": lambda store, worker, now: store.figures.in_doubt(),
    "lanes-at-work": lambda store, worker, now: store.figures.lanes_at_work(),
    "left-over": lambda store, worker, now: store.ledger.drop_left_over(JOB, 1, now),
    "a page": lambda store, worker, now: next(store.figures.rows(WAVE)),
}


@pytest.mark.parametrize("name", ASKED_ALL_THE_TIME)
def test_what_is_asked_all_the_time_never_reads_all_rows(name: str, tmp_path: Path, clock: MovingClock) -> None:
    store = Store.open("sqlite:///loa.db", tmp_path, clock)
    store.ledger.expand(JOB, 1, people(range(5)), clock.now())
    store.ledger.drop_left_over(JOB, 1, clock.now())
    worker = Worker.on(store, clock.now())
    found = plans(store, lambda: ASKED_ALL_THE_TIME[name](store, worker, clock.now()))
    store.close()
    searches = [line for line in found if line.startswith(("SEARCH rows", "SCAN rows"))]
    assert bool(searches) == (name != "counts")
    assert all("USING" in line and "INDEX" in line for line in searches), searches


# --- every row


def test_every_row_of_a_wave_is_told_once_over_pages_and_deliverables(store: Store, clock: MovingClock) -> None:
    several = JobKey(WAVE, "sms-other", "sms")
    store.ledger.expand_frames(JOB, 1, [crowd(range(PAGE))], clock.now())  # a whole page and no more
    store.ledger.expand_frames(several, 1, [crowd(range(PAGE + 1))], clock.now())
    store.ledger.expand(OTHER, 1, people(range(3)), clock.now())
    told = [(row.deliverable, row.recipient) for row in store.figures.rows(WAVE)]
    first = [("sms-people", phone(i)) for i in range(PAGE)]
    assert told == [*first, *(("sms-other", phone(i)) for i in range(PAGE + 1))]
    assert list(store.figures.rows("another/2027/d-7")) == []


def test_a_row_is_told_as_a_claim_tells_it(store: Store, clock: MovingClock) -> None:
    store.ledger.expand(JOB, 1, people(range(1), parts=2), clock.now())
    worker = Worker.on(store, clock.now())
    (row,) = worker.claim(1, clock.now())
    assert list(store.figures.rows(WAVE)) == [row]
    worker.answer([row], S.PLANNED, clock.now(), retry_at=clock.now() + timedelta(seconds=5), reason="busy", raw="88")
    (told,) = store.figures.rows(WAVE)
    assert (told.state, told.reason, told.attempts) == (S.PLANNED, "busy", 1)
    assert told.retry_at == clock.now() + timedelta(seconds=5)


# --- reconciliation


def test_rows_that_stand_still_for_too_long_are_told_by_state_and_lane(store: Store, clock: MovingClock) -> None:
    start = clock.now()
    store.ledger.expand(JOB, 1, people(range(9)), start)
    store.ledger.expand(OTHER, 1, people(range(2)), clock.forward(minutes=50))
    worker = Worker.on(store, clock.now())
    accepted, sending = worker.claim(3, clock.now()), worker.claim(2, clock.now())
    worker.answer(accepted, S.ACCEPTED, clock.forward(minutes=5))
    worker.answer(sending[:1], S.PLANNED, clock.now(), retry_at=clock.now() + timedelta(minutes=30))
    before = {S.PLANNED: clock.now() - timedelta(minutes=10), S.SENDING: clock.now(), S.ACCEPTED: clock.now()}
    at_claim = start + timedelta(minutes=50)
    assert store.figures.stuck(before) == (
        Stuck(WAVE, "sms-people", S.PLANNED, "", 4, start),
        Stuck(WAVE, "sms-people", S.SENDING, LANE, 1, at_claim),
    )
    later = {S.ACCEPTED: clock.now() + timedelta(seconds=1), S.PLANNED: clock.now() + timedelta(hours=1)}
    assert store.figures.stuck(later, WAVE) == (
        Stuck(WAVE, "sms-people", S.ACCEPTED, LANE, 3, clock.now()),
        Stuck(WAVE, "sms-people", S.PLANNED, "", 4, start),
        # what waits for its time counts from then
        Stuck(WAVE, "sms-people", S.PLANNED, LANE, 1, clock.now() + timedelta(minutes=30)),
    )
    assert store.figures.stuck(later, OTHER.wave) == (
        Stuck(OTHER.wave, "sms-people", S.PLANNED, "", 2, start + timedelta(minutes=50)),
    )
    assert store.figures.stuck({S.SENDING: start}) == ()


def test_receipts_without_a_row_are_counted_by_lane_and_by_what_they_say(store: Store, clock: MovingClock) -> None:
    assert store.figures.orphans() == ()
    first = clock.now()
    told = [receipt(f"{i:08}", S.DELIVERED, first + timedelta(seconds=i)) for i in range(3)]
    told += [receipt("f" * 32, S.UNDELIVERED, first, lane="another")]
    store.ledger.receive([*told[::-1], *told], clock.forward(minutes=1))
    assert store.figures.orphans() == (
        Orphans("another", S.UNDELIVERED, 1, first),
        Orphans(LANE, S.DELIVERED, 3, first),
    )
    store.ledger.expand(JOB, 1, people([0]), clock.now())
    worker = Worker.on(store, clock.now())
    worker.answer(worker.claim(1, clock.now()), S.ACCEPTED, clock.now())
    store.ledger.receive([receipt(ref(0), S.DELIVERED, clock.now())], clock.now())
    assert len(store.figures.orphans()) == 2, "a receipt that found its row is none of them"
    assert_counted(store)


def test_people_without_a_row_are_counted_whatever_became_of_the_others(store: Store, clock: MovingClock) -> None:
    everybody = [phone(i) for i in range(100)]
    assert store.figures.missing(WAVE, "sms-people", [everybody]) == 100
    store.ledger.expand_frames(JOB, 1, [crowd(range(60))], clock.now())
    Worker.on(store, clock.now()).claim(10, clock.now())
    store.ledger.cancel(WAVE, "lan", clock.now())
    assert store.figures.missing(WAVE, "sms-people", [everybody[:50], everybody[50:], []]) == 40
    assert store.figures.missing(WAVE, "another", [everybody]) == 100
