"""What Twilio calls back with: believed for its signature alone, and read without keeping a number."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from loa.model.clock import Clock
from loa.model.errors import Refused
from loa.model.ledger import Inbound, Receipt, row_id
from loa.model.settings import LaneSettings
from loa.model.states import RowState
from loa.sms.gateways import read_callback
from loa.sms.gateways._codes import codes
from loa.sms.gateways.base import Call, Line, News

from .twilio_service import SECRETS, SID, TOKEN, nothing

REFERENCE = row_id("w", "d", "+84912000000")
URL = f"https://loa.example.gov.vn/sms/tw?ref={REFERENCE}"
MESSAGE = "SM" + "b" * 32
STATUS = {
    "AccountSid": SID,
    "ApiVersion": "2010-04-01",
    "From": "DVC-MAU",
    "MessageSid": MESSAGE,
    "MessageStatus": "delivered",
    "SmsSid": MESSAGE,
    "SmsStatus": "delivered",
    "To": "+84912000000",
    "RawDlrDoneDate": "2709100800",
}
PERSON = {
    "AccountSid": SID,
    "ApiVersion": "2010-04-01",
    "Body": "TC\nkhông nhận nữa & cảm ơn",
    "From": "+84912000000",
    "FromCity": "",
    "MessageSid": MESSAGE,
    "NumMedia": "0",
    "SmsMessageSid": MESSAGE,
    "SmsSid": MESSAGE,
    "SmsStatus": "received",
    "To": "+84912000999",
}


def signature(url: str, form: Mapping[str, str], token: str = TOKEN) -> str:
    """As Twilio describes it: the address, then each field by name and value in the order of names; HMAC-SHA1."""
    said = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), said.encode(), hashlib.sha1).digest()).decode()


def call(form: Mapping[str, str], url: str = URL, signed: str | None = None) -> Call:
    headers = {"x-twilio-signature": signature(url, form) if signed is None else signed}
    query = tuple(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    return Call("POST", url, query, headers, urlencode(form).encode())


@pytest.fixture
def line(clock: Clock) -> Line:
    return Line(LaneSettings(name="tw", gateway="twilio", sender="DVC-MAU"), SECRETS, clock, Path("nowhere"), nothing)


def heard(line: Line, form: Mapping[str, str], url: str = URL) -> News:
    return read_callback(line, call(form, url))


def test_a_delivery_is_a_receipt_under_both_names(line: Line, clock: Clock) -> None:
    news = heard(line, STATUS)
    assert news.receipts == (
        Receipt("tw", MESSAGE, RowState.DELIVERED, clock.now(), reference=REFERENCE, raw="delivered"),
    )
    assert (news.inbound, news.answer, news.media_type) == ((), b"<Response/>", "text/xml")


@pytest.mark.parametrize(
    ("status", "error", "state", "raw"),
    [
        ("queued", "", RowState.ACCEPTED, "queued"),
        ("sending", "", RowState.ACCEPTED, "sending"),
        ("sent", "", RowState.ACCEPTED, "sent"),
        ("delivered", "", RowState.DELIVERED, "delivered"),
        ("read", "", RowState.DELIVERED, "read"),
        ("undelivered", "30003", RowState.UNDELIVERED, "undelivered 30003"),
        ("undelivered", "30005", RowState.UNDELIVERED, "undelivered 30005"),
        ("failed", "30008", RowState.UNDELIVERED, "failed 30008"),
        ("failed", "30036", RowState.EXPIRED, "failed 30036"),
        ("failed", "30001", RowState.EXPIRED, "failed 30001"),
        ("failed", "", RowState.UNDELIVERED, "failed"),
        ("failed", "+84912000000", RowState.UNDELIVERED, "failed"),
        ("canceled", "", RowState.UNDELIVERED, "canceled"),
    ],
)
def test_a_status_is_what_became_of_the_row(line: Line, status: str, error: str, state: RowState, raw: str) -> None:
    (receipt,) = heard(line, {**STATUS, "MessageStatus": status, "ErrorCode": error}).receipts
    assert (receipt.state, receipt.raw) == (state, raw)


def test_every_status_of_the_table_is_a_state_that_a_receipt_may_bring() -> None:
    assert set(codes("twilio").receipts.values()) == {"accepted", "delivered", "undelivered", "expired"}


@pytest.mark.parametrize("status", ["", "scheduled", "something-new", "DELIVERED"])
def test_a_status_that_says_nothing_new_is_answered_and_nothing_more(line: Line, status: str) -> None:
    assert heard(line, {**STATUS, "MessageStatus": status}).receipts == ()


@pytest.mark.parametrize("query", ["", "?ref=", "?ref=1", "?ref=" + "z" * 32, f"?x={REFERENCE}"])
def test_a_receipt_without_our_reference_goes_by_twilios(line: Line, query: str) -> None:
    (receipt,) = heard(line, STATUS, f"https://loa.example.gov.vn/sms/tw{query}").receipts
    assert (receipt.reference, receipt.gateway_id) == ("", MESSAGE)


def test_a_person_is_heard(line: Line, clock: Clock) -> None:
    news = heard(line, PERSON)
    assert news.receipts == ()
    assert news.inbound == (Inbound("tw", MESSAGE, "+84912000000", "TC\nkhông nhận nữa & cảm ơn", clock.now()),)
    assert "912000" not in repr(news)


def test_the_port_of_the_address_may_be_left_out_of_what_is_signed(line: Line) -> None:
    """Twilio's own words: it is not consistent in this."""
    with_port = "https://loa.example.gov.vn:443/sms/tw"
    signed = signature(with_port, STATUS)
    assert read_callback(line, call(STATUS, with_port.replace(":443", ""), signed)).receipts


