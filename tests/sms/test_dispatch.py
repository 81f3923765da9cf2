"""What an answer means for a row, and how fast rows go."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from loa.model.clock import VIETNAM
from loa.model.ledger import Row
from loa.model.states import RowState
from loa.sms.bucket import Bucket
from loa.sms.dispatch import change
from loa.sms.gateways.base import Outcome, Verdict

NOW = datetime(2027, 9, 10, 9, 0, tzinfo=VIETNAM)


def row(attempts: int = 1) -> Row:
    phone, operator = "+84912000110", "vinaphone"
    return Row(
        "r", "w", "d", phone, operator, "", "vi", "b", 1, RowState.SENDING, "", attempts, "l", 1, "", None, NOW
    )  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        (Verdict.ACCEPTED, RowState.ACCEPTED),
        (Verdict.REFUSED, RowState.REFUSED),
        (Verdict.LATER, RowState.PLANNED),
        (Verdict.THROTTLED, RowState.PLANNED),
        (Verdict.UNKNOWN, RowState.UNKNOWN),
    ],
)
def test_each_verdict_has_its_state(verdict: Verdict, state: RowState) -> None:
    assert change(row(), Outcome("r", verdict), NOW, max_attempts=5).state is state


def test_attempts_run_out_on_temporary_errors() -> None:
    last = change(row(attempts=5), Outcome("r", Verdict.LATER), NOW, max_attempts=5)
    assert (last.state, last.reason) == (RowState.REFUSED, "attempts-used")


def test_throttling_never_uses_attempts_up() -> None:
    again = change(row(attempts=5), Outcome("r", Verdict.THROTTLED), NOW, max_attempts=5)
    assert (again.state, again.spends_attempt) == (RowState.PLANNED, False)


def test_a_time_that_the_gateway_names_is_kept() -> None:
    later = change(row(), Outcome("r", Verdict.THROTTLED, retry_after=7), NOW, max_attempts=5)
    assert later.retry_at == NOW + timedelta(seconds=7)


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_the_rate_is_in_parts_and_is_kept() -> None:
    async def run() -> tuple[int, float]:
        time = Time()
        bucket = Bucket(100, time.monotonic, time.sleep)
        sent = 0
        while sent < 6000:
            await bucket.wait()
            parts = 3 * min(3, bucket.batch(window=50))  # three parts a message
            bucket.pay(parts)
            sent += parts
        return sent, time.now

    sent, seconds = asyncio.run(run())
    assert sent / seconds == pytest.approx(100, rel=0.01)


def test_time_that_passed_unused_is_not_saved_up() -> None:
    async def run() -> float:
        time = Time()
        bucket = Bucket(100, time.monotonic, time.sleep)
        time.now = 1000.0
        bucket.pay(100)
        await bucket.wait()
        return time.now

    assert asyncio.run(run()) == pytest.approx(1001.0)


@pytest.mark.parametrize(("rate", "window", "batch"), [(400, 100, 40), (400, 20, 20), (1, 100, 1)])
def test_a_batch_is_a_tenth_of_a_second_within_the_window(rate: float, window: int, batch: int) -> None:
    assert Bucket(rate).batch(window) == batch
