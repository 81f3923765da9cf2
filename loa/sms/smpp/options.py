"""What `[sms.lanes.options]` of an SMPP lane may say. Every mistake names its field.

    host, port (2775)                     the SMSC; credentials are the lane's secrets SYSTEM_ID and PASSWORD
    bind                                  transceiver; pair: one connection to send, one to hear; transmitter; receiver
    system_type, service_type,
    address_range                         as the operator wants them; empty otherwise
    tls (false), tls_ca, tls_name         a file of certificates to trust instead of the system's; the name to expect
    source_ton, source_npi                5/0 for a name, 3/0 for a short code, 1/1 for a whole number
    dest_ton (1), dest_npi (1)
    long                                  udh, sar or payload: how a message of several parts goes
    validity                              relative or absolute
    receipts                              marked; by-text: the SMSC sets no esm_class, so anybody could write one
    answer_ids, receipt_ids               text; decimal, hex: they are numbers, and these are their bases
    statuses                              what codes of the operator's own mean: "0x0410=wrong-network 0x0411=refused"
    connect_seconds (3)                   for a connection, and for a bind on it
    response_seconds (8)                  for each answer; after it a message is in doubt
    enquire_seconds (30)                  of silence before the SMSC is asked whether it is there
    inactivity_seconds (0)                of nothing to send or hear before the connection is ended; 0 keeps it
    throttle_seconds (1)                  of silence of ours after the SMSC said that we are too fast

The lane's own `window` is how many submit_sm may wait for their answers: what the operator allows, at most.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from loa.model.errors import ContentError
from loa.sms.gateways import _options
from loa.sms.gateways.base import Line
from loa.sms.smpp import pdu
from loa.sms.smpp.reports import BY_TEXT, DECIMAL, HEX, MARKED, TEXT, Ids
from loa.sms.smpp.statuses import MEANINGS, Status, read_own
from loa.wire import trusting

TRANSCEIVER, PAIR, TRANSMITTER, RECEIVER = "transceiver", "pair", "transmitter", "receiver"
UDH, SAR, PAYLOAD = "udh", "sar", "payload"
RELATIVE, ABSOLUTE = "relative", "absolute"

NAMES = frozenset(
    {
        "host", "port", "bind", "system_type", "service_type", "address_range",
        "tls", "tls_ca", "tls_name",
        "source_ton", "source_npi", "dest_ton", "dest_npi",
        "long", "validity", "receipts", "answer_ids", "receipt_ids", "statuses",
        "connect_seconds", "response_seconds", "enquire_seconds", "inactivity_seconds", "throttle_seconds",
    }
)  # fmt: skip
SHORT_CODE = 8  # digits; a sender that is longer is a whole number
_HOST = r"[A-Za-z0-9.:_-]+"
_WORD = r"[!-~]*"


@dataclass(frozen=True, slots=True)
class Timers:
    """Seconds. `connect` is for a connection and for a bind on it, each; `inactivity` 0: the connection is kept."""

    connect: float
    response: float
    enquire: float
    inactivity: float
    throttle: float


@dataclass(frozen=True, slots=True)
class Options:
    """How one lane speaks to its SMSC. Credentials are in it and in no word of it."""

    lane: str
    host: str
    port: int
    bind: str
    tls: ssl.SSLContext | None
    tls_name: str
    window: int
    source: pdu.Address
    dest_ton: int
    dest_npi: int
    service_type: bytes
    long: str
    validity: str
    receipts: str
    ids: Ids
    statuses: Mapping[int, Status]
    timers: Timers
    bind_body: bytes = field(repr=False)


def read(line: Line) -> Options:
    """The options of a lane. Raises `ContentError` for those that cannot be used, or a secret that is missing.

    `tls_ca` is the path of a file with the certificates to trust, from the gateway's folder on where it is relative.
    """
    _options.refuse_unknown(line.lane, NAMES)
    given = _options.Options(line.lane)
    host = given.text("host", needed=True, pattern=_HOST, example="smpp.nhamang.vn")
    system_type, address_range = (given.text(name, most=40, pattern=_WORD) for name in ("system_type", "address_range"))
    tls, own_ca = given.flag("tls"), given.text("tls_ca")
    made = Options(
        lane=line.lane.name,
        host=host,
        port=given.whole("port", 2775, least=1, most=65_535),
        bind=given.one_of("bind", (TRANSCEIVER, PAIR, TRANSMITTER, RECEIVER), TRANSCEIVER),
        tls=trusting(Path(line.folder, own_ca) if own_ca else None) if tls else None,
        tls_name=given.text("tls_name", host, pattern=_HOST, example="smpp.nhamang.vn"),
        window=line.lane.window,
        source=_source(line, given),
        dest_ton=given.whole("dest_ton", 1, least=0, most=6),
        dest_npi=given.whole("dest_npi", 1, least=0, most=18),
        service_type=given.text("service_type", most=5, pattern=_WORD).encode(),
        long=given.one_of("long", (UDH, SAR, PAYLOAD), UDH),
        validity=given.one_of("validity", (RELATIVE, ABSOLUTE), RELATIVE),
        receipts=given.one_of("receipts", (MARKED, BY_TEXT), MARKED),
        ids=_ids(given),
        statuses=given.parsed("statuses", {}, read_own, example=_EXAMPLE),
        timers=_timers(given),
        bind_body=pdu.bind(
            line.secret("SYSTEM_ID").encode(), line.secret("PASSWORD").encode(),
            system_type.encode(), address_range.encode(),
        ),
    )  # fmt: skip
    given.done()
    return made


def _timers(given: _options.Options) -> Timers:
    # a connection, a bind and an answer together must end before the lane gives a submit up
    return Timers(
        connect=given.number("connect_seconds", 3, least=0.01, most=4),
        response=given.number("response_seconds", 8, least=0.01, most=12),
        enquire=given.number("enquire_seconds", 30, least=0.01, most=600),
        inactivity=given.number("inactivity_seconds", 0, least=0, most=86_400),
        throttle=given.number("throttle_seconds", 1, least=0, most=60),
    )


def _ids(given: _options.Options) -> Ids:
    """Both as text, or both as numbers: a text is never equal to a number."""
    answer = given.one_of("answer_ids", (TEXT, DECIMAL, HEX), TEXT)
    choices = (TEXT,) if answer == TEXT else (DECIMAL, HEX)
    return Ids(answer, given.one_of("receipt_ids", choices, choices[0]))


def _source(line: Line, given: _options.Options) -> pdu.Address:
    """The sender. A name, a short code and a whole number are of different types (SMPP 3.4, section 5.2.5)."""
    sender = line.lane.sender
    if not sender.isascii() or not sender.isprintable():
        place = f"sms.lanes.{line.lane.name}.sender"
        raise ContentError.at("wrong-form", "loa.toml", None, place, value=sender, example="DVC-DIENTU")
    digits = sender.removeprefix("+")
    if not digits.isdigit():
        ton, npi = 5, 0
    elif len(digits) <= SHORT_CODE:
        ton, npi = 3, 0
    else:
        ton, npi = 1, 1
    ton, npi = given.whole("source_ton", ton, least=0, most=6), given.whole("source_npi", npi, least=0, most=18)
    return pdu.Address(ton, npi, digits if digits.isdigit() else sender)


_EXAMPLE = " ".join(f"0x{0x410 + i:04X}={word}" for i, word in enumerate(MEANINGS))
