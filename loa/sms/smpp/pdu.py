"""Octets and fields. Source: SMPP Protocol Specification v3.4, issue 1.2, chapters 3 to 5."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

HEADER = struct.Struct(">IIII")  # command_length, command_id, command_status, sequence_number
_TLV = struct.Struct(">HH")

RESPONSE = 0x80000000
GENERIC_NACK = 0x80000000
BIND_RECEIVER = 0x01
BIND_TRANSMITTER = 0x02
SUBMIT_SM = 0x04
DELIVER_SM = 0x05
UNBIND = 0x06
BIND_TRANSCEIVER = 0x09
OUTBIND = 0x0B
ENQUIRE_LINK = 0x15
ALERT_NOTIFICATION = 0x102
DATA_SM = 0x103

OK = 0x00
INVALID_MESSAGE_LENGTH = 0x01
INVALID_LENGTH = 0x02
INVALID_COMMAND = 0x03
INVALID_BIND = 0x04
TRY_AGAIN = 0x64
NEVER = 0x65

LAST_SEQUENCE = 0x7FFFFFFF  # ours; what peers use may be larger, and is given back as it came
VERSION = 0x34
# message_payload holds 65,535 octets; what claims to be much longer is no PDU
LARGEST = 0x10000 + 0x1000

# optional parameters, section 5.3.2
RECEIPTED_MESSAGE_ID = 0x001E
SAR_REFERENCE = 0x020C
SAR_TOTAL = 0x020E
SAR_NUMBER = 0x020F
NETWORK_ERROR_CODE = 0x0423
MESSAGE_PAYLOAD = 0x0424
MESSAGE_STATE = 0x0427

UDH = 0x40  # esm_class: short_message begins with a user data header
RECEIPT = 0x04  # esm_class, bits 2-5: an SMSC delivery receipt
INTERMEDIATE = 0x20  # the same bits: not the last word
KIND = 0x3C

Frame = tuple[int, int, int, bytes]
"""command_id, command_status, sequence_number and body of one PDU."""


class Frames:
    """Cuts a stream of octets into PDUs. `broken` is set for good when a length cannot be one."""

    def __init__(self) -> None:
        self._rest = b""
        self.broken = False

    def feed(self, data: bytes) -> list[Frame]:
        """The PDUs that are whole by now."""
        if self._rest:
            data = self._rest + data
        found: list[Frame] = []
        at, size = 0, len(data)
        while size - at >= 4 and not self.broken:
            length = int.from_bytes(data[at : at + 4])
            if not HEADER.size <= length <= LARGEST:
                self.broken = True
            elif size - at < length:
                break
            else:
                _, command, status, sequence = HEADER.unpack_from(data, at)
                found.append((command, status, sequence, data[at + 16 : at + length]))
                at += length
        self._rest = data[at:]
        return found


def following(sequence: int) -> int:
    """The sequence number of ours after one: from 1 to 0x7FFFFFFF and round again (section 3.2)."""
    return sequence % LAST_SEQUENCE + 1


def frame(command: int, status: int, sequence: int, body: bytes = b"") -> bytes:
    """One PDU."""
    return HEADER.pack(16 + len(body), command, status, sequence) + body


@dataclass(frozen=True, slots=True)
class Address:
    """A type of number, a numbering plan, and the number or name itself."""

    ton: int
    npi: int
    text: str

    def octets(self) -> bytes:
        return bytes((self.ton, self.npi)) + self.text.encode("latin-1", "replace") + b"\0"

    def __repr__(self) -> str:
        return f"Address({self.ton}, {self.npi})"


@dataclass(frozen=True, slots=True)
class ShortMessage:
    """A submit_sm, deliver_sm or data_sm. `octets` are its text with the header before it, wherever they stood."""

    source: Address
    destination: Address
    esm_class: int = 0
    data_coding: int = 0
    octets: bytes = field(default=b"", repr=False)
    registered: int = 0
    validity: bytes = b""
    service: bytes = b""
    tlvs: Mapping[int, bytes] = field(default_factory=dict, repr=False)


def bind(system_id: bytes, password: bytes, system_type: bytes, address_range: bytes) -> bytes:
    """The body of each of the three binds."""
    anything = bytes((0, 0))  # type of number and numbering plan of the addresses we serve
    return b"%b\0%b\0%b\0%c%b%b\0" % (system_id, password, system_type, VERSION, anything, address_range)


def tlv(tag: int, value: bytes) -> bytes:
    """One optional parameter."""
    return _TLV.pack(tag, len(value)) + value


def head(service: bytes, source: Address, ton: int, npi: int) -> bytes:
    """A message's octets up to its destination, which follows with a zero after it."""
    return service + b"\0" + source.octets() + bytes((ton, npi))


