"""A wave's messages on their way: which lane does what, turn by turn, and what to wait for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from loa.channel import Delivery, Desk
from loa.model.errors import Unsupported
from loa.model.ledger import Outage, Pause, Progress
from loa.model.states import RowState
from loa.sms.lane import HeldLane
from loa.sms.route import UNKNOWN, Work, assign, lane_for
from loa.sms.turn import Sending

BUSY = 1.0  # seconds until a lane that somebody else holds is asked for again
SHORT = 0.2  # seconds between two looks at rows that wait for their time
IDLE, LONGEST_IDLE = 0.5, 15.0  # seconds after a turn that did nothing; twice as long each time


@asynccontextmanager
async def deliver(sending: Sending, desk: Desk) -> AsyncIterator[Delivery]:
    """The lanes of `loa.toml` at work on one deliverable; all are given back at the end of the block."""
    made = SmsDelivery(sending, desk)
    try:
        yield made
    finally:
        await made.close()


class SmsDelivery:
    """Implements `loa.channel.Delivery`."""

    def __init__(self, sending: Sending, desk: Desk) -> None:
        self._sending = sending
        self._desk = desk
        self._settings = desk.workspace.settings.sms.lanes
        self._lanes = {lane.name: HeldLane(lane, desk) for lane in self._settings}
        self._moved = desk.store.figures.moved(sending.key.wave, sending.key.deliverable)
        self._idle = self._idle_until = 0.0

    def pause(self) -> Pause:
        """Until a row is due on a lane that works and can be had, and a while longer after a turn that found nothing:
        what is due may be due for a lane that cannot have it now."""
        now, key = self._desk.clock.now(), self._sending.key
        due = self._desk.store.figures.due(key.wave, key.deliverable, self._sending.bundle, now)
        if due is not None and due > now:
            return Pause(max(SHORT, (due - now).total_seconds()))
        outages = self._desk.store.lanes.outages(now)
        idle = self._idle_until - time.monotonic()
        if idle > 0:
            return Pause(idle, tuple(outages.values()))
        work = self._work(outages)
        if any(self._lanes[name].available() for name in work):
            return Pause()
        return Pause(BUSY) if work else self._repair(outages)

    async def turn(self, limit: int) -> Progress:
        """Sends up to `limit` messages through each lane, all lanes side by side: a slow one keeps no other waiting."""
        work = self._work(self._desk.store.lanes.outages(self._desk.clock.now()))
        turns = (self._lanes[name].turn(self._sending, mine, limit) for name, mine in work.items())
        answers = await asyncio.gather(*turns, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):  # the others have done their part by now
                raise answer
        progress = [answer for answer in answers if isinstance(answer, Progress)]
        done = sum(item.done for item in progress)
        self._moved = self._moved or any(lane.moved for lane in self._lanes.values())
        self._idle = 0.0 if done else min(max(IDLE, 2 * self._idle), LONGEST_IDLE)
        self._idle_until = time.monotonic() + self._idle
        key = self._sending.key
        left, _ = self._desk.store.figures.waiting(key.wave, key.deliverable, self._sending.bundle)
        # a lane that is somebody else's is worth waiting for; any other hold is not
        held = next((item.held for item in progress if item.held not in {"", "lane-held"}), "")
        return Progress(done, left, held="" if done else held)

    async def rest(self) -> None:
        """Gives the lanes back: the next turn is a while away."""
        await self.close()

    async def close(self) -> None:
        results = await asyncio.gather(*(lane.close() for lane in self._lanes.values()), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):  # the others have been given back
                raise result

    def _work(self, outages: Mapping[str, Outage]) -> Mapping[str, Work]:
        return assign(self._settings, self._operators(), outages.keys(), moved=self._moved)

    def _operators(self) -> Sequence[str]:
        key = self._sending.key
        # rows that a dead process left in `sending` are put in doubt when their lane is taken
        moving = {RowState.PLANNED, RowState.SENDING}
        counts = self._desk.store.figures.counts(key.wave, key.deliverable)
        return sorted({count.operator for count in counts if count.state in moving})

    def _repair(self, outages: Mapping[str, Outage]) -> Pause:
        """Nothing can be sent before a lane is tried again; where there is none at all, nothing ever will."""
        now = self._desk.clock.now()
        if not outages:
            if UNKNOWN in self._operators():
                return Pause(BUSY)
            unserved = [name for name in self._operators() if lane_for(self._settings, name) is None]
            raise Unsupported("network-unserved-now", {"operators": ", ".join(unserved) or "-"})
        until = min(outage.until for outage in outages.values())
        return Pause(max(SHORT, (until - now).total_seconds()), tuple(outages.values()))
