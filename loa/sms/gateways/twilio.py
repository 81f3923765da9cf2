"""Twilio: one request a message through its REST interface, receipts as signed callbacks.

A request that Twilio may have taken is never made again: 5xx, timeouts and broken connections leave the message in
doubt. Twilio has no idempotency key and cannot be asked by our reference, so our reference travels in the address that
each message's callbacks go to: the first callback settles a message whose answer never came.

Its validity period ends a message in Twilio's own queue; what an operator holds back after that is out of reach.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from loa.model.errors import Refused
from loa.model.ledger import Inbound, Receipt
from loa.model.states import RowState
from loa.sms.gateways._codes import codes
from loa.sms.gateways._options import Options
from loa.sms.gateways.base import Call, Gateway, Limits, Line, News, secret_variable
from loa.sms.parts import Alphabet

LIMITS = Limits(
    alphabets=frozenset(Alphabet),
    sender_length=16,  # a number in E.164; a name has 11 at most, as everywhere
    asks_status=False,
    status_after=0,
    polls_receipts=False,
    reaches_people=True,
    calls_back=True,
    options=frozenset({"url", "callback_url", "messaging_service"}),
    secrets=("ACCOUNT_SID", "AUTH_TOKEN"),
)
URL = "https://api.twilio.com"
ANSWER = b"<Response/>"  # TwiML for "say nothing": a text would be sent as a reply
REFERENCE = "ref"
_FIELDS = 200
SID = re.compile(r"(?:SM|MM)[0-9a-fA-F]{32}")
_ROW = re.compile(r"[0-9a-f]{32}")


def connect(line: Line) -> Gateway:
    """Secrets: ACCOUNT_SID, AUTH_TOKEN; API_KEY and API_SECRET where requests are made with a key.

    Options: `callback_url` (where receipts come to; without it there are none), `messaging_service` (the SID of one;
    the lane's sender must be in its pool), `url` (of a proxy). Raises `ContentError` for what cannot be used.
    """
    from loa.sms.gateways._twilio import Twilio  # the library is only loaded where a lane uses it

    return Twilio(line, Account.of(line), Settings.of(line))


def callback(line: Line, call: Call) -> News:
    """A status callback, or a message from a person. Raises `Refused` (forged, unreadable)."""
    from twilio.request_validator import RequestValidator

    form = dict(_form(call))
    signature = call.headers.get("x-twilio-signature", "")
    # Twilio always signs with the account's token, also where requests are made with a key
    if not RequestValidator(line.secret("AUTH_TOKEN")).validate(call.url, form, signature):
        raise Refused("callback-forged")
    if form.get("AccountSid") != line.secret("ACCOUNT_SID"):
        raise Refused("callback-forged")
    if not SID.fullmatch(form.get("MessageSid", "")):
        raise Refused("callback-unreadable")
    if "MessageStatus" in form:
        return News(receipts=_receipts(line, form, dict(call.query)), answer=ANSWER, media_type="text/xml")
    if form.get("SmsStatus") == "received" and "From" in form:
        return News(inbound=(_inbound(line, form),), answer=ANSWER, media_type="text/xml")
    raise Refused("callback-unreadable")


@dataclass(frozen=True)
class Account:
    """Whom we are to Twilio. `user` is the account itself or a key of it."""

    sid: str
    user: str
    password: str

    def __repr__(self) -> str:
        return "Account()"

    @classmethod
    def of(cls, line: Line) -> Account:
        """Raises `ContentError` with the name of the variable that is not set."""
        sid, token = line.secret("ACCOUNT_SID"), line.secret("AUTH_TOKEN")
        if line.environ.get(secret_variable(line.lane.name, "API_KEY")):
            return cls(sid, line.secret("API_KEY"), line.secret("API_SECRET"))
        return cls(sid, sid, token)


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of a lane. `callback_url` may have a query of its own."""

    url: str
    callback_url: str
    messaging_service: str

    @classmethod
    def of(cls, line: Line) -> Settings:
        """Raises `ContentError` with every option that cannot be used."""
        options = Options(line.lane)
        made = cls(
            url=options.url("url", needed=False).rstrip("/") or URL,
            callback_url=options.url("callback_url", needed=False),
            messaging_service=options.text("messaging_service", pattern="MG[0-9a-fA-F]{32}", example="MG0123…"),
        )
        options.done()
        return made


# --- what Twilio says ------------------------------------------------------------------------------------------------


def _form(call: Call) -> list[tuple[str, str]]:
    """The fields of a request's body, as they were sent: the signature is over every one of them."""
    if call.method != "POST":
        raise Refused("callback-unreadable")
    try:
        return parse_qsl(call.body.decode("ascii"), keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError:  # also what is no text
        raise Refused("callback-unreadable") from None


def _receipts(line: Line, form: Mapping[str, str], query: Mapping[str, str]) -> tuple[Receipt, ...]:
    """What a status means for the row; nothing where it is none that we know."""
    status, error = form["MessageStatus"], form.get("ErrorCode", "")
    raw = " ".join(word for word in (status, error if error.isdigit() else "") if word)
    states = codes("twilio").receipts
    state = states.get(raw) or states.get(status)
    if state is None:
        return ()
    reference = query.get(REFERENCE, "")
    return (
        Receipt(
            lane=line.lane.name,
            gateway_id=form["MessageSid"],
            state=RowState(state),
            at=line.clock.now(),  # a callback has no moment of its own
            reference=reference if _ROW.fullmatch(reference) else "",
            raw=raw,
        ),
    )


def _inbound(line: Line, form: Mapping[str, str]) -> Inbound:
    return Inbound(line.lane.name, form["MessageSid"], form["From"], form.get("Body", ""), line.clock.now())
