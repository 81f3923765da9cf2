"""Many callbacks at once share transactions; each is told of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence, Set
from datetime import UTC, datetime

from loa.console.intake import FEW, MOST, Intake
from loa.model.errors import StoreError
from loa.model.ledger import Inbound, Receipt
from loa.model.states import RowState
from loa.sms.gateways.base import News

AT = datetime(2027, 9, 10, tzinfo=UTC)


def news(index: int) -> News:
    return News((Receipt("a", f"m{index}", RowState.DELIVERED, AT),), (Inbound("a", f"m{index}", "", "", AT),))


class Store:
    """Keeps what each transaction brought; the first waits until it may. Those in `fails` fail, and those with the news
    of an index in `never`."""

    def __init__(self, fails: Sequence[int] = (), never: Set[int] = frozenset()) -> None:
        self.written: list[int] = []
        self.may = threading.Event()
        self._fails = fails
        self._never = {f"m{index}" for index in never}

    def __call__(self, receipts: Sequence[Receipt], messages: Sequence[Inbound]) -> None:
        assert self.may.wait(20)
        self.written.append(len(receipts))
        assert len(receipts) == len(messages)
        if len(self.written) in self._fails or any(receipt.gateway_id in self._never for receipt in receipts):
            raise StoreError("database-failed", {"problem": "x"})


async def take(store: Store, count: int) -> list[BaseException | None]:
    """All at once; the store only begins when all have come."""
    intake = Intake(store)
    takers = [asyncio.create_task(intake.take(news(index))) for index in range(count)]
    await asyncio.sleep(0)
    store.may.set()
    return list(await asyncio.gather(*takers, return_exceptions=True))


def test_what_comes_together_is_written_together() -> None:
    store = Store()
    assert asyncio.run(take(store, 2 * MOST + 10)) == [None] * (2 * MOST + 10)
    assert store.written == [MOST, MOST, 10]


def test_one_that_cannot_be_stored_keeps_nobody_else_from_it() -> None:
    store = Store(never={7, 300})
    told = asyncio.run(take(store, MOST + 10))
    assert [index for index, one in enumerate(told) if one is not None] == [7, 300]
    assert all(isinstance(told[index], StoreError) for index in (7, 300))


def test_a_store_that_takes_nothing_is_not_asked_for_each_of_them() -> None:
    store = Store(never=set(range(MOST)))
    told = asyncio.run(take(store, MOST + 10))
    assert [isinstance(one, StoreError) for one in told] == [True] * MOST + [False] * 10
    assert store.written == [MOST, *[1] * FEW, 10]


def test_a_transaction_that_failed_once_refuses_nobody() -> None:
    assert asyncio.run(take(Store(fails=[1]), 20)) == [None] * 20


def test_one_who_stopped_waiting_keeps_nobody_else_from_being_told() -> None:
    async def run() -> list[BaseException | None]:
        store = Store()
        intake = Intake(store)
        first, second = (asyncio.create_task(intake.take(news(index))) for index in range(2))
        await asyncio.sleep(0)
        first.cancel()
        store.may.set()
        return list(await asyncio.gather(first, second, return_exceptions=True))

    gone, told = asyncio.run(run())
    assert isinstance(gone, asyncio.CancelledError)
    assert told is None


def test_nothing_costs_no_transaction() -> None:
    store = Store()
    asyncio.run(Intake(store).take(News()))
    assert store.written == []


def test_it_works_again_after_it_was_done() -> None:
    async def run() -> Store:
        store = Store()
        store.may.set()
        intake = Intake(store)
        for index in range(3):
            await intake.take(news(index))
        return store

    assert asyncio.run(run()).written == [1, 1, 1]
