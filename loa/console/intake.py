"""Stores what callbacks bring, together: many at once cost one transaction, and each is answered when it is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from loa.model.ledger import Inbound, Receipt
from loa.sms.gateways.base import News

MOST = 500  # callbacks in one transaction
FEW = 5  # failures in a row, one by one: it is not the callbacks, it is the store
Store = Callable[[Sequence[Receipt], Sequence[Inbound]], None]
_Waiting = tuple[News, "asyncio.Future[None]"]


class Intake:
    """One writer, in a thread of its own; what comes in while it writes goes with the next transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[_Waiting] = []
        self._work: asyncio.Task[None] | None = None

    async def take(self, news: News) -> None:
        """Returns when the news is stored. Raises what the store raises; then nothing of it may be acknowledged."""
        if not (news.receipts or news.inbound):
            return
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append((news, stored))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._drain())
        await stored

    async def _drain(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            problem = await self._try(batch)
            if problem is not None and len(batch) > 1:
                await self._one_by_one(batch)
            else:
                _tell(batch, problem)

    async def _one_by_one(self, batch: Sequence[_Waiting]) -> None:
        """One that the store cannot take must not keep the others from it; a store that takes none is not asked on."""
        failed = 0
        for index, one in enumerate(batch):
            problem = await self._try([one])
            failed = 0 if problem is None else failed + 1
            _tell(batch[index:] if failed == FEW else [one], problem)
            if failed == FEW:
                return

    async def _try(self, batch: Sequence[_Waiting]) -> Exception | None:
        """Stores all of it or nothing. Returns what was in the way."""
        receipts = [receipt for news, _ in batch for receipt in news.receipts]
        messages = [message for news, _ in batch for message in news.inbound]
        try:
            await asyncio.to_thread(self._store, receipts, messages)
        except Exception as error:  # noqa: BLE001 - told to everybody who waits for it
            return error
        return None


def _tell(batch: Sequence[_Waiting], problem: Exception | None) -> None:
    for _, stored in batch:
        if stored.done():  # whoever asked has stopped waiting
            continue
        if problem is None:
            stored.set_result(None)
        else:
            stored.set_exception(problem)
