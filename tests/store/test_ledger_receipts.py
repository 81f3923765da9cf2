"""Receipts come late, twice, in any order, under strange ids, and never break anything."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from loa.model.errors import StoreError
from loa.model.ledger import Change, Receipt, Row
from loa.model.states import RowState
from loa.store import JobKey, Store
from loa.store.schema import orphans

from .ledger_kit import (
    JOB,
    LANE,
    WAVE,
    MovingClock,
    Open,
    Worker,
    assert_counted,
    find,
    path,
    people,
    receipt,
    ref,
    states,
)

S = RowState


@pytest.fixture
def worker(store: Store, clock: MovingClock) -> Worker:
    store.ledger.expand(JOB, 1, people(range(6)), clock.now())
    return Worker.on(store, clock.now())


@pytest.fixture
def accepted(worker: Worker, clock: MovingClock) -> tuple[Row, ...]:
    rows = worker.claim(6, clock.now())
    worker.answer(rows, S.ACCEPTED, clock.now())
    return rows


def waiting(store: Store) -> int:
    """Receipts that wait for their row."""
    with store.database.read() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(orphans)) or 0


# --- finding the row


def test_a_receipt_finds_its_row_by_the_gateways_id(
    store: Store, clock: MovingClock, accepted: tuple[Row, ...]
) -> None:
    assert store.ledger.receive([receipt(accepted[0], S.DELIVERED, clock.now())], clock.now()) == 1
    assert states(store) == {S.DELIVERED: 1, S.ACCEPTED: 5}
    assert_counted(store)


def test_a_receipt_finds_its_row_by_our_reference_whatever_its_id(
    store: Store, clock: MovingClock, accepted: tuple[Row, ...]
) -> None:
    told = Receipt(LANE, f"gw-{accepted[1].id[:8]}", S.DELIVERED, clock.now(), reference=accepted[0].id)
    assert store.ledger.receive([told], clock.now()) == 1
    assert path(store, accepted[0].id)[-1] is S.DELIVERED
    assert path(store, accepted[1].id)[-1] is S.ACCEPTED


def test_a_receipt_without_an_id_leaves_the_one_the_row_has(
    store: Store, clock: MovingClock, accepted: tuple[Row, ...]
) -> None:
    told = Receipt(LANE, "", S.UNDELIVERED, clock.now(), reference=accepted[0].id)
    assert store.ledger.receive([told], clock.now()) == 1
    assert store.ledger.receive([receipt(accepted[0], S.DELIVERED, clock.now())], clock.now()) == 1


def test_the_same_id_on_another_lane_is_another_message(
    store: Store, clock: MovingClock, accepted: tuple[Row, ...]
) -> None:
    told = receipt(accepted[0], S.DELIVERED, clock.now(), lane="another-lane")
    assert store.ledger.receive([told], clock.now()) == 0
    assert states(store) == {S.ACCEPTED: 6}


@pytest.mark.parametrize("written", ["0012", "12", "C", "0X0C", "0x0c"])
def test_ids_are_compared_as_they_are_written(store: Store, clock: MovingClock, worker: Worker, written: str) -> None:
    ids = ["0012", "12", "C", "0X0C", "0x0c"]
    rows = worker.claim(5, clock.now())
    changes = [Change(row.id, S.ACCEPTED, gateway_id=key) for row, key in zip(rows, ids, strict=True)]
    store.ledger.record(worker.lease, changes, clock.now())
    assert store.ledger.receive([Receipt(LANE, written, S.DELIVERED, clock.now())], clock.now()) == 1
    delivered = [row.gateway_id for row in store.figures.rows(WAVE) if row.state is S.DELIVERED]
    assert delivered == [written]


def test_a_receipt_tells_when_it_happened_but_never_the_future(
    store: Store, clock: MovingClock, accepted: tuple[Row, ...]
) -> None:
    happened = clock.now() + timedelta(seconds=3)
    clock.forward(hours=2)
    late, early = receipt(accepted[0], S.DELIVERED, happened, raw="DELIVRD"), accepted[1]
    ahead = receipt(early, S.DELIVERED, clock.now() + timedelta(days=300))
    store.ledger.receive([late, ahead], clock.now())
    assert store.figures.history(accepted[0].id)[-1] == (happened, S.DELIVERED, "DELIVRD", "DELIVRD")
    assert store.figures.history(early.id)[-1][0] == clock.now()


@pytest.mark.parametrize("other", [LANE, "another-lane"])
def test_a_reference_counts_only_on_the_lane_that_has_the_row(
    store: Store, clock: MovingClock, accepted: tuple[Row, ...], other: str
) -> None:
    """It can be worked out from a number: whoever may speak for one lane moves no row of another."""
    told = Receipt(other, "", S.DELIVERED, clock.now(), reference=accepted[0].id)
    assert store.ledger.receive([told], clock.now()) == (1 if other == LANE else 0)
    assert states(store)[S.DELIVERED] == (1 if other == LANE else 0)


# --- ids that a gateway uses again


def sent_as(store: Store, clock: MovingClock, gateway_id: str, wave: str) -> str:
    """One message of a wave of its own, accepted under an id. Returns its row."""
    job = JobKey(wave, "sms-people", "sms")
    store.ledger.expand(job, 1, people([0]), clock.now())
    worker = Worker.on(store, clock.now(), holder=wave)
    (row,) = worker.claim(1, clock.now(), job=job)
    store.ledger.record(worker.lease, [Change(row.id, S.ACCEPTED, gateway_id=gateway_id)], clock.now())
    clock.forward(hours=1)
    return row.id


def test_of_messages_with_the_same_id_the_newest_that_is_open_has_the_receipt(store: Store, clock: MovingClock) -> None:
    first, second, third = (sent_as(store, clock, "7", f"dot-{i}/2027/d") for i in range(3))
    last: list[list[RowState]] = []
    for _ in range(4):
        store.ledger.receive([Receipt(LANE, "7", S.DELIVERED, clock.forward(minutes=1))], clock.now())
        last.append([path(store, row)[-1] for row in (first, second, third)])
    a, d = S.ACCEPTED, S.DELIVERED
    assert last == [[a, a, d], [a, d, d], [d, d, d], [d, d, d]]


@pytest.mark.parametrize(("came", "adopted"), [(-90 * 24 * 60, False), (-16, False), (-14, True)])
def test_a_receipt_that_came_before_its_message_left_is_another_messages(
    store: Store, clock: MovingClock, came: float, adopted: bool
) -> None:
    sent, at = clock.now(), clock.now() + timedelta(minutes=came)
    store.ledger.receive([Receipt(LANE, "1001", S.UNDELIVERED, at)], at)
    row = sent_as(store, clock, "1001", WAVE)
    assert path(store, row)[-1] is (S.UNDELIVERED if adopted else S.ACCEPTED)
    assert waiting(store) == (0 if adopted else 1)
    # the same word again, in time: now it is of this message
    store.ledger.receive([Receipt(LANE, "1001", S.UNDELIVERED, sent)], sent)
    assert path(store, row)[-1] is S.UNDELIVERED


def test_a_clock_of_the_networks_that_is_wrong_does_not_keep_a_receipt_from_its_row(
    store: Store, clock: MovingClock
) -> None:
    store.ledger.receive([Receipt(LANE, "1001", S.DELIVERED, clock.now() - timedelta(hours=7))], clock.now())
    assert path(store, sent_as(store, clock, "1001", WAVE))[-1] is S.DELIVERED


def test_one_that_waits_and_is_told_again_has_come_again(store: Store, clock: MovingClock) -> None:
    old = clock.now() - timedelta(days=90)
    for moment in (old, clock.now()):
        store.ledger.receive([Receipt(LANE, "1001", S.DELIVERED, moment)], moment)
    assert path(store, sent_as(store, clock, "1001", WAVE))[-1] is S.DELIVERED


def test_receipts_that_have_waited_too_long_are_forgotten(store: Store, clock: MovingClock) -> None:
    old = clock.now() - timedelta(days=91)
    store.ledger.receive([Receipt(LANE, f"old-{i}", S.DELIVERED, old) for i in range(2_100)], old)
    store.ledger.receive([Receipt(LANE, "young", S.DELIVERED, old)], clock.now())
    assert store.ledger.forget_orphans(clock.now() - timedelta(days=90)) == 2_100
    assert waiting(store) == 1
    assert store.ledger.forget_orphans(clock.now() - timedelta(days=90)) == 0


# --- repeated, late, contradicting


@pytest.mark.parametrize("state", [S.ACCEPTED, S.REFUSED, S.UNKNOWN, S.PLANNED])
def test_an_answer_and_a_receipt_that_are_written_twice_count_once(
    store: Store, clock: MovingClock, worker: Worker, state: RowState
) -> None:
    """Where the database was busy the same call comes again."""
    rows = worker.claim(2, clock.now())
    store.ledger.receive([receipt(rows[0], S.DELIVERED, clock.now())], clock.now())
    told = [receipt(rows[1], S.DELIVERED, clock.now()), Receipt(LANE, "nobodys", S.EXPIRED, clock.now())]
    seen = []
    for _ in range(2):
        worker.answer(rows, state, clock.now())
        store.ledger.receive(told, clock.now(), ("receipts/a", "17"))
        history = [store.figures.history(row.id) for row in rows]
        seen.append((list(store.figures.rows(WAVE)), history, waiting(store), store.ledger.cursor("receipts/a")))
        assert_counted(store)
    assert seen[0] == seen[1]


def test_a_repeated_receipt_changes_nothing(store: Store, clock: MovingClock, accepted: tuple[Row, ...]) -> None:
    told = receipt(accepted[0], S.DELIVERED, clock.now())
    assert store.ledger.receive([told, told], clock.now()) == 1
    before = list(store.figures.rows(WAVE))
    assert store.ledger.receive([told], clock.forward(days=1)) == 0
    assert list(store.figures.rows(WAVE)) == before
    assert waiting(store) == 0
    assert_counted(store)


TOLD = [
    ([S.DELIVERED, S.UNDELIVERED], S.DELIVERED),
    ([S.DELIVERED, S.EXPIRED, S.UNDELIVERED], S.DELIVERED),
    ([S.UNDELIVERED, S.DELIVERED], S.DELIVERED),
    ([S.EXPIRED, S.DELIVERED, S.EXPIRED], S.DELIVERED),
    ([S.UNDELIVERED, S.EXPIRED], S.UNDELIVERED),
    ([S.ACCEPTED, S.DELIVERED], S.DELIVERED),
    ([S.PLANNED], S.ACCEPTED),
    ([S.CANCELLED], S.ACCEPTED),
    ([S.SUPPRESSED], S.ACCEPTED),
    ([S.SENDING], S.ACCEPTED),
]


@pytest.mark.parametrize("together", [True, False])
def test_of_receipts_that_contradict_each_other_delivered_stands(
    store: Store, clock: MovingClock, together: bool
) -> None:
    store.ledger.expand(JOB, 1, people(range(len(TOLD))), clock.now())
    worker = Worker.on(store, clock.now())
    rows = worker.claim(len(TOLD), clock.now())
    worker.answer(rows, S.ACCEPTED, clock.now())
    receipts = [
        receipt(row, state, clock.now()) for row, (told, _) in zip(rows, TOLD, strict=True) for state in told
    ]  # fmt: skip
    for batch in [receipts] if together else [[one] for one in receipts]:
        store.ledger.receive(batch, clock.now())
    assert [path(store, row.id)[-1] for row in rows] == [stands for _, stands in TOLD]
    assert_counted(store)


def test_a_late_receipt_settles_a_row_in_doubt(store: Store, clock: MovingClock, worker: Worker) -> None:
    rows = worker.claim(2, clock.now())
    worker.answer(rows, S.UNKNOWN, clock.now())
    told = [Receipt(LANE, "gw-late", S.DELIVERED, clock.now(), reference=rows[0].id)]
    assert store.ledger.receive(told, clock.forward(days=2)) == 1
    assert path(store, rows[0].id) == [S.SENDING, S.UNKNOWN, S.DELIVERED]
    assert [row.id for row in store.figures.in_doubt()] == [rows[1].id]


def test_a_late_receipt_keeps_what_was_planned_again_from_going_out_twice(
    store: Store, clock: MovingClock, worker: Worker
) -> None:
    """The status call said that the gateway never had it; the receipt shows that it did."""
    (row,) = worker.claim(1, clock.now())
    worker.answer([row], S.UNKNOWN, clock.now())
    store.ledger.settle([Change(row.id, S.PLANNED, "never-arrived")], clock.now())
    told = [Receipt(LANE, "gw-late", S.DELIVERED, clock.now(), reference=row.id)]
    assert store.ledger.receive(told, clock.now()) == 1
    assert path(store, row.id)[-1] is S.DELIVERED
    assert_counted(store)


def test_a_receipt_for_what_never_left_is_not_believed(store: Store, clock: MovingClock) -> None:
    store.ledger.expand(JOB, 1, people(range(1)), clock.now())
    told = [Receipt(LANE, "gw-x", S.DELIVERED, clock.now(), reference=ref(0))]
    assert store.ledger.receive(told, clock.now()) == 0
    assert find(store, 0).state is S.PLANNED


# --- before the answer


def test_a_receipt_by_reference_may_overtake_the_answer(store: Store, clock: MovingClock, worker: Worker) -> None:
    (row,) = worker.claim(1, clock.now())
    store.ledger.receive([Receipt(LANE, "gw-1", S.DELIVERED, clock.now(), reference=row.id)], clock.now())
    assert worker.answer([row], S.ACCEPTED, clock.now()) == 0
    assert path(store, row.id) == [S.SENDING, S.DELIVERED]
    assert_counted(store)


@pytest.mark.parametrize("told", [[S.DELIVERED], [S.UNDELIVERED, S.DELIVERED], [S.DELIVERED, S.UNDELIVERED]])
def test_a_receipt_that_overtook_the_answer_waits_for_the_id_it_brings(
    store: Store, clock: MovingClock, worker: Worker, told: list[RowState]
) -> None:
    rows = worker.claim(2, clock.now())
    for _ in range(2):
        assert store.ledger.receive([receipt(rows[0], state, clock.now()) for state in told], clock.now()) == 0
    assert waiting(store) == len(told), "the same one twice waits once"
    worker.answer(rows, S.ACCEPTED, clock.now())
    assert states(store)[S.DELIVERED] == 1
    assert path(store, rows[0].id)[:2] == [S.SENDING, S.ACCEPTED]
    assert path(store, rows[1].id) == [S.SENDING, S.ACCEPTED]
    assert waiting(store) == 0
    assert_counted(store)


def test_a_receipt_also_waits_for_an_id_that_only_the_status_call_brings(
    store: Store, clock: MovingClock, worker: Worker
) -> None:
    rows = worker.claim(1, clock.now())
    store.ledger.receive([receipt(rows[0], S.DELIVERED, clock.now())], clock.now())
    worker.answer(rows, S.UNKNOWN, clock.now())
    known = Change(rows[0].id, S.ACCEPTED, "status-call", f"gw-{rows[0].id[:8]}")
    store.ledger.settle([known], clock.now())
    assert path(store, rows[0].id) == [S.SENDING, S.UNKNOWN, S.ACCEPTED, S.DELIVERED]
    assert waiting(store) == 0
    assert_counted(store)


def test_an_answer_adopts_only_receipts_of_its_own_lane(store: Store, clock: MovingClock, worker: Worker) -> None:
    rows = worker.claim(1, clock.now())
    store.ledger.receive([receipt(rows[0], S.DELIVERED, clock.now(), lane="another-lane")], clock.now())
    worker.answer(rows, S.ACCEPTED, clock.now())
    assert path(store, rows[0].id) == [S.SENDING, S.ACCEPTED]
    assert waiting(store) == 1


def test_a_receipt_and_the_answer_that_brings_its_id_do_not_pass_each_other(
    open_store: Open, clock: MovingClock
) -> None:
    """Whichever of the two transactions is first, the row ends delivered and no receipt is left waiting."""
    store = open_store()
    store.ledger.expand(JOB, 1, people(range(25)), clock.now())
    worker = Worker.on(store, clock.now())
    for row in worker.claim(25, clock.now()):
        gate = threading.Barrier(2)

        def together(step: Callable[[], object], gate: threading.Barrier = gate) -> threading.Thread:
            def run() -> None:
                gate.wait()
                step()

            thread = threading.Thread(target=run)
            thread.start()
            return thread

        threads = [
            together(lambda row=row: worker.answer([row], S.ACCEPTED, clock.now())),
            together(lambda row=row: store.ledger.receive([receipt(row, S.DELIVERED, clock.now())], clock.now())),
        ]
        for thread in threads:
            thread.join()
    assert states(store) == {S.DELIVERED: 25}
    assert waiting(store) == 0
    assert_counted(store)


def test_an_answer_waits_for_a_receipt_of_its_lane_that_is_being_stored(
    open_store: Open, clock: MovingClock, worker: Worker
) -> None:
    """The same, forced: the receipt has found no row and is held up just before it is put to wait."""
    other = open_store()
    (row,) = worker.claim(1, clock.now())
    told = receipt(row, S.DELIVERED, clock.now())
    if other.database.sqlite:
        other.ledger.receive([told], clock.now())  # its writers go one after the other: there is no between
        worker.answer([row], S.ACCEPTED, clock.now())
    else:
        with other.database.engine.connect() as holding_up, holding_up.begin() as held:
            same = {"lane": told.lane, "gateway_id": told.gateway_id, "state": "delivered", "at": clock.now()}
            holding_up.execute(orphans.insert().values(**same))
            threads = [
                threading.Thread(target=lambda: other.ledger.receive([told], clock.now())),
                threading.Thread(target=lambda: worker.answer([row], S.ACCEPTED, clock.now())),
            ]
            for thread in threads:
                thread.start()
                time.sleep(0.2)
            held.rollback()
        for thread in threads:
            thread.join()
    assert find(other, 0).state in {S.DELIVERED, S.PLANNED}
    assert path(other, row.id) == [S.SENDING, S.ACCEPTED, S.DELIVERED]


# --- what matches nothing


def test_a_receipt_of_nothing_we_know_breaks_nothing(
    store: Store, clock: MovingClock, accepted: tuple[Row, ...]
) -> None:
    told = [
        Receipt(LANE, "never-heard-of", S.DELIVERED, clock.now()),
        Receipt("no-such-lane", "12", S.EXPIRED, clock.now()),
        Receipt(LANE, "", S.DELIVERED, clock.now(), reference="no-such-row"),
        Receipt(LANE, "bytes\0that are\ud800no text", S.DELIVERED, clock.now(), raw="text:\0", operator="\0"),
        receipt(accepted[0], S.DELIVERED, clock.now(), raw="text:\0"),
    ]
    assert store.ledger.receive(told, clock.now()) == 1, "the good one among them counts"
    assert store.ledger.receive(told, clock.now()) == 0
    assert waiting(store) == 4
    assert_counted(store)


def test_many_receipts_in_one_batch(store: Store, clock: MovingClock, accepted: tuple[Row, ...]) -> None:
    told = [Receipt(LANE, f"unknown-{i}", S.DELIVERED, clock.now()) for i in range(600)]
    told[100:100] = [receipt(row, S.UNDELIVERED, clock.now()) for row in accepted]
    told += [receipt(row, S.DELIVERED, clock.now()) for row in accepted]
    assert store.ledger.receive(told, clock.now()) == 12
    assert states(store) == {S.DELIVERED: 6}
    assert_counted(store)


# --- how far a gateway was read


def test_the_cursor_moves_with_the_receipts_it_stands_after(
    store: Store, clock: MovingClock, accepted: tuple[Row, ...]
) -> None:
    assert store.ledger.cursor("receipts/a") == ""
    told = [receipt(accepted[0], S.DELIVERED, clock.now())]
    store.ledger.receive(told, clock.now(), ("receipts/a", "17"))
    store.ledger.receive([], clock.now(), ("receipts/b", "3"))
    assert (store.ledger.cursor("receipts/a"), store.ledger.cursor("receipts/b")) == ("17", "3")
    store.ledger.receive([], clock.now(), ("receipts/a", "18"))
    assert store.ledger.cursor("receipts/a") == "18"


def test_where_the_receipts_cannot_be_stored_the_cursor_stays(
    store: Store, clock: MovingClock, accepted: tuple[Row, ...]
) -> None:
    with store.database.write() as connection:
        connection.execute(sa.text("DROP TABLE cursors"))
    with pytest.raises(StoreError) as caught:
        store.ledger.receive([receipt(accepted[0], S.DELIVERED, clock.now())], clock.now(), ("receipts/a", "17"))
    assert caught.value.code == "database-failed"
    assert states(store) == {S.ACCEPTED: 6}, "and where the cursor cannot be moved nothing is stored"
    assert_counted(store)
    with store.database.write() as connection:
        connection.execute(sa.text("CREATE TABLE cursors (name text NOT NULL PRIMARY KEY, value text NOT NULL)"))
