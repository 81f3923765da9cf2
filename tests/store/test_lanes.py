"""Leases on lanes: one holder at a time, under a number that only grows."""

from __future__ import annotations

import os
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from loa.store import Store
from loa.store.lanes import LEASE, this_process

from .ledger_kit import LANE, MovingClock


def test_a_lane_has_one_holder_at_a_time(store: Store, clock: MovingClock) -> None:
    first = store.lanes.take(LANE, "first", clock.now())
    assert first is not None
    assert (first.fence, first.until) == (1, clock.now() + LEASE)
    assert store.lanes.take(LANE, "second", clock.now()) is None
    assert store.lanes.take(LANE, "first", clock.now()) is None, "not even the same one twice"
    assert store.lanes.holder(LANE) == "first"
    other = store.lanes.take("another-lane", "second", clock.now())
    assert other is not None
    assert other.fence == 1


def test_a_lane_that_is_given_back_is_free_at_once(store: Store, clock: MovingClock) -> None:
    first = store.lanes.take(LANE, "first", clock.now())
    assert first is not None
    store.lanes.give_back(first, clock.now())
    assert store.lanes.holder(LANE) == ""
    second = store.lanes.take(LANE, "second", clock.now())
    assert second is not None
    assert second.fence == 2


def test_a_lane_is_free_once_its_lease_has_ended(store: Store, clock: MovingClock) -> None:
    first = store.lanes.take(LANE, "first", clock.now())
    assert first is not None
    assert store.lanes.take(LANE, "second", first.until - timedelta(microseconds=1)) is None
    second = store.lanes.take(LANE, "second", first.until)
    assert second is not None
    assert second.fence == 2


def test_a_lease_is_renewed_under_its_number(store: Store, clock: MovingClock) -> None:
    lease = store.lanes.take(LANE, "first", clock.now())
    assert lease is not None
    renewed = store.lanes.renew(lease, clock.forward(seconds=20))
    assert renewed is not None
    assert (renewed.fence, renewed.holder, renewed.until) == (lease.fence, "first", clock.now() + LEASE)
    assert store.lanes.take(LANE, "second", lease.until) is None


def test_a_lease_that_ended_unnoticed_is_renewed_while_nobody_else_has_the_lane(
    store: Store, clock: MovingClock
) -> None:
    lease = store.lanes.take(LANE, "first", clock.now())
    assert lease is not None
    assert store.lanes.renew(lease, clock.forward(minutes=5)) is not None


def test_a_stale_holder_can_neither_renew_nor_give_back(store: Store, clock: MovingClock) -> None:
    stale = store.lanes.take(LANE, "first", clock.now())
    fresh = store.lanes.take(LANE, "second", clock.forward(minutes=1))
    assert stale is not None
    assert fresh is not None
    assert store.lanes.renew(stale, clock.now()) is None
    store.lanes.give_back(stale, clock.now())
    assert store.lanes.holder(LANE) == "second"
    assert store.lanes.take(LANE, "third", clock.now()) is None


def test_a_lane_that_was_given_back_is_not_renewed(store: Store, clock: MovingClock) -> None:
    lease = store.lanes.take(LANE, "first", clock.now())
    assert lease is not None
    store.lanes.give_back(lease, clock.now())
    assert store.lanes.renew(lease, clock.now()) is None


def test_the_number_only_grows(store: Store, clock: MovingClock) -> None:
    fences = []
    for turn in range(6):
        lease = store.lanes.take(LANE, f"holder-{turn}", clock.forward(minutes=1))
        assert lease is not None
        fences.append(lease.fence)
        store.lanes.renew(lease, clock.now())
        if turn % 2:
            store.lanes.give_back(lease, clock.now())
    assert fences == [1, 2, 3, 4, 5, 6]


def test_a_lane_is_held_for_the_length_of_a_block_also_when_it_breaks(store: Store, clock: MovingClock) -> None:
    with pytest.raises(RuntimeError), store.lanes.held(LANE, clock.now()) as lease:
        assert lease is not None
        assert store.lanes.holder(LANE) == this_process()
        with store.lanes.held(LANE, clock.now()) as second:
            assert second is None
        assert store.lanes.holder(LANE) == this_process(), "who did not get it cannot give it back"
        raise RuntimeError("the work broke")
    assert store.lanes.holder(LANE) == ""


# --- holders on this machine


def name_of(pid: int) -> str:
    """The holder's name that another process of this machine would give itself."""
    started = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return f"{this_process().rsplit('/', 2)[0]}/{pid}/{started}"


def test_a_holder_is_named_by_machine_number_and_start() -> None:
    assert this_process() == name_of(os.getpid())


def test_a_holder_that_died_on_this_machine_loses_its_lane_at_once(store: Store, clock: MovingClock) -> None:
    child = subprocess.Popen(["sleep", "60"])
    assert store.lanes.take(LANE, name_of(child.pid), clock.now()) is not None
    assert store.lanes.take(LANE, this_process(), clock.now()) is None, "it lives"
    child.kill()
    child.wait()
    lease = store.lanes.take(LANE, this_process(), clock.now())
    assert lease is not None
    assert lease.fence == 2


def test_a_dead_holder_counts_as_dead_before_its_parent_has_looked(store: Store, clock: MovingClock) -> None:
    child = subprocess.Popen(["sleep", "60"])
    assert store.lanes.take(LANE, name_of(child.pid), clock.now()) is not None
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it is gone, and its number is not yet free
    assert store.lanes.take(LANE, this_process(), clock.now()) is not None
    child.wait()


def somebody_elses_number() -> str:
    """This process's number, but of a process that started at another time: numbers come again."""
    return f"{this_process().rpartition('/')[0]}/1"


@pytest.mark.parametrize(
    ("holder", "free"),
    [
        (this_process(), False),
        (somebody_elses_number(), True),
        ("another-machine/pid:[1]/999999/1", False),
        ("a-name-without-a-number", False),
        ("", True),
    ],
    ids=["alive", "its number came again", "elsewhere", "unknown", "nobody"],
)
def test_only_a_holder_that_is_certainly_gone_loses_its_lane(
    store: Store, clock: MovingClock, holder: str, free: bool
) -> None:
    store.lanes.take(LANE, holder, clock.now())
    assert (store.lanes.take(LANE, "next", clock.now()) is not None) is free