def middle(esm_class: int, validity: bytes, registered: int, data_coding: int, length: int) -> bytes:
    """A message's octets between its destination and its text of `length` octets."""
    # also: no protocol, no priority, no time to deliver it at; nothing replaced, no text of the SMSC's own
    return bytes((esm_class, 0, 0, 0)) + validity + bytes((0, registered, 0, data_coding, 0, length))


def message(sent: ShortMessage) -> bytes:
    """The body of a submit_sm or a deliver_sm. Text that is too long for short_message goes in message_payload."""
    short = sent.octets if len(sent.octets) < 255 else b""
    tlvs = dict(sent.tlvs) if short or not sent.octets else {**sent.tlvs, MESSAGE_PAYLOAD: sent.octets}
    target = sent.destination
    return b"".join(
        (
            head(sent.service, sent.source, target.ton, target.npi),
            target.octets()[2:],
            middle(sent.esm_class, sent.validity, sent.registered, sent.data_coding, len(short)),
            short,
            *(tlv(tag, value) for tag, value in tlvs.items()),
        )
    )


def read_message(body: bytes) -> ShortMessage:
    """A submit_sm or deliver_sm. Raises `ValueError` where it is too short for what it says.

    Service types longer than the standard's five letters are read as they are: some peers send them.
    """
    service, at = cstring(body, 0)
    source, at = _address(body, at)
    destination, at = _address(body, at)
    esm_class = _octet(body, at)
    _, at = cstring(body, at + 3)  # protocol_id, priority_flag; then when to deliver it
    validity, at = cstring(body, at)
    registered, data_coding, length = _octet(body, at), _octet(body, at + 2), _octet(body, at + 4)
    at += 5
    if len(body) < at + length:
        raise ValueError("the text is shorter than it says")
    tlvs = read_tlvs(body, at + length)
    octets = body[at : at + length] or tlvs.get(MESSAGE_PAYLOAD, b"")
    return ShortMessage(source, destination, esm_class, data_coding, octets, registered, validity, service, tlvs)


def read_data_message(body: bytes) -> ShortMessage:
    """A data_sm. Raises `ValueError` like `read_message`."""
    service, at = cstring(body, 0)
    source, at = _address(body, at)
    destination, at = _address(body, at)
    esm_class, registered, data_coding = _octet(body, at), _octet(body, at + 1), _octet(body, at + 2)
    tlvs = read_tlvs(body, at + 3)
    octets = tlvs.get(MESSAGE_PAYLOAD, b"")
    return ShortMessage(source, destination, esm_class, data_coding, octets, registered, b"", service, tlvs)


def read_tlvs(body: bytes, at: int) -> dict[int, bytes]:
    """Optional parameters, as far as they can be read: what is cut off at the end harms nobody."""
    found: dict[int, bytes] = {}
    while at + 4 <= len(body):
        tag, length = _TLV.unpack_from(body, at)
        at += 4
        if at + length > len(body):
            break
        found.setdefault(tag, body[at : at + length])
        at += length
    return found


def cstring(body: bytes, at: int) -> tuple[bytes, int]:
    """The octets up to a zero, and where the next field begins. Raises `ValueError` where no zero follows."""
    end = body.find(0, at)
    if end < 0:
        raise ValueError("a field has no end")
    return body[at:end], end + 1


def _address(body: bytes, at: int) -> tuple[Address, int]:
    ton, npi = _octet(body, at), _octet(body, at + 1)
    text, at = cstring(body, at + 2)
    return Address(ton, npi, text.decode("latin-1")), at


def _octet(body: bytes, at: int) -> int:
    if at >= len(body):
        raise ValueError("a field is missing")
    return body[at]
