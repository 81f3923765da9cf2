"""On what terms rows are taken for sending: shares, budgets, networks; and lanes that are out of order."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from loa.model.ledger import Budget, Change, Terms
from loa.model.states import RowState
from loa.sms.breaker import left_alone
from loa.store import JobKey, Store

from .ledger_kit import JOB, LANE, WAVE, MovingClock, Worker, assert_counted, find, number, path, people, ref, states

OTHER = JobKey("khac/2027/d-30", "sms-people", "sms")


def terms(clock: MovingClock, **given: object) -> Terms:
    return Terms(**{"cap": 1, "cap_hours": 24, "closes_at": clock.now() + timedelta(hours=6), **given})  # type: ignore[arg-type]


def take(worker: Worker, clock: MovingClock, on: Terms, *, job: JobKey = JOB, limit: int = 99) -> list[str]:
    claim = worker.store.ledger.claim(job, 1, worker.lease, limit, clock.now(), None, on)
    return [row.recipient for row in claim.rows]


def sent(store: Store, clock: MovingClock, indexes: range, job: JobKey = JOB) -> Worker:
    """People who have been written to, of another campaign or this one."""
    store.ledger.expand(job, 1, people(indexes), clock.now())
    worker = Worker.on(store, clock.now())
    rows = worker.claim(99, clock.now(), job=job)
    store.ledger.record(worker.lease, [Change(row.id, RowState.ACCEPTED, "", row.id[:8]) for row in rows], clock.now())
    return worker


# shares


def test_whoever_has_had_their_share_gets_nothing_more_over_all_campaigns(store: Store, clock: MovingClock) -> None:
    worker = sent(store, clock, range(3), OTHER)
    store.ledger.expand(JOB, 1, people(range(5)), clock.now())
    assert set(take(worker, clock, terms(clock))) == {number(3), number(4)}
    assert states(store) == {RowState.SUPPRESSED: 3, RowState.SENDING: 2}
    assert find(store, 0).reason == "frequency-cap"
    assert_counted(store)


def test_they_wait_where_their_share_is_free_again_before_the_wave_closes(store: Store, clock: MovingClock) -> None:
    worker = sent(store, clock, range(1), OTHER)
    first = clock.now()
    store.ledger.expand(JOB, 1, people(range(1)), clock.now())
    on = Terms(cap=1, cap_hours=2, closes_at=clock.now() + timedelta(hours=6))
    assert take(worker, clock, on) == []
    waiting = find(store, 0)
    assert (waiting.state, waiting.retry_at) == (RowState.PLANNED, first + timedelta(hours=2))
    clock.forward(hours=2, seconds=1)
    assert take(Worker.on(store, clock.now()), clock, on) == [number(0)]


def test_a_share_of_more_than_one_counts_each_message(store: Store, clock: MovingClock) -> None:
    worker = sent(store, clock, range(2), OTHER)
    store.ledger.expand(JOB, 1, people(range(2)), clock.now())
    assert len(take(worker, clock, terms(clock, cap=2))) == 2
    third = JobKey("ba/2027/d-30", "sms", "sms")
    store.ledger.expand(third, 1, people(range(2)), clock.now())
    assert take(worker, clock, terms(clock, cap=2), job=third) == []


@pytest.mark.parametrize(
    ("state", "counts"),
    [(RowState.ACCEPTED, True), (RowState.UNKNOWN, True), (RowState.REFUSED, False), (RowState.PLANNED, False)],
)
def test_only_what_may_be_out_counts(store: Store, clock: MovingClock, state: RowState, counts: bool) -> None:
    store.ledger.expand(OTHER, 1, people(range(1)), clock.now())
    worker = Worker.on(store, clock.now())
    (row,) = worker.claim(1, clock.now(), job=OTHER)
    later = clock.now() + timedelta(hours=1) if state is RowState.PLANNED else None
    store.ledger.record(worker.lease, [Change(row.id, state, "x", retry_at=later)], clock.now())
    store.ledger.expand(JOB, 1, people(range(1)), clock.now())
    assert bool(take(worker, clock, terms(clock))) is not counts


def test_an_answer_to_somebody_who_wrote_goes_out_all_the_same(store: Store, clock: MovingClock) -> None:
    worker = sent(store, clock, range(1), OTHER)
    store.audiences.opt_out([number(0)], "sms", clock.now())
    store.ledger.expand(JOB, 1, people(range(1)), clock.now(), answers_people=True)
    assert take(worker, clock, terms(clock, answers_people=True)) == [number(0)]


# budgets


def test_the_budget_is_never_gone_over_and_that_is_said(store: Store, clock: MovingClock) -> None:
    store.ledger.expand(JOB, 1, people(range(10), parts=2, operator="viettel"), clock.now())
    worker = Worker.on(store, clock.now())
    on = terms(clock, budget=Budget(1_000, {"viettel": 100}))
    claim = store.ledger.claim(JOB, 1, worker.lease, 99, clock.now(), None, on)
    assert (len(claim.rows), claim.over_budget) == (5, False)
    claim = store.ledger.claim(JOB, 1, worker.lease, 99, clock.now(), None, on)
    assert (claim.rows, claim.over_budget) == ((), True)
    # what was refused costs nothing, so its place is free again
    store.ledger.record(worker.lease, [Change(find_sending(store)[0], RowState.REFUSED, "x")], clock.now())
    claim = store.ledger.claim(JOB, 1, worker.lease, 99, clock.now(), None, on)
    assert len(claim.rows) == 1


def find_sending(store: Store) -> list[str]:
    return [row.id for row in store.figures.rows(WAVE) if row.state is RowState.SENDING]


def test_a_network_without_a_price_costs_what_the_dearest_does(store: Store, clock: MovingClock) -> None:
    store.ledger.expand(JOB, 1, people(range(10), operator="nobody"), clock.now())
    worker = Worker.on(store, clock.now())
    on = terms(clock, budget=Budget(1_000, {"viettel": 100, "mobifone": 500}))
    assert len(take(worker, clock, on)) == 2


# networks


def test_a_row_sent_back_as_not_here_goes_to_a_lane_that_has_not_tried(store: Store, clock: MovingClock) -> None:
    store.ledger.expand(JOB, 1, people(range(1), operator="vinaphone"), clock.now())
    first = Worker.on(store, clock.now(), "vnpt-1")
    (row,) = first.claim(1, clock.now())
    back = Change(row.id, RowState.PLANNED, "wrong-network", spends_attempt=False, not_here=True)
    store.ledger.record(first.lease, [back], clock.now())
    assert_counted(store)
    found = find(store, 0)
    assert (found.operator, found.tried, found.attempts) == ("", "|vnpt-1|", 0)
    now = clock.now()
    assert store.ledger.claim(JOB, 1, first.lease, 9, now, ["vinaphone", ""]).rows == ()
    second = Worker.on(store, now, "viettel-1")
    (again,) = store.ledger.claim(JOB, 1, second.lease, 9, now, ["viettel", ""]).rows
    assert again.id == row.id
    assert path(store, ref(0)) == [RowState.SENDING, RowState.PLANNED, RowState.SENDING]


def test_a_network_that_was_reported_is_the_only_one_tried(store: Store, clock: MovingClock) -> None:
    store.ledger.expand(JOB, 1, people(range(1), operator="vinaphone"), clock.now())
    first = Worker.on(store, clock.now(), "vnpt-1")
    (row,) = first.claim(1, clock.now())
    back = Change(row.id, RowState.PLANNED, "wrong-network", network="mobifone", not_here=True)
    store.ledger.record(first.lease, [back], clock.now())
    now = clock.now()
    second, third = Worker.on(store, now, "viettel-1"), Worker.on(store, now, "mobifone-1")
    assert store.ledger.claim(JOB, 1, second.lease, 9, now, ["viettel", ""]).rows == ()
    (again,) = store.ledger.claim(JOB, 1, third.lease, 9, now, ["mobifone"]).rows
    assert (again.operator, again.network) == ("mobifone", "mobifone")
    assert_counted(store)


# out of order


@pytest.mark.parametrize("most", [1, 2, 6])
def test_rows_that_are_thrown_back_for_ever_keep_no_others_waiting(store: Store, clock: MovingClock, most: int) -> None:
    store.ledger.expand(JOB, 1, people(range(10), operator="gmobile"), clock.now())
    worker = Worker.on(store, clock.now())
    worker.answer(
        worker.claim(10, clock.now()), RowState.PLANNED, clock.now(), retry_at=clock.now(), spends_attempt=False
    )
    store.ledger.expand(JOB, 1, people(range(10, 20), operator="viettel"), clock.now())
    for _ in range(20):
        for row in worker.claim(most, clock.forward(seconds=1)):
            state = RowState.ACCEPTED if row.operator == "viettel" else RowState.PLANNED
            worker.answer([row], state, clock.now(), retry_at=clock.now(), spends_attempt=False)
    assert states(store) == {RowState.ACCEPTED: 10, RowState.PLANNED: 10}
    assert len(worker.claim(10, clock.forward(seconds=1))) == 10, "nothing else is left: all of the room"


def test_of_what_came_to_its_time_the_longest_due_goes_first_whatever_its_network(
    store: Store, clock: MovingClock
) -> None:
    for start, network in ((0, "gmobile"), (20, "viettel")):
        store.ledger.expand(JOB, 1, people(range(start, start + 20), operator=network), clock.now())
    worker = Worker.on(store, clock.now())
    worker.answer(worker.claim(40, clock.now()), RowState.PLANNED, clock.now(), retry_at=clock.now())
    for _ in range(20):
        for row in worker.claim(4, clock.forward(seconds=1)):
            state = RowState.ACCEPTED if row.operator == "viettel" else RowState.PLANNED
            worker.answer([row], state, clock.now(), retry_at=clock.now(), spends_attempt=False)
    assert states(store)[RowState.ACCEPTED] == 20, "rows that are thrown back stand behind those that wait longer"


def failing(store: Store, clock: MovingClock, times: int, why: str = "unreachable") -> datetime:
    worker = Worker.on(store, clock.now())
    now = clock.now()
    for _ in range(times):
        store.lanes.failed(worker.lease, why, left_alone(why, now))
    return now


def test_a_lane_is_out_of_order_after_three_failures_and_again_after_its_time(store: Store, clock: MovingClock) -> None:
    failing(store, clock, 2)
    assert store.lanes.outages(clock.now()) == {}
    now = failing_more(store, clock)
    outage = store.lanes.outages(clock.now())[LANE]
    assert (outage.why, outage.failures, outage.until) == ("unreachable", 3, now + timedelta(seconds=30))
    clock.forward(seconds=31)
    assert store.lanes.outages(clock.now()) == {}
    store.lanes.worked(LANE)
    failing_more(store, clock)
    assert store.lanes.outages(clock.now()) == {}, "an answer in between starts the count again"


def test_a_clock_that_was_set_back_leaves_no_lane_out_of_order_for_good(store: Store, clock: MovingClock) -> None:
    failing(store, clock, 3)
    assert LANE in store.lanes.outages(clock.now())
    assert store.lanes.outages(clock.now() - timedelta(days=1)) == {}


def failing_more(store: Store, clock: MovingClock) -> datetime:
    lease = store.lanes.take(LANE, "another", clock.forward(seconds=31))
    assert lease is not None
    store.lanes.failed(lease, "unreachable", left_alone("unreachable", clock.now()))
    return clock.now()


def test_a_holder_whose_lane_was_taken_over_cannot_break_it(store: Store, clock: MovingClock) -> None:
    old = Worker.on(store, clock.now())
    clock.forward(seconds=31)
    Worker.on(store, clock.now(), holder="next")
    assert store.lanes.failed(old.lease, "x", left_alone("no-answer", clock.now())) == 0
    assert store.lanes.outages(clock.now()) == {}
