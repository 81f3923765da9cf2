"""A lane's books: what comes up together is written together, and nothing that was answered is lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from loa.model.clock import FixedClock
from loa.model.errors import StoreError
from loa.model.ledger import Answered, Change, Lease
from loa.model.states import RowState
from loa.sms.books import AGAIN, Books

NOW = datetime(2027, 9, 10, 1, 0, tzinfo=UTC)
LEASE = Lease("thu", "somebody", 1, NOW)


class Recorder:
    """A ledger that keeps what it is given, a transaction at a time, after so many failures."""

    def __init__(self, failures: int = 0, poison: str = "") -> None:
        self.failures = failures
        self.poison = poison
        self.transactions: list[list[str]] = []

    def write_down(self, lease: Lease, answered: Sequence[Answered], now: datetime) -> int:
        names = [change.row for one in answered for change in one.changes]
        if self.failures > 0 or self.poison in names:
            self.failures -= 1
            raise StoreError("database-failed", {"problem": "busy"})
        self.transactions.append(names)
        return len(names)


def books(ledger: Recorder, slept: list[float] | None = None) -> Books:
    waits = [] if slept is None else slept
    return Books(ledger, LEASE, FixedClock(NOW), waits.append)


def of(*names: str) -> Answered:
    return Answered([Change(name, RowState.ACCEPTED) for name in names])


def test_what_comes_up_together_is_one_transaction() -> None:
    ledger = Recorder()

    async def run() -> str:
        kept = books(ledger)

        def take(answered: Sequence[Answered]) -> str:
            kept.write_now(answered)
            return "rows"

        _, _, taken = await asyncio.gather(kept.write(of("a")), kept.write(of("b", "c")), kept.take(take))
        return taken

    assert asyncio.run(run()) == "rows"
    assert ledger.transactions == [["a", "b", "c"]]


def test_rows_are_taken_no_earlier_than_what_was_answered_before_is_written() -> None:
    ledger, seen = Recorder(failures=1), []

    async def run() -> None:
        kept = books(ledger)

        def take(answered: Sequence[Answered]) -> None:
            kept.write_now(answered)
            seen.append([*ledger.transactions])

        async def later() -> None:
            await asyncio.sleep(0)
            with pytest.raises(StoreError):  # the ledger is busy: who takes rows hears of it, and asks again
                await kept.take(take)
            await kept.take(take)

        await asyncio.gather(kept.write(of("a")), later())

    asyncio.run(run())
    assert seen == [[["a"]]]


def test_answers_are_written_again_and_again_while_the_database_is_busy() -> None:
    ledger, slept = Recorder(failures=3), []

    async def run() -> None:
        await books(ledger, slept).write(of("a"))

    asyncio.run(run())
    assert ledger.transactions == [["a"]]
    assert slept == list(AGAIN[:3]), "one try with all of them, then alone"


def test_what_cannot_be_written_keeps_no_other_from_being_written() -> None:
    ledger = Recorder(poison="b")

    async def run() -> list[BaseException | None]:
        kept = books(ledger)
        return await asyncio.gather(*(kept.write(of(name)) for name in "abc"), return_exceptions=True)

    first, second, third = asyncio.run(run())
    assert (first, third) == (None, None)
    assert isinstance(second, StoreError)
    assert ledger.transactions == [["a"], ["c"]]


def test_a_mistake_of_ours_reaches_everybody_who_waits() -> None:
    class Broken(Recorder):
        def write_down(self, lease: Lease, answered: Sequence[Answered], now: datetime) -> int:
            raise ZeroDivisionError

    async def run() -> list[object]:
        kept = books(Broken())
        tasks = (kept.write(of("a")), kept.write(of("b")), kept.take(kept.write_now))
        return await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)

    assert [type(one) for one in asyncio.run(run())] == [ZeroDivisionError] * 3


def test_who_no_longer_waits_keeps_nobody_else_waiting() -> None:
    ledger = Recorder()

    async def run() -> None:
        kept = books(ledger)
        gone = asyncio.create_task(kept.write(of("a")))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.wait_for(kept.write(of("b")), 5)

    asyncio.run(run())
    assert ["a", "b"] in ledger.transactions, "it was answered all the same"


def test_nothing_is_taken_after_answers_that_could_not_be_written() -> None:
    ledger = Recorder(failures=len(AGAIN) + 1)
    taken: list[str] = []
    failing = threading.Event()

    async def run() -> list[object]:
        kept = Books(ledger, LEASE, FixedClock(NOW), lambda _: failing.set())
        lost = asyncio.create_task(kept.write(of("a")))
        await asyncio.sleep(0)

        def take(answered: Sequence[Answered]) -> None:
            taken.append("rows")

        async def later() -> None:
            await asyncio.to_thread(failing.wait, 5)
            await kept.take(take)

        found = await asyncio.gather(lost, later(), return_exceptions=True)
        again = await asyncio.gather(kept.take(take), kept.write(of("b")), return_exceptions=True)
        return [*found, *again]

    lost, waiting, again, written = asyncio.run(run())
    assert [type(one) for one in (lost, waiting, again)] == [StoreError] * 3, (
        "those rows may be out: no more until then"
    )
    assert (taken, written) == ([], None)
    assert ledger.transactions == [["b"]], "what is answered later is still written"


def test_a_wish_that_nobody_waits_for_takes_nothing() -> None:
    taken: list[str] = []

    async def run() -> None:
        kept = books(Recorder())
        gone = asyncio.create_task(kept.take(lambda _: taken.append("rows")))
        await asyncio.sleep(0)
        gone.cancel()
        await kept.write(of("a"))

    asyncio.run(run())
    assert taken == []
