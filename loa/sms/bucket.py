"""A lane's rate in parts per second, exact because one worker holds the lane."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

# What leaves within a second by our clock may reach the provider in a little less: a window is a little longer.
GUARD = 0.002  # seconds
EVENLY = 0.95  # of the time that parts are worth is waited at least, so that a second's parts do not come in one burst


class Bucket:
    """Lets through at most `rate` parts in any second, and nearly that many in every one.

    It remembers what left in the last second and waits until the next parts fit; being woken late is made up for within
    the second, never beyond it. A bucket that is told so starts full: another worker may have sent just now.
    """

    def __init__(
        self,
        rate: float,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        *,
        full: bool = False,
    ) -> None:
        self._most = max(1, int(rate))  # parts in a window
        self.unit = max(1, self._most // 100)  # parts that leave together at the most, so that the rate is used up
        self._window = max(1.0, self._most / rate) + GUARD
        self._monotonic = monotonic
        self._sleep = sleep
        self._left: deque[tuple[float, int]] = deque()  # (when it stops counting, parts)
        self._held = 0
        self._next = 0.0
        if full:
            self.pay(self._most)

    def batch(self, window: int) -> int:
        """How many messages to take at once: a tenth of a second's worth, for an even rate, and a third of a window at
        most, so that others are on their way while these are written down and the next ones taken."""
        return max(1, min(window // 3, self._most // 10))

    async def room_for(self, parts: int, early: float = 0.0) -> None:
        """Waits until so many parts may leave, or until so many seconds before that. Where they are more than a
        second's worth they leave together."""
        while (ahead := self._ahead(parts) - early) > 0:
            await self._sleep(ahead)

    def pay(self, parts: int) -> None:
        """Counts parts, at the very moment that they leave."""
        now = self._monotonic()
        # more than a second's worth counts for as many seconds
        self._left.append((now + self._window * max(1.0, parts / self._most), parts))
        self._held += parts
        # late by less than a tenth of a second is made up for
        self._next = max(self._next, now - 0.1) + EVENLY * (self._window - GUARD) * parts / self._most

    def _ahead(self, parts: int) -> float:
        now = self._monotonic()
        while self._left and self._left[0][0] <= now:
            self._held -= self._left.popleft()[1]
        wait = self._next - now
        held = self._held
        for until, number in self._left:
            if held == 0 or held + parts <= self._most:
                break
            wait, held = max(wait, until - now), held - number
        return wait