FORGERIES = {
    "no signature": {"signed": ""},
    "nonsense": {"signed": "x"},
    "not even letters": {"signed": "\xff" * 28},
    "another token": {"signed": signature(URL, STATUS, "another")},
    "another address": {"signed": signature(URL.replace("/tw", "/tw2"), STATUS)},
    "another row": {"signed": signature(URL.replace(REFERENCE, "0" * 32), STATUS)},
    "without the query": {"signed": signature(URL.partition("?")[0], STATUS)},
    "another status": {"signed": signature(URL, {**STATUS, "MessageStatus": "failed"})},
    "a field more": {"signed": signature(URL, {k: v for k, v in STATUS.items() if k != "To"})},
    "the body alone": {"signed": signature("", STATUS)},
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_what_twilio_did_not_sign_is_refused(line: Line, forgery: str) -> None:
    with pytest.raises(Refused) as caught:
        read_callback(line, call(STATUS, **FORGERIES[forgery]))  # type: ignore[arg-type]
    assert caught.value.code == "callback-forged"
    assert TOKEN not in str(caught.value) + repr(caught.value.__context__)


def test_another_account_is_not_ours_even_where_the_token_is(line: Line) -> None:
    with pytest.raises(Refused, match="callback-forged"):
        heard(line, {**STATUS, "AccountSid": "AC" + "1" * 32})


def test_a_signature_over_the_body_alone_does_not_stand_for_its_fields(line: Line) -> None:
    """The form of signature that JSON bodies have must not open a door for forms."""
    body = urlencode(STATUS).encode()
    url = f"{URL}&bodySHA256={hashlib.sha256(body).hexdigest()}"
    with pytest.raises(Refused, match="callback-forged"):
        read_callback(line, call(STATUS, url, signature(url, {})))


@pytest.mark.parametrize(
    "form",
    [
        {**STATUS, "MessageSid": "1"},
        {key: value for key, value in STATUS.items() if key != "MessageSid"},
        {key: value for key, value in PERSON.items() if key != "From"},
        {"AccountSid": SID, "MessageSid": MESSAGE},
    ],
)
def test_what_is_signed_and_says_nothing_cannot_be_read(line: Line, form: dict[str, str]) -> None:
    with pytest.raises(Refused) as caught:
        heard(line, form)
    assert caught.value.code == "callback-unreadable"


@pytest.mark.parametrize(
    "changed",
    [{"method": "GET"}, {"body": b"\xff\xfe"}, {"body": b"&".join(b"a=1" for _ in range(1000))}],
    ids=["method", "bytes", "fields"],
)
def test_what_is_no_form_cannot_be_read(line: Line, changed: dict[str, object]) -> None:
    with pytest.raises(Refused, match="callback-unreadable"):
        read_callback(line, replace(call(STATUS), **changed))  # type: ignore[arg-type]
