"""Tells people who wrote that they want nothing more that they were heard. Once, and through the ledger."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from loa.channel import Desk
from loa.model.ledger import PlannedRow, Terms
from loa.model.phone import Number, parse
from loa.model.settings import LaneSettings
from loa.sms.bodies import Body, body_of
from loa.sms.lane import HeldLane
from loa.sms.turn import Sending
from loa.store import JobKey

BUNDLE = 1  # no approval: its words are a setting, and it answers a person
AT_ONCE = 500
CAMPAIGN = "tu-choi"
WAVE = f"{CAMPAIGN}/0/tra-loi"
"""What these messages are filed under in the ledger, a deliverable for each lane: no year, since people are told once
for all."""
PATIENCE = 20  # seconds; whoever has the lane lets others have a turn


async def confirm(desk: Desk) -> int:
    """Sends what is to be confirmed on the lanes that people wrote to. Returns how many answers left.

    A number is noted as told when its row stands in the ledger: from there on the ledger keeps it from being lost or
    sent twice. Raises nothing for a lane that cannot send now: its rows are still there the next time.
    """
    body = body_of(desk.workspace.settings.sms.stop_words.reply, "accented", ("vi", ""), {})
    left = 0
    for lane in desk.workspace.settings.sms.lanes:
        key = JobKey(WAVE, lane.name, "sms")
        _plan(key, lane, body, desk)
        if desk.store.figures.waiting(key.wave, key.deliverable, BUNDLE)[0]:
            left += await _send(key, lane, body, desk)
    return left


def _plan(key: JobKey, lane: LaneSettings, body: Body, desk: Desk) -> None:
    numbers = [number for text in desk.store.inbound.to_confirm(lane.name) if isinstance(number := parse(text), Number)]
    if not numbers:
        return
    rows = (PlannedRow(number.e164, number.operator, "", "vi", body.key, body.parts) for number in numbers)
    desk.store.ledger.expand(key, BUNDLE, rows, desk.clock.now(), answers_people=True)
    desk.store.inbound.confirmed(number.e164 for number in numbers)


async def _send(key: JobKey, lane: LaneSettings, body: Body, desk: Desk) -> int:
    now = desk.clock.now()
    closes_at = now + timedelta(days=1)
    held = HeldLane(lane, desk)
    try:
        if lane.name in desk.store.lanes.outages(now):
            return 0
        for _ in range(PATIENCE):
            if held.available():
                break
            await asyncio.sleep(1)
        sending = Sending(key, BUNDLE, {body.key: body}, closes_at, Terms(closes_at=closes_at, answers_people=True))
        return (await held.turn(sending, None, AT_ONCE)).done
    finally:
        await held.close()
