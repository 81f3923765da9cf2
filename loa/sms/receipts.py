"""Receipts and status answers: the one way that news of a message comes back, whatever the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from loa.channel import Desk
from loa.model.errors import LoaError
from loa.model.ledger import Change, Inbound, Receipt, Row
from loa.model.settings import LaneSettings
from loa.model.states import RowState
from loa.sms import gateways, inbound
from loa.sms.gateways.base import Gateway, Line, Outcome, Verdict

QUIET_SECONDS = 3.0  # a connection on which nothing came for so long has said all it had
LISTEN_SECONDS = 25.0

CALLBACKS = "/sms/"
"""Where callbacks come to, followed by the lane's name."""


def connect(lane: LaneSettings, desk: Desk) -> Gateway:
    """The gateway of a lane, what it pushes going into the store before it is acknowledged."""
    return gateways.connect(line_of(lane, desk))


def line_of(lane: LaneSettings, desk: Desk, moved: Callable[[int], object] = lambda _: None) -> Line:
    """What a lane's gateway is built from: news goes into the store, callbacks come to `callback_url`.

    `moved` is told how many rows each batch of receipts moved.
    """

    async def sink(receipts: Sequence[Receipt]) -> None:
        moved(await asyncio.to_thread(desk.store.ledger.receive, receipts, desk.clock.now()))

    async def ear(messages: Sequence[Inbound]) -> None:
        await asyncio.to_thread(inbound.hear, desk, messages)

    folder = desk.workspace.var / "gateways" / lane.gateway
    address = callback_url(lane, desk)
    if address and "callback_url" in gateways.limits_of(lane).options:
        lane = lane.model_copy(update={"options": {**lane.options, "callback_url": address}})
    return Line(lane, desk.environ, desk.clock, folder, sink, ear)


def callback_url(lane: LaneSettings, desk: Desk) -> str:
    """The public address that a lane's gateway calls back at; empty where it does not, or where there is none.

    The lane's own option `callback_url`, else the lane's name below `sms.callbacks.public_url`.
    """
    if not gateways.limits_of(lane).calls_back:
        return ""
    if own := lane.options.get("callback_url"):
        return str(own)
    public = desk.workspace.settings.sms.callbacks.public_url
    return f"{public.rstrip('/')}{CALLBACKS}{lane.name}" if public else ""


async def collect(desk: Desk) -> int:
    """Polls every lane that can be polled, to the end. Returns how many rows moved.

    How far a lane was read moves in the transaction that stores what was read: nothing is skipped, and what is read
    twice changes nothing. A lane that is down does not keep the others waiting; its error is raised at the end.
    """
    moved = 0
    failed: list[LoaError] = []
    for lane in desk.workspace.settings.sms.lanes:
        limits = gateways.limits_of(lane)
        try:
            if limits.polls_receipts:
                moved += await _poll(lane, desk)
            if limits.listens:
                moved += await _listen(lane, desk)
        except LoaError as error:
            failed.append(error)
    if failed:
        raise failed[0]
    return moved


async def _poll(lane: LaneSettings, desk: Desk) -> int:
    gateway = connect(lane, desk)
    try:
        return await _collect_lane(lane, gateway, desk)
    finally:
        await gateway.close()


async def _listen(lane: LaneSettings, desk: Desk) -> int:
    """Lets a gateway bring what came for a lane while nobody was connected. A lane that is at work hears its own."""
    now = desk.clock.now()
    with desk.store.lanes.held(lane.name, now) as lease:
        if lease is None:
            return 0
        desk.store.ledger.doubt(lease, now)
        counted: list[int] = []
        gateway = gateways.connect(line_of(lane, desk, counted.append))
        try:
            # no longer than the lease: whoever takes the lane after that connects with the same account
            await asyncio.wait_for(gateway.listen(QUIET_SECONDS), LISTEN_SECONDS)
        except TimeoutError:
            pass  # it still had something to say; the rest comes next time
        finally:
            await gateway.close()
    return sum(counted)


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
    failed: list[LoaError] = []
    for lane in desk.workspace.settings.sms.lanes:
        doubtful = desk.store.figures.in_doubt(wave, deliverable, lane.name)
        try:
            if doubtful and gateways.limits_of(lane).asks_status:
                settled += await _ask(lane, doubtful, desk)
        except LoaError as error:  # one lane that cannot be asked keeps no other from it
            failed.append(error)
    if failed:
        raise failed[0]
    return settled


async def _ask(lane: LaneSettings, doubtful: Sequence[Row], desk: Desk) -> int:
    gateway = connect(lane, desk)
    try:
        answers = await gateway.status([row.id for row in doubtful])
        return _apply(doubtful, answers, timedelta(seconds=gateway.limits.status_after), desk)
    finally:
        await gateway.close()


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
