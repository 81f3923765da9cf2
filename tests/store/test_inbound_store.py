"""Messages from people in the store, on each database: once each, with the opt-out or not at all, told once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from loa.model.errors import StoreError
from loa.store import Store
from loa.store.inbound import STOP, Heard
from loa.store.schema import inbound, opt_outs

from .ledger_kit import MovingClock, number

Open = Callable[[], Store]


def heard(index: int, clock: MovingClock, meaning: str = STOP, lane: str = "a", key: str = "") -> Heard:
    return Heard(lane, key or f"m{index}", number(index), meaning, clock.now())


def count(store: Store, table: sa.Table) -> int:
    with store.database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_a_stop_is_stored_and_on_the_opt_out_list(store: Store, clock: MovingClock) -> None:
    said = heard(1, clock)
    assert store.inbound.hear([said, heard(2, clock, "other")], clock.now()) == (said, heard(2, clock, "other"))
    with store.database.read() as connection:
        assert connection.execute(sa.select(opt_outs)).all() == [(number(1), clock.now(), "sms:a")]


def test_repeats_are_told_apart_by_lane_and_id(store: Store, clock: MovingClock) -> None:
    same = [heard(1, clock), heard(1, clock), heard(1, clock, lane="b"), heard(1, clock, key="m2")]
    assert len(store.inbound.hear(same, clock.now())) == 3
    assert store.inbound.hear(same, clock.forward(days=1)) == ()
    assert (count(store, inbound), count(store, opt_outs)) == (3, 1)


def test_an_earlier_opt_out_stays_as_it_was(store: Store, clock: MovingClock) -> None:
    store.audiences.opt_out([number(1)], "tệp 5656", clock.now())
    store.inbound.hear([heard(1, clock)], clock.forward(days=1))
    with store.database.read() as connection:
        assert connection.scalars(sa.select(opt_outs.c.source)).all() == ["tệp 5656"]
    assert store.inbound.to_confirm("a") == (number(1),), "it was this person who asked now"


def test_many_at_once(store: Store, clock: MovingClock) -> None:
    many = [heard(index, clock) for index in range(1200)]
    assert len(store.inbound.hear([*many, *many], clock.now())) == 1200
    assert count(store, opt_outs) == 1200


def test_nothing_is_nothing(store: Store, clock: MovingClock) -> None:
    assert store.inbound.hear([], clock.now()) == ()


def test_bytes_that_are_no_text_are_kept_as_far_as_they_go(store: Store, clock: MovingClock) -> None:
    odd = heard(1, clock, key="id\0with\ud800")
    assert len(store.inbound.hear([odd], clock.now())) == 1
    assert store.inbound.hear([odd], clock.now()) == ()


def test_a_moment_that_is_still_to_come_is_now(store: Store, clock: MovingClock) -> None:
    ahead = Heard("a", "m1", number(1), STOP, clock.now() + timedelta(days=300))
    store.inbound.hear([ahead], clock.now())
    with store.database.read() as connection:
        assert connection.scalars(sa.select(inbound.c.at)).all() == [clock.now()]


def test_both_or_neither(store: Store, clock: MovingClock) -> None:
    rename(store, "opt_outs", "away")
    with pytest.raises(StoreError) as caught:
        store.inbound.hear([heard(1, clock)], clock.now())
    rename(store, "away", "opt_outs")
    assert count(store, inbound) == 0
    assert number(1) not in str(caught.value)


def rename(store: Store, table: str, to: str) -> None:
    with store.database.write() as connection:
        connection.execute(sa.text(f"ALTER TABLE {table} RENAME TO {to}"))


# --- told once


def test_who_is_to_be_told_is_told_once_and_in_the_order_of_asking(store: Store, clock: MovingClock) -> None:
    store.inbound.hear(
        [heard(2, clock), heard(1, clock), heard(3, clock, "other"), heard(1, clock, key="x")], clock.now()
    )
    assert store.inbound.to_confirm("a") == (number(2), number(1))
    assert store.inbound.to_confirm("b") == ()
    store.inbound.confirmed([number(2)])
    assert store.inbound.to_confirm("a") == (number(1),)
    store.inbound.confirmed([number(1), number(2), "+84900000999"])
    assert store.inbound.to_confirm("a") == ()


def test_who_was_told_is_not_told_again_however_often_and_wherever_they_ask(store: Store, clock: MovingClock) -> None:
    store.inbound.hear([heard(1, clock)], clock.now())
    store.inbound.confirmed([number(1)])
    store.inbound.hear([heard(1, clock, key="again"), heard(1, clock, lane="b")], clock.forward(days=1))
    assert (store.inbound.to_confirm("a"), store.inbound.to_confirm("b")) == ((), ())


@pytest.mark.parametrize("phone", ["xxx", "+84 91x xxx x23", "", "+14155550123"])
def test_nobody_can_be_told_at_a_number_that_was_masked(store: Store, clock: MovingClock, phone: str) -> None:
    store.inbound.hear([Heard("a", "m1", phone, STOP, clock.now())], clock.now())
    assert store.inbound.to_confirm("a") == ()
    assert count(store, opt_outs) == 0


# --- at once


def test_the_same_messages_from_several_sides_are_stored_once(open_store: Open, clock: MovingClock) -> None:
    stores = [open_store() for _ in range(4)]
    new: list[int] = []
    failed: list[Exception] = []
    gate = threading.Barrier(len(stores))

    def run(store: Store, now: datetime) -> None:
        gate.wait()
        try:
            for start in range(0, 40, 10):
                new.append(len(store.inbound.hear([heard(index, clock) for index in range(start, start + 10)], now)))
                store.audiences.opt_out([number(index) for index in range(start, start + 20)], "tệp", now)
        except Exception as error:  # noqa: BLE001 - told by the test
            failed.append(error)

    threads = [threading.Thread(target=run, args=(store, clock.now())) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sum(new) == 40
    assert (count(stores[0], inbound), count(stores[0], opt_outs)) == (40, 50)


def test_a_message_shows_no_number(clock: MovingClock) -> None:
    assert repr([heard(1, clock)]) == "[Heard(a, stop)]"
