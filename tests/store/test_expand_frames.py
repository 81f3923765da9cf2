"""Expanding by the thousand: the rules of `test_ledger.py` hold for columns as they do for one row after the other."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from loa.model.clock import VIETNAM
from loa.model.errors import StoreError
from loa.model.ledger import Change, PlannedRow, row_id
from loa.model.states import RowState
from loa.store import JobKey, Store
from loa.store.expansion import IN_WRITE, PLAN, Expansion, planned_frame, row_ids
from loa.store.schema import rows
from loa.store.wholesale import PLACED

from .expand_kit import OPERATORS, crowd, phone
from .ledger_kit import JOB, WAVE, MovingClock, Open, Worker, assert_counted, find, path, people, states

S = RowState
REPO = Path(__file__).parents[2]


@given(st.text(), st.text(), st.lists(st.text()))
def test_ids_worked_out_together_are_those_worked_out_one_by_one(wave: str, item: str, recipients: list[str]) -> None:
    assert row_ids(wave, item, recipients) == [row_id(wave, item, recipient) for recipient in recipients]


def test_columns_give_the_rows_that_one_after_the_other_gives(open_store: Open, clock: MovingClock) -> None:
    store = open_store()
    store.ledger.expand(JOB, 1, people(range(50), parts=2), clock.now())
    one_by_one = list(store.figures.rows(WAVE))
    with store.database.write() as connection:
        for table in ("rows", "counters"):
            connection.execute(sa.text(f"DELETE FROM {table}"))  # noqa: S608 # ours
    frame = planned_frame(people(reversed(range(50)), parts=2))
    assert store.ledger.expand_frames(JOB, 1, frame.iter_slices(7), clock.now()) == 50
    assert list(store.figures.rows(WAVE)) == one_by_one
    assert_counted(store)


def test_a_new_row_has_everything_that_a_batch_says_and_what_the_table_gives() -> None:
    assert set(PLACED) - {"id", "state", "reason"} == set(PLAN) - {"suppressed"}
    given_elsewhere = {*PLACED, "job", "bundle", "updated_at"}
    for column in rows.columns:
        assert column.name in given_elsewhere or column.nullable or column.server_default is not None, column.name


def test_what_is_there_already_stays_and_the_rest_is_new(store: Store, clock: MovingClock) -> None:
    store.ledger.expand_frames(JOB, 1, [crowd(range(0, 600, 3))], clock.now())
    before = {row.id: row for row in store.figures.rows(WAVE)}
    # the first batch overlaps with what is there, the second has nothing new, the third nothing old
    frames = [crowd(range(300), parts=2), crowd(range(0, 300, 3), parts=2), crowd(range(601, 700), parts=2)]
    assert store.ledger.expand_frames(JOB, 1, frames, clock.forward(hours=1)) == 200 + 0 + 99
    after = {row.id: row for row in store.figures.rows(WAVE)}
    assert {key: after[key] for key in before} == before
    assert len(after) == 200 + 200 + 99
    assert_counted(store)


def test_somebody_who_comes_twice_gets_one_row_and_the_first_words(store: Store, clock: MovingClock) -> None:
    twice = pl.concat([crowd([1, 2]), crowd([1], body="words-2")])
    assert store.ledger.expand_frames(JOB, 1, [twice, crowd([2, 3], body="words-3")], clock.now()) == 3
    assert sorted(row.body for row in store.figures.rows(WAVE)) == ["words-1", "words-1", "words-3"]
    assert_counted(store)


def test_nobody_at_all_is_no_row(store: Store, clock: MovingClock) -> None:
    assert store.ledger.expand_frames(JOB, 1, [crowd([]), crowd([1]), crowd([])], clock.now()) == 1
    assert_counted(store)


WORDS = ["", " ", '"', "'", ",", ";", "\\N", "\\", "\t", "a\nb", "\r\n", "NULL", "Bình Thuận ắ", "%", "{}", "😀"]


def test_no_word_is_taken_for_something_else_on_its_way(store: Store, clock: MovingClock) -> None:
    plan = [PlannedRow(f"{i}{word}", word, word, word, word, 1, word) for i, word in enumerate(WORDS)]
    store.ledger.expand(JOB, 1, plan[:8], clock.now())
    store.ledger.expand(JOB, 1, plan, clock.now())  # also beside what is there already
    stored = {row.recipient: row for row in store.figures.rows(WAVE)}
    for row in plan:
        found = stored[row.recipient]
        assert (found.operator, found.commune, found.language, found.body) == (row.operator,) * 4
        assert found.reason == row.suppressed
    assert_counted(store)


def test_a_batch_that_a_database_cannot_keep_is_not_kept_in_part(store: Store, clock: MovingClock) -> None:
    nobody = "no-such-state"
    refuse = {
        "sqlite": f"CREATE TRIGGER refuse BEFORE INSERT ON rows WHEN new.body = '{nobody}'"
        " BEGIN SELECT RAISE(ABORT, 'refused'); END",
        "postgresql": f"ALTER TABLE rows ADD CONSTRAINT refuse CHECK (body <> '{nobody}')",
    }
    with store.database.write() as connection:
        connection.execute(sa.text(refuse[connection.dialect.name]))
    try:
        frame = pl.concat([crowd(range(100)), crowd([100], body=nobody)])
        with pytest.raises(StoreError) as caught:
            store.ledger.expand_frames(JOB, 1, [crowd(range(200, 210)), frame], clock.now())
        assert caught.value.code == "database-failed"
        assert phone(100) not in str(caught.value) + str(caught.value.fields), "no number in an error"
        assert states(store) == {S.PLANNED: 10}, "whole batches, or nothing"
        assert_counted(store)
    finally:
        undo = "DROP TRIGGER refuse" if store.database.sqlite else "ALTER TABLE rows DROP CONSTRAINT refuse"
        with store.database.write() as connection:
            connection.execute(sa.text(undo))


def test_who_opted_out_is_suppressed_whether_the_row_is_new_or_there(store: Store, clock: MovingClock) -> None:
    store.ledger.expand_frames(JOB, 1, [crowd(range(5))], clock.now())
    store.audiences.opt_out([phone(i) for i in (1, 7)], "hotline 1022", clock.now())
    store.ledger.expand_frames(JOB, 1, [crowd(range(10))], clock.now())
    found = {row.recipient: (row.state, row.reason) for row in store.figures.rows(WAVE) if row.state is not S.PLANNED}
    assert found == dict.fromkeys((phone(1), phone(7)), (S.SUPPRESSED, "opted-out"))
    assert path(store, row_id(JOB.wave, JOB.deliverable, phone(1))) == [S.SUPPRESSED]
    assert_counted(store)


def test_what_left_keeps_its_words_and_what_is_suppressed_stays_so(store: Store, clock: MovingClock) -> None:
    store.ledger.expand_frames(JOB, 1, [crowd(range(40))], clock.now())
    store.audiences.opt_out([phone(i) for i in range(5)], "hotline 1022", clock.now())
    worker = Worker.on(store, clock.now())
    out = {row.recipient for row in worker.claim(20, clock.now())}
    before = {row.recipient: row for row in store.figures.rows(WAVE)}
    assert store.ledger.expand_frames(JOB, 2, [crowd(range(40), body="words-2", parts=3)], clock.now()) == 0
    for row in store.figures.rows(WAVE):
        if row.recipient in out:
            assert row == before[row.recipient]
        elif row.recipient in {phone(i) for i in range(5)}:
            assert (row.state, row.reason) == (S.SUPPRESSED, "opted-out")
        else:
            assert (row.state, row.body, row.parts) == (S.PLANNED, "words-2", 3)
    assert_counted(store)


def test_an_older_bundle_that_comes_late_suppresses_nobody(store: Store, clock: MovingClock) -> None:
    store.ledger.expand(JOB, 2, people([0, 1]), clock.now())
    store.ledger.expand(JOB, 1, people([0, 1], suppressed="no-consent"), clock.now())
    assert states(store) == {S.PLANNED: 2}


def test_what_a_lane_has_found_out_about_a_network_outlives_a_newer_bundle(store: Store, clock: MovingClock) -> None:
    store.ledger.expand(JOB, 1, people(range(3), operator="viettel"), clock.now())
    worker = Worker.on(store, clock.now())
    first, second, third = worker.claim(3, clock.now())
    store.ledger.record(
        worker.lease,
        [
            Change(first.id, S.PLANNED, "wrong-network", network="mobifone", not_here=True),
            Change(second.id, S.PLANNED, "wrong-network", not_here=True),
            Change(third.id, S.PLANNED, "busy"),
        ],
        clock.now(),
    )
    store.ledger.expand(JOB, 2, people(range(3), operator="viettel", body="words-2", parts=2), clock.now())
    found = {row.id: (row.operator, row.body) for row in store.figures.rows(WAVE)}
    assert found == {
        first.id: ("mobifone", "words-2"),
        second.id: ("", "words-2"),
        third.id: ("viettel", "words-2"),
    }
    assert_counted(store)


def test_everybody_dropped_and_taken_back_is_told_and_counted(store: Store, clock: MovingClock) -> None:
    store.ledger.expand_frames(JOB, 1, [crowd(range(30))], clock.now())
    assert store.ledger.drop_left_over(JOB, 2, clock.now()) == 30
    assert states(store) == {S.CANCELLED: 30}
    store.audiences.opt_out([phone(3)], "hotline 1022", clock.now())
    assert store.ledger.expand_frames(JOB, 3, [crowd(range(40), body="words-3")], clock.now()) == 10
    assert states(store) == {S.PLANNED: 39, S.CANCELLED: 1}, "who opted out meanwhile is not taken back"
    key = row_id(JOB.wave, JOB.deliverable, phone(0))
    told = [(state, reason) for _, state, reason, _ in store.figures.history(key)]
    assert told == [(S.CANCELLED, "left-audience"), (S.PLANNED, "back-in-audience")]
    assert_counted(store)


def test_a_cancel_reaches_every_deliverable_and_every_row_of_it(store: Store, clock: MovingClock) -> None:
    other = JobKey(WAVE, "sms-other", "sms")
    store.ledger.expand_frames(JOB, 1, crowd(range(6000)).iter_slices(2000), clock.now())
    store.ledger.expand_frames(other, 1, [crowd(range(10))], clock.now())
    worker = Worker.on(store, clock.now())
    (row,) = worker.claim(1, clock.now())
    due = clock.forward(seconds=30)
    worker.answer([row], S.PLANNED, clock.now(), retry_at=due, reason="busy")
    assert store.ledger.cancel(WAVE, "lan", clock.now()) == 6010
    assert states(store) == {S.CANCELLED: 6010}
    (again,) = (one for one in store.figures.rows(WAVE) if one.id == row.id)
    assert (again.retry_at, again.reason, again.attempts) == (None, "cancelled", 1)
    assert store.ledger.expand_frames(JOB, 2, [crowd(range(7000))], clock.now()) == 0
    assert_counted(store)


# --- broken off


def test_killed_in_the_middle_it_is_completed_by_repeating_it(
    store: Store, clock: MovingClock, database_url: str, tmp_path: Path
) -> None:
    everybody, batch = 6_000, 200
    program = Path(__file__).with_name("expanding_worker.py")
    worker = subprocess.Popen(
        [sys.executable, program, database_url, tmp_path, str(everybody), str(batch)],
        stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": str(REPO), "PATH": ""},
    )  # fmt: skip
    assert worker.stdout is not None
    for _ in range(6):
        worker.stdout.readline()
    worker.kill()
    worker.stdout.close()
    assert worker.wait(10) == -9, "it was still at work"

    there = sum(states(store).values())
    assert 0 < there < everybody
    assert there % batch == 0, "whole batches, or nothing"
    assert_counted(store)
    assert store.figures.to_expand(WAVE, "sms-people", 1)
    frames = crowd(range(everybody)).iter_slices(batch)
    assert store.ledger.expand_frames(JOB, 1, frames, clock.now()) == everybody - there
    assert states(store) == {S.PLANNED: everybody}
    assert_counted(store)


def test_a_wave_that_is_cancelled_between_two_batches_gets_no_further_one(store: Store, clock: MovingClock) -> None:
    def cancelled_on_the_way() -> Iterator[pl.DataFrame]:
        yield crowd(range(10))
        assert store.ledger.cancel(WAVE, "lan", clock.now()) == 10
        yield crowd(range(10, 20))

    assert store.ledger.expand_frames(JOB, 1, cancelled_on_the_way(), clock.now()) == 10
    assert states(store) == {S.CANCELLED: 10}


# --- whether there is anything left to expand


def test_an_expansion_that_came_to_its_end_has_nothing_left_to_do(store: Store, clock: MovingClock) -> None:
    assert store.figures.to_expand(WAVE, "sms-people", 1), "nobody has begun"
    store.ledger.expand(JOB, 1, people(range(3)), clock.now())
    assert store.figures.to_expand(WAVE, "sms-people", 1), "it may have broken off"
    store.ledger.drop_left_over(JOB, 1, clock.now())
    assert not store.figures.to_expand(WAVE, "sms-people", 1)
    assert store.figures.to_expand(WAVE, "sms-people", 2), "a newer approval"


def test_a_row_that_comes_back_under_a_replaced_approval_is_to_be_seen_to(store: Store, clock: MovingClock) -> None:
    store.ledger.expand(JOB, 1, people(range(3)), clock.now())
    worker = Worker.on(store, clock.now())
    rows_out = worker.claim(2, clock.now())
    store.ledger.expand(JOB, 2, people(range(3), body="words-2"), clock.now())
    store.ledger.drop_left_over(JOB, 2, clock.now())
    assert not store.figures.to_expand(WAVE, "sms-people", 2)
    worker.answer(rows_out, S.PLANNED, clock.now())
    assert store.figures.waiting(WAVE, "sms-people", 2) == (1, None), "they belong to nobody yet"
    assert store.figures.to_expand(WAVE, "sms-people", 2)
    assert store.ledger.expand(JOB, 2, people(range(3), body="words-2"), clock.now()) == 0
    assert store.figures.waiting(WAVE, "sms-people", 2) == (3, None)
    assert {find(store, i).body for i in range(3)} == {"words-2"}
    assert not store.figures.to_expand(WAVE, "sms-people", 2)
    assert_counted(store)


def test_operators_are_counted_as_they_come(store: Store, clock: MovingClock) -> None:
    store.ledger.expand_frames(JOB, 1, crowd(range(100), parts=2).iter_slices(30), clock.now())
    counts = {count.operator: (count.rows, count.parts) for count in store.figures.counts(WAVE)}
    assert counts == dict(zip(OPERATORS, [(34, 68), (33, 66), (33, 66)], strict=True))


# --- more people than one transaction takes


def test_a_frame_is_cut_into_transactions_in_the_order_of_the_ids() -> None:
    everybody = IN_WRITE + 200
    twice = pl.concat([crowd(range(everybody)), crowd(range(0, everybody, 7), body="words-2")])
    batches = list(Expansion(WAVE, "sms-people", 1, 1, datetime(2027, 9, 10, tzinfo=VIETNAM)).ready(twice))
    assert [batch.height for batch in batches] == [IN_WRITE, 200]
    whole = pl.concat(batches)
    assert whole["id"].is_sorted()
    assert whole["body"].unique().to_list() == ["words-1"], "of somebody who comes twice the first words count"
    assert set(whole["recipient"]) == {phone(i) for i in range(everybody)}
    assert whole.head(50)["id"].to_list() == row_ids(WAVE, "sms-people", whole.head(50)["recipient"])
