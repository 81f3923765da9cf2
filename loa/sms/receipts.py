"""Receipts and status answers: the one way that news of a message comes back, whatever the gateway."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from loa.channel import Desk
from loa.model.errors import GatewayError
from loa.model.ledger import Change, Receipt, Row
from loa.model.settings import LaneSettings
from loa.model.states import RowState
from loa.sms import gateways
from loa.sms.gateways.base import Gateway, Line, Outcome, Verdict


def connect(lane: LaneSettings, desk: Desk) -> Gateway:
    """The gateway of a lane, its pushed receipts going into the ledger before they are acknowledged."""

    async def sink(receipts: Sequence[Receipt]) -> None:
        desk.store.ledger.receive(receipts, desk.clock.now())

    folder = desk.workspace.var / "gateways" / lane.gateway
    return gateways.connect(Line(lane, desk.environ, desk.clock, folder, sink))


async def collect(desk: Desk) -> int:
    """Polls every lane that can be polled, to the end. Returns how many rows moved.

    How far a lane was read moves in the transaction that stores what was read: nothing is skipped, and what is read
    twice changes nothing. A lane that is down does not keep the others waiting; its error is raised at the end.
    """
    moved = 0
    failed: list[GatewayError] = []
    for lane in desk.workspace.settings.sms.lanes:
        gateway = connect(lane, desk)
        try:
            if gateway.limits.polls_receipts:
                moved += await _collect_lane(lane, gateway, desk)
        except GatewayError as error:
            failed.append(error)
        finally:
            await gateway.close()
    if failed:
        raise failed[0]
    return moved


async def _collect_lane(lane: LaneSettings, gateway: Gateway, desk: Desk) -> int:
    name = f"receipts/{lane.name}"
    moved = 0
    cursor = desk.store.ledger.cursor(name)
    while True:
        receipts, following = await gateway.poll(cursor)
        if following == cursor:
            return moved
        moved += desk.store.ledger.receive(receipts, desk.clock.now(), (name, following))
        cursor = following


async def settle(desk: Desk, wave: str = "", deliverable: str = "") -> int:
    """Asks each gateway that can be asked about its rows in doubt. Returns how many were settled.

    What a dead process left in `sending` is in doubt too. What the gateway does not know either stays in doubt, for an
    officer; so does, for now, what it says it never had while that may still be on its way.
    """
    _find_doubt(desk)
    settled = 0
    failed: list[GatewayError] = []
    for lane in desk.workspace.settings.sms.lanes:
        doubtful = desk.store.figures.in_doubt(wave, deliverable, lane.name)
        gateway = connect(lane, desk)
        try:
            if doubtful and gateway.limits.asks_status:
                answers = await gateway.status([row.id for row in doubtful])
                settled += _apply(doubtful, answers, timedelta(seconds=gateway.limits.status_after), desk)
        except GatewayError as error:
            failed.append(error)
        finally:
            await gateway.close()
    if failed:
        raise failed[0]
    return settled


def _find_doubt(desk: Desk) -> None:
    """Puts in doubt what dead processes left in `sending`, also on lanes that `loa.toml` no longer has."""
    for lane in desk.store.figures.lanes_at_work():
        with desk.store.lanes.held(lane, desk.clock.now()) as lease:
            if lease is not None:  # a lane that is at work looks after its own
                desk.store.ledger.doubt(lease, desk.clock.now())


def _apply(doubtful: Sequence[Row], answers: Sequence[Outcome], after: timedelta, desk: Desk) -> int:
    now = desk.clock.now()
    since = {row.id: row.updated_at for row in doubtful}
    changes = [
        change
        for answer in answers
        if answer.reference in since
        and not (answer.verdict is Verdict.LATER and now - since[answer.reference] < after)
        and (change := _settled(answer, now)) is not None
    ]
    return desk.store.ledger.settle(changes, now)


def _settled(answer: Outcome, now: datetime) -> Change | None:
    if answer.verdict is Verdict.ACCEPTED:
        return Change(answer.reference, RowState.ACCEPTED, "status-call", answer.gateway_id, raw=answer.raw)
    if answer.verdict is Verdict.REFUSED:
        return Change(answer.reference, RowState.REFUSED, answer.reason, answer.gateway_id, raw=answer.raw)
    if answer.verdict is Verdict.LATER:  # the gateway never had it: it may go out after all
        return Change(answer.reference, RowState.PLANNED, "never-arrived", retry_at=now, raw=answer.raw)
    return None
