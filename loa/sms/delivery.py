"""A wave's messages on their way: which lane does what, turn by turn, and what to wait for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from loa.channel import Delivery, Desk
from loa.model.errors import Unsupported
from loa.model.ledger import Outage, Pause, Progress
from loa.model.states import RowState
from loa.sms.lane import HeldLane
from loa.sms.route import assign, lane_for
from loa.sms.turn import Sending

BUSY = 1.0  # seconds until a lane that somebody else holds is asked for again
SHORT = 0.2  # seconds between two looks at rows that wait for their time


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

    def pause(self) -> Pause:
        """Until a row is due on a lane that works and can be had."""
        now = self._desk.clock.now()
        key = self._sending.key
        due = self._desk.store.figures.due(key.wave, key.deliverable, self._sending.bundle, now)
        if due is not None and due > now:
            return Pause(max(SHORT, (due - now).total_seconds()))
        outages = self._desk.store.lanes.outages(now)
        work = self._work(outages)
        if any(self._lanes[name].available() for name in work):
            return Pause()
        if work:
            return Pause(BUSY)
        return self._repair(outages)

    async def turn(self, limit: int) -> Progress:
        """Sends up to `limit` messages through each lane, all lanes side by side: a slow one keeps no other waiting."""
        work = self._work(self._desk.store.lanes.outages(self._desk.clock.now()))
        turns = (self._lanes[name].turn(self._sending, operators, limit) for name, operators in work.items())
        answers = await asyncio.gather(*turns, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):  # the others have done their part by now
                raise answer
        progress = [answer for answer in answers if isinstance(answer, Progress)]
        done = sum(item.done for item in progress)
        key = self._sending.key
        left, _ = self._desk.store.figures.waiting(key.wave, key.deliverable, self._sending.bundle)
        # a lane that is somebody else's is worth waiting for; any other hold is not
        held = next((item.held for item in progress if item.held not in {"", "lane-held"}), "")
        return Progress(done, left, held="" if done else held)

    async def close(self) -> None:
        for lane in self._lanes.values():
            await lane.close()

    def _work(self, outages: Mapping[str, Outage]) -> Mapping[str, tuple[str, ...]]:
        return assign(self._settings, self._operators(), outages.keys())

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
            unserved = [name for name in self._operators() if lane_for(self._settings, name) is None]
            raise Unsupported("network-unserved-now", {"operators": ", ".join(unserved) or "-"})
        until = min(outage.until for outage in outages.values())
        return Pause(max(SHORT, (until - now).total_seconds()), tuple(outages.values()))
