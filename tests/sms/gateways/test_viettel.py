"""Viettel: what was approved goes out unchanged, and what XML cannot carry does not go out at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from loa.model.errors import GatewayError
from loa.sms.gateways import _xml
from loa.sms.gateways._fakes import FakeViettel, say
from loa.sms.gateways._requests import request_number
from loa.sms.gateways.base import DUPLICATE, Verdict
from loa.sms.gateways.viettel import NAMESPACE, Viettel
from tests.conftest import MovingClock

from .operators import line, message

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"


@asynccontextmanager
async def viettel(clock: MovingClock) -> AsyncIterator[tuple[Viettel, FakeViettel]]:
    async with FakeViettel() as operator:
        gateway = Viettel(line("viettel", operator.url, clock))
        try:
            yield gateway, operator
        finally:
            await gateway.close()


# --- the request


@settings(max_examples=60, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1))
def test_another_xml_reader_finds_the_very_text_that_was_approved(text: str) -> None:
    clock = MovingClock()
    body = "\t" + text + "]]>&amp;<b/>\r\n"
    request = Viettel(line("viettel", "http://127.0.0.1/x", clock))._request([message(clock, text=body)])
    call = etree.fromstring(request.body).find(f"{SOAP}Body/{{{NAMESPACE}}}wsCpMt")
    assert [child.tag for child in call] == [  # no namespace: the service takes them by these names and in this order
        "User", "Password", "CPCode", "RequestID", "UserID", "ReceiverID", "ServiceID", "CommandCode", "Content",
        "ContentType",
    ]  # fmt: skip
    assert call.find("Content").text == body


@pytest.mark.parametrize("character", ["\x00", "\x08", "\x0b", "\x1f", "\x7f", "\ud83d", "\udc4d", "\ufffe", "\uffff"])
def test_what_xml_cannot_carry_is_refused_and_never_dropped(character: str, clock: MovingClock) -> None:
    async def run() -> None:
        async with viettel(clock) as (gateway, operator):
            bad = message(clock, "+84912000124", f"Xin{character}chao")
            refused, sent = await gateway.submit([bad, message(clock)])
            assert (refused.reference, refused.verdict) == (bad.reference, Verdict.REFUSED)
            assert refused.reason == "text-not-sendable"
            assert sent.verdict is Verdict.ACCEPTED
            assert len(operator.requests) == 1

    asyncio.run(run())


@pytest.mark.parametrize("number", ["0912000123", "84912000123", "+8491200012", "+14155550123", "+84912000123,1", ""])
def test_what_is_no_vietnamese_number_is_refused_here(number: str, clock: MovingClock) -> None:
    async def run() -> None:
        async with viettel(clock) as (gateway, operator):
            (outcome,) = await gateway.submit([message(clock, number)])
            assert (outcome.verdict, outcome.reason) == (Verdict.REFUSED, "number-invalid")
            assert operator.requests == []

    asyncio.run(run())


def test_a_request_number_has_eighteen_digits_and_stands_for_its_message() -> None:
    numbers = {request_number(f"{reference:032x}") for reference in range(5_000)}
    assert len(numbers) == 5_000
    assert all(len(number) == 18 and number.isdigit() and number[0] != "0" for number in numbers)
    assert request_number("a") == request_number("a") != request_number("b")
    assert request_number("a", "b") == request_number("b", "a")


# --- again


def test_the_same_message_again_is_known_by_its_number_and_not_sent_twice(clock: MovingClock) -> None:
    async def run() -> None:
        async with viettel(clock) as (gateway, operator):
            await gateway.submit([message(clock)])
            (again,) = await gateway.submit([message(clock, attempt=2)])
            assert (again.verdict, again.reason) == (Verdict.ACCEPTED, DUPLICATE)
            assert operator.requests[0].body == operator.requests[1].body
            assert set(operator.taken.values()) == {1}

    asyncio.run(run())


def test_the_same_text_to_the_same_number_from_elsewhere_was_not_taken(clock: MovingClock) -> None:
    async def run() -> None:
        async with viettel(clock) as (gateway, _):
            await gateway.submit([message(clock)])
            (other,) = await gateway.submit([message(clock, attempt=1)])
            assert (other.verdict, other.reason) == (Verdict.REFUSED, "text-repeated")

    asyncio.run(run())


# --- the balance


def test_a_wrong_password_is_said_when_the_balance_is_asked(clock: MovingClock) -> None:
    async def run() -> None:
        async with viettel(clock) as (gateway, operator):
            operator.PASSWORD = "another"
            with pytest.raises(GatewayError, match="gateway-credentials"):
                await gateway.balance()

    asyncio.run(run())


@pytest.mark.parametrize(
    "reply",
    [
        b"<html/>",
        FakeViettel.BALANCE.format(balance="", code=0, words="check balance success").encode(),
        FakeViettel.BALANCE.format(balance="0", code=1, words="something new").encode(),
    ],
)
def test_a_balance_that_cannot_be_read_is_an_error(reply: bytes, clock: MovingClock) -> None:
    async def run() -> None:
        async with viettel(clock) as (gateway, operator):
            operator.script.append(say(200, reply))
            with pytest.raises(GatewayError, match="gateway-unexpected"):
                await gateway.balance()

    asyncio.run(run())


# --- XML that somebody else wrote

BOMB = (
    '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb">'
    + "".join(f'<!ENTITY b{n} "{f"&b{n - 1 or str()};" * 10}">' for n in range(1, 9))
    + "]><a>&b8;</a>"
)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (BOMB.encode(), "doctype"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "doctype"),
        ('<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a><a/>'.encode("utf-16"), "doctype"),
        (b"<a>" * 17 + b"</a>" * 17, "deep"),
        (b"<a><b>1</b><b>2</b></a>", "twice"),
        (b"", "malformed"),
        (b"<a>", "malformed"),
        (b"<a>&unknown;</a>", "malformed"),
        (b"<a></a><b/>", "malformed"),
        (b'<?xml version="1.0" encoding="no-such"?><a/>', "malformed"),
        (b"\xff\xff", "malformed"),
    ],
)
def test_xml_that_nobody_honest_sends_is_not_read(document: bytes, why: str) -> None:
    with pytest.raises(_xml.Unreadable, match=why):
        _xml.texts(document)


def test_texts_are_found_by_their_path_whatever_their_prefixes() -> None:
    document = b'<?xml version="1.0" ?><S:a xmlns:S="urn:1"><n:b xmlns:n="urn:2"><c> x &amp; y </c><d/></n:b></S:a>'
    assert _xml.texts(document) == {"a/b/c": " x & y ", "a/b/d": ""}
