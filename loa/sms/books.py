"""The ledger's side of a turn: answers are written down and rows taken by one thread, together where they come up
together. A commit waits for the disk, and one commit may as well hold all there is to write.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

from loa.model.clock import Clock
from loa.model.errors import StoreError
from loa.model.ledger import Answered, Lease

AGAIN = (0.2, 0.5, 1.0, 2.0, 4.0)  # seconds between two tries to write answers down
SOON = 12  # rounds of the event loop: an answer makes room, and whoever waited for that asks for rows a little later
Taken = TypeVar("Taken")
Take = Callable[[Sequence[Answered]], Taken]
"""Takes rows, and writes these answers down in the same transaction; or raises, and has done neither."""


class Writing(Protocol):
    """The part of the ledger that is needed here."""

    def write_down(self, lease: Lease, answered: Sequence[Answered], now: datetime) -> int: ...


class _Entry(NamedTuple):
    answered: Answered
    written: asyncio.Future[None]


class _Wish(NamedTuple):
    take: Callable[[Sequence[Answered]], object]
    taken: asyncio.Future[object]


class Books:
    """Writes for one lane. What is asked for first is written first, or at the same time."""

    def __init__(
        self, ledger: Writing, lease: Lease, clock: Clock, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._ledger = ledger
        self._lease = lease  # renewed or lost, its number stays that of the rows
        self._clock = clock
        self._sleep = sleep
        self._entries: list[_Entry] = []
        self._wishes: list[_Wish] = []
        self._work: asyncio.Task[None] | None = None
        self._broken: BaseException | None = None  # what could not be written: nothing is taken after that

    async def write(self, answered: Answered) -> None:
        """Writes answers down; tried again where the database is busy or gone for a moment, since they come once.

        Whatever is taken after this has been called is taken no earlier than these are written; nothing is where they
        cannot be. Raises `StoreError`.
        """
        entry = _Entry(answered, asyncio.get_running_loop().create_future())
        self._entries.append(entry)
        self._begin()
        await entry.written

    async def take(self, take: Take[Taken]) -> Taken:
        """What `take` gives, called in the thread; raises what it raises."""
        wish = _Wish(take, asyncio.get_running_loop().create_future())
        self._wishes.append(wish)
        self._begin()
        return await wish.taken  # type: ignore[return-value] # what this very call gave

    def write_now(self, answered: Sequence[Answered]) -> None:
        """Writes answers down in the calling thread, for what takes nothing after all. Raises `StoreError`."""
        if answered:
            self._ledger.write_down(self._lease, answered, self._clock.now())

    def _begin(self) -> None:
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._all())

    async def _all(self) -> None:
        while self._entries or self._wishes:
            for _ in range(SOON):
                await asyncio.sleep(0)
            entries, self._entries = self._entries, []
            wish = self._next_wish()
            answered = [entry.answered for entry in entries]
            if wish is not None and await self._taken(wish, answered):
                _tell(entries)
            elif entries:
                await self._written(entries)

    def _next_wish(self) -> _Wish | None:
        """The next one that somebody waits for and that may be had."""
        while self._wishes:
            wish = self._wishes.pop(0)
            if wish.taken.done():  # nobody waits any more
                continue
            if self._broken is None:
                return wish
            wish.taken.set_exception(self._broken)
        return None

    async def _taken(self, wish: _Wish, answered: Sequence[Answered]) -> bool:
        """Whether what was answered is written by now."""
        try:
            found = await asyncio.to_thread(wish.take, answered)
        except BaseException as error:  # noqa: BLE001 - it is whoever waits that must hear of it
            if not wish.taken.done():
                wish.taken.set_exception(error)
            return False
        if not wish.taken.done():
            wish.taken.set_result(found)
        return True

    async def _written(self, entries: Sequence[_Entry]) -> None:
        """All together; where that fails, each by itself, so that one keeps no other from being written."""
        try:
            await asyncio.to_thread(self.write_now, [entry.answered for entry in entries])
        except StoreError:
            for entry in entries:
                try:
                    await asyncio.to_thread(self._insist, entry.answered)
                except BaseException as error:  # noqa: BLE001 - it is whoever waits that must hear of it
                    self._broken = error
                    _tell([entry], error)
        except BaseException as error:  # noqa: BLE001 - it is whoever waits that must hear of it
            self._broken = error
            _tell(entries, error)
        _tell(entries)

    def _insist(self, answered: Answered) -> None:
        for wait in AGAIN:
            self._sleep(wait)
            try:
                self.write_now([answered])
                return
            except StoreError:
                if wait == AGAIN[-1]:
                    raise


def _tell(entries: Sequence[_Entry], error: BaseException | None = None) -> None:
    for entry in entries:
        if entry.written.done():
            continue
        if error is None:
            entry.written.set_result(None)
        else:
            entry.written.set_exception(error)
