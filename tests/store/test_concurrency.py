"""Several at once: they share the work, never a row, and never wait for each other in a circle."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import TypeVar

import sqlalchemy as sa

from loa.model.ledger import Lease, Row
from loa.model.states import RowState
from loa.store import JobKey, Store
from loa.store.schema import counters, rows

from .ledger_kit import (
    JOB,
    WAVE,
    MovingClock,
    Open,
    Worker,
    assert_counted,
    number,
    people,
    receipt,
    ref,
    states,
)  # fmt: skip

S = RowState
Result = TypeVar("Result")


def at_once(*steps: Callable[[], Result]) -> list[Result]:
    """Runs each step in a thread of its own, all from the same moment. An error in any of them is raised."""
    gate = Barrier(len(steps))

    def run(step: Callable[[], Result]) -> Result:
        gate.wait(10)
        return step()

    with ThreadPoolExecutor(len(steps)) as pool:
        return [future.result(60) for future in [pool.submit(run, step) for step in steps]]


def test_threads_that_claim_under_one_lease_share_the_rows(open_store: Open, clock: MovingClock) -> None:
    stores = [open_store() for _ in range(4)]
    stores[0].ledger.expand(JOB, 1, people(range(70)), clock.now())
    lease = Worker.on(stores[0], clock.now()).lease

    def work(worker: Worker) -> list[str]:
        mine: list[str] = []
        while batch := worker.claim(7, clock.now()):
            mine += [row.id for row in batch]
            worker.answer(batch, S.ACCEPTED, clock.now())
        return mine

    shares = at_once(*[lambda store=store: work(Worker(store, lease)) for store in stores])
    claimed = Counter(row for share in shares for row in share)
    assert claimed == Counter(ref(i) for i in range(70))
    assert states(stores[0]) == {S.ACCEPTED: 70}
    assert_counted(stores[0])


def test_lanes_work_side_by_side_and_their_counters_add_up(open_store: Open, clock: MovingClock) -> None:
    """Two lanes answer and receive for the same job: they move the same counters, in whatever order."""
    stores = [open_store() for _ in range(4)]
    stores[0].ledger.expand(JOB, 1, people(range(160)), clock.now())
    workers = [Worker.on(store, clock.now(), lane=f"lane-{i}") for i, store in enumerate(stores[:2])]

    def send(worker: Worker) -> int:
        sent = 0
        while batch := worker.claim(9, clock.now()):
            sent += worker.answer(batch, S.ACCEPTED, clock.now())
        return sent

    assert sum(at_once(*[lambda worker=worker: send(worker) for worker in workers])) == 160
    sent = list(stores[0].figures.rows(WAVE))

    def told(lane: str, backwards: bool) -> Callable[[], int]:
        mine = [row for row in sent if row.lane == lane]
        receipts = [receipt(row, S.DELIVERED, clock.now(), lane=lane) for row in mine]
        batches = [receipts[at : at + 20] for at in range(0, len(receipts), 20)]
        reader = stores[2 + backwards]
        return lambda: sum(reader.ledger.receive(batch[:: -1 if backwards else 1], clock.now()) for batch in batches)

    # each lane's receipts are read by two, as a poll and a push would: whoever is first moves the row
    moved = at_once(told("lane-0", False), told("lane-0", True), told("lane-1", False), told("lane-1", True))
    assert sum(moved) == 160
    assert states(stores[0]) == {S.DELIVERED: 160}
    assert_counted(stores[0])


def test_a_newer_bundle_is_expanded_while_the_older_is_being_sent(open_store: Open, clock: MovingClock) -> None:
    first, second = open_store(), open_store()
    first.ledger.expand(JOB, 1, people(range(300)), clock.now())
    worker = Worker.on(first, clock.now())

    def send() -> list[Row]:
        sent: list[Row] = []
        while batch := worker.claim(10, clock.now()):
            worker.answer(batch, S.ACCEPTED, clock.now())
            sent += batch
        return sent

    def renew() -> list[Row]:
        second.ledger.expand(JOB, 2, people(range(20, 300), body="words-2", parts=2), clock.now())
        second.ledger.drop_left_over(JOB, 2, clock.now())
        return []

    sent, _ = at_once(send, renew)
    after = {row.id: row for row in first.figures.rows(WAVE)}
    assert all(after[row.id].body == row.body == "words-1" for row in sent), "as it was claimed"
    rest = [row for row in after.values() if row.id not in {one.id for one in sent}]
    assert {(row.state, row.body) for row in rest} <= {(S.PLANNED, "words-2"), (S.CANCELLED, "words-1")}
    assert_counted(first)


def test_a_wave_that_is_cancelled_while_it_is_expanded_has_nothing_planned_in_the_end(
    open_store: Open, clock: MovingClock
) -> None:
    first, second = open_store(), open_store()
    first.ledger.expand(JOB, 1, people(range(10)), clock.now())
    later = [JobKey(WAVE, f"sms-{i}", "sms") for i in range(12)]
    first.ledger.expand(later[0], 1, [], clock.now())
    at_once(
        lambda: sum(first.ledger.expand(job, 1, people(range(10)), clock.now()) for job in later),
        lambda: second.ledger.cancel(WAVE, "lan", clock.now()),
    )
    assert S.PLANNED not in states(first)
    assert_counted(first)


def test_several_that_expand_the_same_wave_make_each_row_once(open_store: Open, clock: MovingClock) -> None:
    stores = [open_store() for _ in range(3)]
    added = at_once(
        *[lambda store=store: store.ledger.expand(JOB, 1, people(range(200)), clock.now()) for store in stores]
    )
    assert sorted(added) == [0, 0, 200]
    assert_counted(stores[0])


def test_one_of_several_takes_a_lane_that_nobody_ever_held(open_store: Open, clock: MovingClock) -> None:
    stores = [open_store() for _ in range(4)]

    def takes(lane: str, index: int) -> Callable[[], Lease | None]:
        return lambda: stores[index].lanes.take(lane, f"holder-{index}", clock.now())

    for lane in ("a", "b", "c", "d"):
        leases = at_once(*[takes(lane, index) for index in range(4)])
        assert [lease.fence for lease in leases if lease is not None] == [1]


def test_the_first_writing_of_anything_may_come_twice_at_once(open_store: Open, clock: MovingClock) -> None:
    """What is looked for and then put in: whoever comes second must find it, not fail on it."""
    stores = [open_store() for _ in range(3)]
    told = [receipt("0" * 32, S.DELIVERED, clock.now())]

    def first_writings(name: str, store: Store) -> list[Callable[[], object]]:
        return [
            lambda: store.ledger.hold(name, "paused", "lan", clock.now()),
            lambda: store.ledger.receive([], clock.now(), (name, "1")),
            lambda: store.ledger.receive(told, clock.now()),
            lambda: store.artefacts.remember(name, []),
            lambda: store.reviews.open(name * 64, name, {}, "lan", clock.now()),
            lambda: store.audiences.opt_out([number(1), number(2)], "1022", clock.now()),
            lambda: store.ledger.expand(JobKey(name, "sms", "sms"), 1, [], clock.now()),
        ]

    for name in "abcde":
        for same in zip(*[first_writings(name, store) for store in stores], strict=True):
            at_once(*same)
    assert [bundle.wave for bundle in stores[0].reviews.all()] == list("edcba")


def test_two_processes_that_open_a_new_database_at_once_both_get_it(empty_url: str, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from loa.model.clock import SystemClock; from loa.store import Store\n"
        "sys.stdin.readline()\n"
        "store = Store.open(sys.argv[1], Path(sys.argv[2]), SystemClock())\n"
        "store.ledger.hold('w', 'paused', 'lan', SystemClock().now()); print(store.ledger.held('w'))"
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", program, empty_url, tmp_path], stdin=-1, stdout=-1, stderr=-1, text=True
        )
        for _ in range(3)
    ]
    for one in both:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    for one in both:
        said, complained = one.communicate(timeout=60)
        assert (one.returncode, said) == (0, "paused\n"), complained


def test_rows_and_counters_are_written_in_one_order_whoever_writes_them(store: Store, clock: MovingClock) -> None:
    """Two that lock the same things in two orders may wait for each other for ever; in one order they cannot."""
    store.ledger.expand(JOB, 1, people(reversed(range(30))), clock.now())
    as_written = "rowid" if store.database.sqlite else "ctid"
    with store.database.read() as connection:
        for column, table in ((rows.c.id, rows), (counters.c.operator, counters)):
            found = connection.scalars(sa.select(column).select_from(table).order_by(sa.text(as_written))).all()
            assert found == sorted(found)
            assert len(found) > 2
