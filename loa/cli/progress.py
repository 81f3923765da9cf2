"""What a person sees while a wave is made or sent."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from loa.channel import Desk
    from loa.cli.session import Session
    from loa.gate import Occasion

Result = TypeVar("Result")
LOOK = 1.0  # seconds between two looks at who holds the lanes


class Steps:
    """A `loa.delivering.Step` that names the deliverable and says how many of it went out so far."""

    def __init__(self, session: Session, found: Occasion) -> None:
        from loa.handover import ByPackage
        from loa.registry import CHANNELS

        self._session = session
        self._titles = {job.deliverable.id: job.deliverable.title.vi for job in found.jobs}
        self._packages = {
            job.deliverable.id for job in found.jobs if isinstance(CHANNELS[job.deliverable.channel], ByPackage)
        }
        self._done: Counter[str] = Counter()

    async def __call__(self, name: str, work: Callable[[], Awaitable[Result]]) -> Result:
        from loa.model.ledger import Progress

        deliverable, _, turn = name.partition(" ")
        named = f"{deliverable} ({self._titles[deliverable]})" if deliverable in self._titles else name
        if turn in {"", "1"}:
            self._session.tell(f"  … {named}")
        result = await work()
        if isinstance(result, Progress):
            self._done[deliverable] += result.done
            word = "đã bàn giao" if deliverable in self._packages else "đã gửi"
            so_far, left = self._done[deliverable], result.left
            self._session.tell(f"  … {named}: {word} {_dots(so_far)}, còn {_dots(left)} / {so_far} out, {left} left")
        return result


async def beside_others(session: Session, desk: Desk, work: Coroutine[Any, Any, Result]) -> Result:
    """The work; says once when another process holds a lane, since ours then waits for its turn."""
    watch = asyncio.create_task(_tell_of_others(session, desk))
    try:
        return await work
    finally:
        watch.cancel()


async def _tell_of_others(session: Session, desk: Desk) -> None:
    from loa.model.sentences import words
    from loa.standing import senders

    before: dict[str, str] = {}
    while True:
        now = senders(desk)
        # fetching receipts takes a lane for a moment too: whoever sends still has it at the next look
        if held := {lane: process for lane, process in now.items() if before.get(lane) == process}:
            fields = {"lanes": ", ".join(held), "process": ", ".join(sorted(set(held.values())))}
            session.tell(str(words("lanes-in-use", fields)))
            return
        before = now
        await asyncio.sleep(LOOK)


def _dots(number: int) -> str:
    return f"{number:,}".replace(",", ".")
