"""Against the 27 SMSCs of Jasmin's own tests, most of which misbehave, each in its own way."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from loa.model.clock import Clock
from loa.model.errors import GatewayError
from loa.model.states import RowState
from loa.sms.gateways.base import Verdict
from loa.sms.smpp import statuses
from tests.sms.smpp import peers
from tests.sms.smpp.kit import News, gateway, in_loop, line, messages, of

RUNNER = peers.HERE / "jasmin_smsc.py"
ACCEPTED, LATER, THROTTLED = Verdict.ACCEPTED, Verdict.LATER, Verdict.THROTTLED


@dataclass(frozen=True)
class Expected:
    """What becomes of two messages: verdicts (nothing is doubt), or the error that says that none has left."""

    verdicts: tuple[Verdict | None, ...] = ()
    error: str = ""
    receipts: int = 0
    inbound: int = 0


TAKEN = Expected((ACCEPTED, ACCEPTED))
DOUBT = Expected((None, None))
EXPECTED = {
    "BlackHoleSMSC": Expected(error="smpp-unreachable"),  # answers nothing, not even the bind
    "HappySMSC": TAKEN,
    "HappySMSCRecorder": TAKEN,
    "AlertNotificationSMSC": TAKEN,
    "EnquireLinkEchoSMSC": TAKEN,
    "UnbindNoResponseSMSC": TAKEN,
    "DeliverSmSMSC": TAKEN,
    "OutbindSMSC": TAKEN,
    "InvalidCommandIdSMSC": DOUBT,  # a command that nobody knows, and no answer to a submit
    "NonFatalParseErrorSMSC": DOUBT,  # a query_sm, which is not for us to answer, and no answer to a submit
    "DeliverSMBeforeBoundSMSC": Expected(error="smpp-unreachable"),  # and it answers no bind
    "NoResponseOnSubmitSMSC": DOUBT,
    "NoResponseOnSubmitSMSCRecorder": DOUBT,
    "GenericNackNoSeqNumOnSubmitSMSC": DOUBT,  # of which message, it does not say
    "UnbindOnSubmitSMSC": DOUBT,
    "GenericNackWithSeqNumOnSubmitSMSC": Expected((LATER, LATER)),
    "ErrorOnSubmitSMSC": Expected(error="gateway-settings"),  # esm_class, for every message
    "NoSubmitSmWhenReceiverIsBoundSMSC": Expected((THROTTLED, THROTTLED)),
    "BindErrorSMSC": Expected(error="smpp-bind-refused"),
    "BindErrorGenericNackSMSC": Expected(error="smpp-bind-refused"),
    "CommandLengthTooShortSMSC": Expected(error="smpp-lost"),  # 15 octets that are none, right after the bind
    "CommandLengthTooLongSMSC": DOUBT,  # it promises 65,535 octets, and all that it says later is swallowed
    "DeliverSMSMSC": Expected((ACCEPTED, ACCEPTED), inbound=1),
    "DeliverSMAndUnbindSMSC": Expected(error="smpp-lost", inbound=1),
    "DeliveryReceiptSMSC": Expected((ACCEPTED, ACCEPTED), receipts=1),
    "ManualDeliveryReceiptHappySMSC": Expected((ACCEPTED, ACCEPTED), receipts=2),
    "QoSSMSC_2MPS": Expected((ACCEPTED, THROTTLED)),
}


@pytest.fixture(scope="module")
def smscs() -> Iterator[dict[str, Any]]:
    packages, simulator = peers.jasmin()
    environ = {**os.environ, "PYTHONPATH": str(packages)}
    with peers.running(sys.executable, RUNNER, simulator, environ=environ) as peer:
        yield json.loads(peer.first)


def test_none_is_left_out(smscs: dict[str, Any]) -> None:
    assert set(smscs["ports"]) == set(EXPECTED)
    assert len(EXPECTED) == 27


@pytest.mark.parametrize("name", sorted(EXPECTED))
@in_loop
async def test_each_of_them_is_survived(clock: Clock, smscs: dict[str, Any], name: str) -> None:
    expected = EXPECTED[name]
    batch = messages(clock, 2)
    quick = {"connect_seconds": 0.3, "response_seconds": 0.3, "enquire_seconds": 5}
    made = line(clock, smscs["ports"][name], news := News(), **quick)
    async with gateway(made) as smpp:
        if expected.error:
            with pytest.raises(GatewayError) as caught:
                await smpp.submit(batch)
            assert caught.value.code == expected.error
        else:
            outcomes = await smpp.submit(batch)
            found = [of(outcomes, message) for message in batch]
            assert tuple(outcome and outcome.verdict for outcome in found) == expected.verdicts
            if expected.receipts:
                await smpp.listen(0.2)
    assert (len(news.receipts), len(news.inbound)) == (expected.receipts, expected.inbound)
    assert all(receipt.state is RowState.DELIVERED for receipt in news.receipts)


@in_loop
async def test_its_receipts_name_the_message_that_was_accepted(clock: Clock, smscs: dict[str, Any]) -> None:
    made = line(clock, smscs["ports"]["ManualDeliveryReceiptHappySMSC"], news := News())
    async with gateway(made) as smpp:
        (outcome,) = await smpp.submit(messages(clock, 1))
        await smpp.listen(0.2)
    assert [receipt.gateway_id for receipt in news.receipts] == [outcome.gateway_id]


def test_our_table_of_statuses_is_its_table(smscs: dict[str, Any]) -> None:
    theirs = {int(code): name for code, name in smscs["statuses"].items()}
    ours = {code: status.name for code, status in statuses.standard().items()}
    assert ours == {code: name for code, name in theirs.items() if code <= 0x106}
