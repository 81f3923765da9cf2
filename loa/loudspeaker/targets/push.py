"""Pushes one file to a target, and tries again for as long as that may help."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from loa.loudspeaker.targets.base import Receipt, Target, TargetLater

Sleep = Callable[[float], Awaitable[object]]
ATTEMPTS = 4
FIRST_WAIT, GROWS, LONGEST_WAIT = 2.0, 4.0, 120.0  # seconds, times, seconds: 2, 8, 32, ...


async def push(
    target: Target, name: str, data: bytes, *, sleep: Sleep = asyncio.sleep, attempts: int = ATTEMPTS
) -> Receipt:
    """Puts a file there, up to `attempts` times with growing waits in between, and gives its receipt.

    What needs a person (`TargetRefuses`) is raised at once; so is `TargetLater` when the attempts are used up, or when
    the other side asks for a longer wait than anybody would sit through: run it again later. Each attempt first asks
    whether the file is there, so one that arrived without an answer is not sent twice. May be cancelled at any moment:
    what is visible there stays whole.
    """
    if attempts < 1:
        raise ValueError(f"at least one attempt, not {attempts}")
    wait = FIRST_WAIT
    for left in reversed(range(attempts)):
        try:
            return await target.put(name, data)
        except TargetLater as error:
            asked = error.retry_after or 0.0
            if not left or asked > LONGEST_WAIT:
                raise
            await sleep(max(wait, asked))
            wait = min(wait * GROWS, LONGEST_WAIT)
    raise AssertionError("the last attempt returns or raises")
