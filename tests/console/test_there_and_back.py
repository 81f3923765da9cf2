"""From a claimed row through Twilio and back: what Twilio is told to call is what we believe."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

from loa.model.ledger import Change, Lease, PlannedRow, Row
from loa.model.states import RowState
from loa.sms import receipts
from loa.sms.gateways.base import Message, Outcome, Verdict
from loa.sms.parts import Alphabet
from tests.sms.gateways.test_twilio_callbacks import STATUS
from tests.sms.gateways.twilio_service import Answer, TwilioService, serving

from .kit import JOB, PUBLIC, Site


def message(row: Row, site: Site) -> Message:
    until = site.desk.clock.now() + timedelta(hours=2)
    return Message(row.id, row.recipient, "Xin chao", "DVC-MAU", 1, Alphabet.GSM7, until)


def claimed(site: Site, people: int) -> tuple[Lease, tuple[Row, ...]]:
    """Rows that are `sending`; the answers to them are still to come."""
    ledger, now = site.desk.store.ledger, site.desk.clock.now()
    numbers = [f"+84912000{index:03}" for index in range(people)]
    ledger.expand(JOB, 1, [PlannedRow(number, "VinaPhone", "05443", "vi", "words", 1) for number in numbers], now)
    lease = site.desk.store.lanes.take("tw", "somebody", now)
    assert lease is not None
    return lease, ledger.claim(JOB, 1, lease, 1000, now).rows


async def send(site: Site, rows: tuple[Row, ...]) -> tuple[TwilioService, list[Outcome]]:
    """Through the lane as it stands in loa.toml; to every second number the answer is lost on its way."""
    lane = next(lane for lane in site.desk.workspace.settings.sms.lanes if lane.name == "tw")
    async with serving() as service:
        service.answer = lambda form: Answer(cut=int(form["To"][-1]) % 2 == 1)
        there = lane.model_copy(update={"options": {"url": service.url}})
        gateway = receipts.connect(there, site.desk)
        outcomes = await gateway.submit([message(row, site) for row in rows])
        await gateway.close()
        return service, list(outcomes)


def call_back(site: Site, form: Mapping[str, str], number: int, status: str) -> int:
    """What Twilio does: the address as it was given, but for the fragment."""
    address = form["StatusCallback"].partition("#")[0]
    assert address.startswith(f"{PUBLIC}/sms/tw?")
    told = {**STATUS, "To": form["To"], "MessageSid": f"SM{number:032x}", "MessageStatus": status}
    return site.tell(told, address.removeprefix(f"{PUBLIC}/sms/tw"))[0]


def test_also_what_was_never_answered_is_settled_by_its_callbacks(site: Site) -> None:
    lease, rows = claimed(site, 10)
    service, outcomes = asyncio.run(send(site, rows))
    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED] * 5
    ids = {outcome.reference: outcome.gateway_id for outcome in outcomes}
    answered = [Change(row.id, RowState.ACCEPTED, gateway_id=ids[row.id]) for row in rows if row.id in ids]
    in_doubt = [Change(row.id, RowState.UNKNOWN, "no-answer") for row in rows if row.id not in ids]
    site.desk.store.ledger.record(lease, [*answered, *in_doubt], site.desk.clock.now())
    assert len(site.desk.store.figures.in_doubt()) == 5

    for number, form in enumerate(service.asked, 1):
        assert call_back(site, form, number, "sent") == 200
    for number, form in enumerate(service.asked, 1):
        assert call_back(site, form, number, "delivered") == 200
    assert Counter(row.state for row in site.desk.store.figures.rows(JOB.wave)) == {RowState.DELIVERED: 10}
    assert site.desk.store.figures.in_doubt() == ()
