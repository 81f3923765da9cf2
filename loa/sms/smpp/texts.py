"""Words and octets: what goes into the parts of a message, and what a person's message says.

GSM-7 goes unpacked, one septet an octet, in data_coding 0, the SMSC's default alphabet; everything else as UTF-16BE
without a byte order mark in data_coding 8. Parts are the very ones of `loa.sms.parts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from zlib import crc32

from loa.model.clock import VIETNAM
from loa.sms.alphabet import decode_gsm7, encode_gsm7
from loa.sms.parts import Alphabet, split
from loa.sms.smpp import pdu

DEFAULT, UCS2 = 0, 8
KEPT = 4_096  # bodies whose octets are kept: a wave has few different ones, unless each person's is
LONGEST_VALIDITY = timedelta(days=28)

Part = tuple[bytes, bytes]
"""What follows a destination, before and after the place where the reference that joins the parts stands."""


@lru_cache(maxsize=KEPT)
def parts(body: str, long: str, validity: bytes) -> tuple[Part, ...]:
    """The parts of a message from the octet after its destination on.

    `long` says how a message of several parts goes: `udh` (a header in each), `sar` (optional parameters that say the
    same), `payload` (one request, which the SMSC cuts). Only the last part asks for a receipt: an SMSC works a
    recipient's parts off in order, and the last one is not handed in before all others were accepted, so its receipt
    speaks for the message, and nothing has to be remembered to make one answer of several.
    """
    found = split(body)
    coding = DEFAULT if found.alphabet is Alphabet.GSM7 else UCS2
    pieces = [_encode(piece, found.alphabet) for piece in found.pieces]
    if len(pieces) == 1:
        return ((pdu.middle(0, validity, 1, coding, len(pieces[0])) + pieces[0], b""),)
    if long == "payload":
        payload = pdu.tlv(pdu.MESSAGE_PAYLOAD, b"".join(pieces))
        return ((pdu.middle(0, validity, 1, coding, 0) + payload, b""),)
    make = _with_header if long == "udh" else _with_parameters
    total = len(pieces)
    return tuple(
        make(piece, number, total, validity, int(number == total), coding) for number, piece in enumerate(pieces, 1)
    )


def reference(row: str, long: str) -> bytes:
    """The octets that join the parts of one message: the same ones each time that it is sent."""
    number = crc32(row.encode()) & 0xFF
    return bytes((number,)) if long == "udh" else bytes((0, number))


def relative(until: datetime, now: datetime) -> bytes:
    """validity_period from now on (section 7.1.1.2). Whole seconds, never longer than it may be."""
    left = min(until - now, LONGEST_VALIDITY)
    hours, seconds = divmod(left.seconds, 3600)
    return b"0000%02d%02d%02d%02d000R" % (left.days, hours, seconds // 60, seconds % 60)


def absolute(until: datetime, now: datetime) -> bytes:
    """validity_period as a moment (section 7.1.1.1), in Vietnam's time, 28 quarters of an hour ahead.

    Not in UTC: an SMSC that overlooks the difference still means the right hour.
    """
    return min(until, now + LONGEST_VALIDITY).astimezone(VIETNAM).strftime("%y%m%d%H%M%S028+").encode()


@dataclass(frozen=True, slots=True)
class Text:
    """What a short message says: its words, and which part of how many it is."""

    words: str
    number: int = 1
    total: int = 1


def read(sent: pdu.ShortMessage) -> Text:
    """The words of a short message. Never fails: what cannot be read is replaced, letter by letter."""
    octets = sent.octets
    number, total = sent.tlvs.get(pdu.SAR_NUMBER, b"\1")[-1:], sent.tlvs.get(pdu.SAR_TOTAL, b"\1")[-1:]
    if sent.esm_class & pdu.UDH and octets:
        header, octets = octets[1 : 1 + octets[0]], octets[1 + octets[0] :]
        number, total = _place(header) or (number, total)
    return Text(_decode(octets, sent.data_coding), *(number or b"\1"), *(total or b"\1"))


def _with_header(piece: bytes, number: int, total: int, validity: bytes, receipt: int, coding: int) -> Part:
    # TS 23.040, 9.2.3.24.1: a header of five octets; element 0, three octets long: reference, total, number
    before = pdu.middle(pdu.UDH, validity, receipt, coding, len(piece) + 6) + bytes((5, 0, 3))
    return before, bytes((total, number)) + piece


def _with_parameters(piece: bytes, number: int, total: int, validity: bytes, receipt: int, coding: int) -> Part:
    before = pdu.middle(0, validity, receipt, coding, len(piece)) + piece
    before += pdu.tlv(pdu.SAR_TOTAL, bytes((total,))) + pdu.tlv(pdu.SAR_NUMBER, bytes((number,)))
    return before + pdu.tlv(pdu.SAR_REFERENCE, b"\0\0")[:4], b""


def _encode(piece: str, alphabet: Alphabet) -> bytes:
    return encode_gsm7(piece) if alphabet is Alphabet.GSM7 else piece.encode("utf-16-be", "replace")


def _decode(octets: bytes, coding: int) -> str:
    # the groups with a message class: TS 23.038, section 4
    if coding == UCS2 or coding & 0xFC == 0x18:
        return octets.decode("utf-16-be", "replace")
    if coding == DEFAULT or coding & 0xFC in {0x10, 0xF0}:
        return decode_gsm7(octets)
    return octets.decode("latin-1")


def _place(header: bytes) -> tuple[bytes, bytes] | None:
    """Number and total, from the element of a user data header that joins parts (8 or 16-bit reference)."""
    at = 0
    while at + 2 <= len(header):
        element, length = header[at], header[at + 1]
        value = header[at + 2 : at + 2 + length]
        if (element, len(value)) in {(0x00, 3), (0x08, 4)}:
            return value[-1:], value[-2:-1]
        at += 2 + length
    return None
