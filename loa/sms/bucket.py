"""A token bucket in parts per second, exact because one worker holds the lane."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable


class Bucket:
    """Lets through `rate` parts a second: what is sent is paid for, and the next send waits until that is earned."""

    def __init__(
        self,
        rate: float,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._rate = rate
        self._monotonic = monotonic
        self._sleep = sleep
        self._free_at = monotonic()

    def batch(self, window: int) -> int:
        """How many messages to take at once: a tenth of a second's worth, for an even rate, within the window."""
        return max(1, min(window, int(self._rate / 10)))

    async def wait(self) -> None:
        """Waits until what was sent before has been earned."""
        ahead = self._free_at - self._monotonic()
        if ahead > 0:
            await self._sleep(ahead)

    def pay(self, parts: int) -> None:
        """Counts parts that are being sent now. Time that passed unused is not saved up."""
        self._free_at = max(self._free_at, self._monotonic()) + parts / self._rate
