"""How fast rows go: never above the rate in any second, and hardly below it."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loa.sms.bucket import Bucket


class Time:
    """A clock that only sleeping moves; whoever sleeps is woken late, as on a busy machine."""

    def __init__(self, lateness: float = 0.0, seed: int = 1) -> None:
        self.now = 0.0
        self._lateness = lateness
        self._random = random.Random(seed)  # noqa: S311 - not for secrets

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds + self._random.uniform(0, self._lateness)


def sent(rate: float, sizes: list[int], time: Time, *, full: bool = False) -> list[tuple[float, int]]:
    """(moment, parts) of everything that a bucket lets through."""

    async def run() -> list[tuple[float, int]]:
        bucket = Bucket(rate, time.monotonic, time.sleep, full=full)
        left = []
        for parts in sizes:
            await bucket.room_for(parts)
            bucket.pay(parts)
            left.append((time.now, parts))
        return left

    return asyncio.run(run())


def busiest(left: list[tuple[float, int]], seconds: float = 1.0) -> int:
    """The most parts in any window of so many seconds."""
    most = held = start = 0
    for moment, parts in left:
        held += parts
        while left[start][0] <= moment - seconds:
            held -= left[start][1]
            start += 1
        most = max(most, held)
    return most


@given(
    rate=st.integers(1, 2_000),
    sizes=st.lists(st.integers(1, 30), min_size=20, max_size=300),
    lateness=st.sampled_from([0.0, 0.0005, 0.02, 0.3]),
    seed=st.integers(0, 9),
)
def test_no_second_ever_has_more_than_the_rate(rate: int, sizes: list[int], lateness: float, seed: int) -> None:
    left = sent(rate, [min(size, rate) for size in sizes], Time(lateness, seed))
    assert busiest(left) <= rate


@pytest.mark.parametrize("lateness", [0.0, 0.001, 0.01])
@pytest.mark.parametrize(("rate", "size"), [(100, 10), (100, 3), (400, 40), (33, 1)])
def test_the_rate_is_nearly_used_up_however_late_one_is_woken(rate: int, size: int, lateness: float) -> None:
    left = sent(rate, [size] * (rate * 60 // size), Time(lateness))
    assert sum(parts for _, parts in left) / left[-1][0] == pytest.approx(rate, rel=0.04)
    # a second's parts do not come in one burst
    assert busiest(left, 0.1) <= 0.3 * rate + size


def test_a_message_of_more_parts_than_a_second_allows_counts_for_as_many_seconds() -> None:
    left = sent(2, [6, 6, 6, 6], Time())
    assert [round(moment) for moment, _ in left] == [0, 3, 6, 9]


def test_less_than_one_a_second() -> None:
    assert [round(moment) for moment, _ in sent(0.25, [1, 1, 1], Time())] == [0, 4, 8]


def test_time_that_passed_unused_is_not_saved_up() -> None:
    async def run() -> list[float]:
        time = Time()
        bucket = Bucket(100, time.monotonic, time.sleep)
        time.now = 1000.0
        moments = []
        for _ in range(3):
            await bucket.room_for(100)
            bucket.pay(100)
            moments.append(time.now)
        return moments

    assert asyncio.run(run()) == pytest.approx([1000.0, 1001.0, 1002.0], abs=0.02)


def test_whoever_takes_a_lane_over_waits_for_what_may_just_have_left() -> None:
    assert sent(100, [10], Time(), full=True)[0][0] >= 1.0


def test_whoever_needs_a_moment_before_may_come_that_much_earlier() -> None:
    time = Time()
    bucket = Bucket(10, time.monotonic, time.sleep)

    async def run() -> list[float]:
        waited = []
        for early in (0.05, 0.0):
            bucket.pay(1)
            begun = time.monotonic()
            await bucket.room_for(1, early)
            waited.append(time.monotonic() - begun)
        return waited

    sooner, later = asyncio.run(run())
    assert sooner == pytest.approx(0.095 - 0.05, abs=0.002)
    assert later > 0.095


@pytest.mark.parametrize(("rate", "window", "batch"), [(400, 300, 40), (400, 30, 10), (1, 100, 1), (5000, 900, 300)])
def test_a_batch_is_a_tenth_of_a_second_and_a_third_of_a_window_at_most(rate: float, window: int, batch: int) -> None:
    assert Bucket(rate).batch(window) == batch
