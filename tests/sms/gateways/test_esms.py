"""eSMS: its receipts come as GET requests, up to five times, and are believed only with our own word in them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from aiohttp import web

from loa.model.errors import ContentError, GatewayError, Refused
from loa.model.ledger import Receipt
from loa.model.states import RowState
from loa.sms.gateways import read_callback
from loa.sms.gateways._fakes import HOST, FakeEsms, say
from loa.sms.gateways.base import DUPLICATE, Call, Line, Verdict
from loa.sms.gateways.esms import KEY, Esms
from tests.conftest import MovingClock

from .operators import SECRETS, line, message

SECRET = SECRETS["esms"]["LOA_OP_CALLBACK_SECRET"]
SMSID = "dc712784-9c5f-4c69-b9a8-ea69d56adc9a87"
REFERENCE = "194d91ed4fc8989e9fdd861b4a53db06"
# the sample of eSMS's own documentation, with our fields filled in
DONE = {
    "SMSID": SMSID, "SendFailed": "0", "SendStatus": "5", "SendSuccess": "1", "TotalPrice": "0.0000",
    "TotalReceiver": "1", "TotalSent": "1", "RequestId": REFERENCE, "TypeId": "2", "telcoid": "1",
    "phonenumber": "0912000123", "switchsmsid": "", KEY: SECRET,
}  # fmt: skip


@asynccontextmanager
async def esms(clock: MovingClock, **options: Any) -> AsyncIterator[tuple[Esms, FakeEsms]]:
    async with FakeEsms() as operator:
        gateway = Esms(line("esms", operator.url, clock, **options))
        try:
            yield gateway, operator
        finally:
            await gateway.close()


@pytest.fixture
def esms_line(clock: MovingClock) -> Line:
    return line("esms", "https://esms.example/json", clock)


def call(fields: Mapping[str, str], method: str = "GET") -> Call:
    return Call(method, "https://loa.example/sms/op", tuple(fields.items()), {}, b"")


# --- callbacks


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ({}, RowState.DELIVERED),
        ({"SendSuccess": "0", "SendFailed": "1"}, RowState.UNDELIVERED),
        ({"SendSuccess": "1", "SendFailed": "1"}, RowState.UNDELIVERED),
        ({"SendStatus": "4"}, RowState.UNDELIVERED),
        ({"SendSuccess": "0", "SendFailed": "0"}, None),
        ({"SendStatus": "1"}, None),
        ({"SendStatus": "2"}, None),
        ({"SendStatus": "7"}, None),
    ],
)
def test_what_a_callback_says(said: dict[str, str], state: RowState | None, esms_line: Line) -> None:
    receipts = read_callback(esms_line, call(DONE | said)).receipts
    assert [receipt.state for receipt in receipts] == ([state] if state else [])


def test_a_receipt_is_known_by_its_id_and_by_our_reference(esms_line: Line, clock: MovingClock) -> None:
    (receipt,) = read_callback(esms_line, call(DONE)).receipts
    expected = Receipt("op", SMSID, RowState.DELIVERED, clock.now(), REFERENCE, raw="5", operator="Viettel")
    assert receipt == expected
    assert read_callback(esms_line, call(DONE)).receipts == (expected,)


@pytest.mark.parametrize("reference", ["", "no", REFERENCE.upper(), REFERENCE + "0"])
def test_a_reference_that_is_none_of_ours_is_left_out(reference: str, esms_line: Line) -> None:
    (receipt,) = read_callback(esms_line, call(DONE | {"RequestId": reference})).receipts
    assert (receipt.reference, receipt.gateway_id) == ("", SMSID)


@pytest.mark.parametrize(
    ("telcoid", "network"),
    [("1", "Viettel"), ("2", "MobiFone"), ("3", "VinaPhone"), ("4", "Vietnamobile"), ("5", "Gmobile"), ("6", "iTel"),
     ("7", "Wintel"), ("9", ""), ("", "")],
)  # fmt: skip
def test_the_network_is_said_in_our_words(telcoid: str, network: str, esms_line: Line) -> None:
    (receipt,) = read_callback(esms_line, call(DONE | {"telcoid": telcoid})).receipts
    assert receipt.operator == network


@pytest.mark.parametrize("key", [None, "", "another", SECRET + " ", SECRET[:-1], "\ud800"])
def test_a_callback_without_our_secret_is_forged(key: str | None, esms_line: Line) -> None:
    fields = {name: value for name, value in DONE.items() if name != KEY} | ({} if key is None else {KEY: key})
    with pytest.raises(Refused, match="callback-forged"):
        read_callback(esms_line, call(fields))


def test_a_secret_that_stands_twice_is_none(esms_line: Line) -> None:
    twice = Call("GET", "https://loa.example/", (*DONE.items(), (KEY, SECRET)), {}, b"")
    with pytest.raises(Refused, match="callback-forged"):
        read_callback(esms_line, twice)


@pytest.mark.parametrize(
    "said",
    [
        {"SMSID": ""},
        {"SMSID": "a b"},
        {"SMSID": "x" * 65},
        {"SendStatus": ""},
        {"SendStatus": "6"},
        {"SendStatus": "05"},
        {"SendSuccess": ""},
        {"SendSuccess": "-1"},
        {"SendSuccess": "²"},
        {"SendFailed": "một"},
        {"SendFailed": "9" * 400},
    ],
)
def test_what_is_no_callback_of_theirs_is_unreadable(said: dict[str, str], esms_line: Line) -> None:
    with pytest.raises(Refused, match="callback-unreadable"):
        read_callback(esms_line, call(DONE | said))


def test_it_comes_as_a_get_request_only(esms_line: Line) -> None:
    with pytest.raises(Refused, match="callback-unreadable"):
        read_callback(esms_line, call(DONE, "POST"))


def test_a_field_that_stands_twice_is_none(esms_line: Line) -> None:
    twice = Call("GET", "https://loa.example/", (*DONE.items(), ("SendSuccess", "0")), {}, b"")
    with pytest.raises(Refused, match="callback-unreadable"):
        read_callback(esms_line, twice)


def test_fields_behind_a_second_question_mark_are_read(esms_line: Line) -> None:
    """Our address has a query already; some append another “?…” to it all the same."""
    fields = {name: value for name, value in DONE.items() if name not in {KEY, "SMSID"}}
    glued = Call("GET", "https://loa.example/", ((KEY, f"{SECRET}?SMSID={SMSID}"), *fields.items()), {}, b"")
    assert read_callback(esms_line, glued).receipts == read_callback(esms_line, call(DONE)).receipts


def test_the_secret_is_asked_for_where_callbacks_are_wanted(clock: MovingClock) -> None:
    environ = {name: value for name, value in SECRETS["esms"].items() if "CALLBACK" not in name}
    wanted = line("esms", "https://esms.example/json", clock)
    with pytest.raises(ContentError, match="LOA_OP_CALLBACK_SECRET"):
        Esms(Line(wanted.lane, environ, clock, wanted.folder, wanted.sink))
    without = line("esms", "https://esms.example/json", clock, callback_url="")
    Esms(Line(without.lane, environ, clock, without.folder, without.sink))


# --- the whole way


def test_a_receipt_finds_the_message_that_it_is_of(clock: MovingClock) -> None:
    async def run() -> None:
        async with esms(clock) as (gateway, operator):
            sent = message(clock)
            (outcome,) = await gateway.submit([sent])
            for delivered, state in ((True, RowState.DELIVERED), (False, RowState.UNDELIVERED)):
                address = urlsplit(operator.callback(outcome.gateway_id, delivered))
                asked = Call("GET", address.geturl(), tuple(parse_qsl(address.query)), {}, b"")
                (receipt,) = read_callback(line("esms", operator.url, clock), asked).receipts
                assert (receipt.gateway_id, receipt.reference) == (outcome.gateway_id, sent.reference)
                assert (receipt.state, receipt.operator) == (state, "VinaPhone")

    asyncio.run(run())


def test_a_callback_is_repeated_until_it_is_taken(clock: MovingClock) -> None:
    tries: list[int] = []

    async def answer(_: web.Request) -> web.Response:
        tries.append(1)
        return web.Response(status=200 if len(tries) == 3 else 503)

    async def run() -> None:
        app = web.Application()
        app.router.add_get("/sms", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, HOST, 0).start()
        port = runner.addresses[0][1]
        async with esms(clock, callback_url=f"http://{HOST}:{port}/sms") as (gateway, operator):
            (outcome,) = await gateway.submit([message(clock)])
            assert await operator.call_back(outcome.gateway_id) == 200
        await runner.cleanup()

    asyncio.run(run())
    assert len(tries) == 3


# --- sending


def test_the_same_request_again_is_known_by_its_id_and_not_sent_twice(clock: MovingClock) -> None:
    async def run() -> None:
        async with esms(clock) as (gateway, operator):
            await gateway.submit([message(clock)])
            (again,) = await gateway.submit([message(clock, attempt=2)])
            assert (again.verdict, again.reason, again.raw) == (Verdict.ACCEPTED, DUPLICATE, "124")
            assert operator.taken == {"0912000123": 1}

    asyncio.run(run())


def test_in_the_sandbox_nobody_gets_anything(clock: MovingClock) -> None:
    async def run() -> None:
        async with esms(clock, sandbox=True) as (gateway, operator):
            (outcome,) = await gateway.submit([message(clock)])
            assert outcome.verdict is Verdict.ACCEPTED
            assert not operator.taken

    asyncio.run(run())


def test_a_reference_fits_into_a_request_id(clock: MovingClock) -> None:
    async def run() -> None:
        async with esms(clock) as (gateway, operator):
            sent = message(clock)
            await gateway.submit([sent])
            asked = json.loads(operator.requests[0].body)["RequestId"]
            assert asked == sent.reference
            assert len(asked) <= 50

    asyncio.run(run())


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, b'{"CodeResponse":"101","Balance":0}', "gateway-credentials"),
        (200, b"{}", "gateway-unexpected"),
        (200, b'{"CodeResponse":"100","Balance":"many"}', "gateway-unexpected"),
        (200, b'{"CodeResponse":"100","Balance":true}', "gateway-unexpected"),
        (500, b'{"CodeResponse":"100","Balance":1}', "gateway-unexpected"),
    ],
)
def test_a_balance_that_cannot_be_read_is_an_error(status: int, body: bytes, code: str, clock: MovingClock) -> None:
    async def run() -> None:
        async with esms(clock) as (gateway, operator):
            operator.script.append(say(status, body))
            with pytest.raises(GatewayError, match=code):
                await gateway.balance()

    asyncio.run(run())
