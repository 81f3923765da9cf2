"""What a deliver_sm says: a receipt in one of the dialects that SMSCs speak, or a person's message.

Appendix B of SMPP 3.4 suggests `id:… sub:… dlvrd:… submit date:… done date:… stat:… err:… text:…` and leaves it to each
vendor. Seen: fields left out, other cases and spaces, all of it in UCS-2, raw octets or a zero after `text:`, ids of 64
digits, an id in decimal where the answer to submit_sm had it in hex, and no text at all but optional parameters.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from loa.model.states import RowState
from loa.sms.smpp import pdu

TABLE = Path(__file__).with_name("data") / "states.toml"
MARKED, BY_TEXT = "marked", "by-text"
TEXT, DECIMAL, HEX = "text", "decimal", "hex"
_BASES = {DECIMAL: 10, HEX: 16}


@dataclass(frozen=True, slots=True)
class States:
    """The states of a message by the number and by the words that stand for them. None: nothing final."""

    by_number: Mapping[int, tuple[str, RowState | None]]
    by_word: Mapping[str, RowState | None]


@dataclass(frozen=True, slots=True)
class Ids:
    """How a peer writes a message's id: as `text`, or as a number in `decimal` or `hex`, which then is compared."""

    answer: str = TEXT
    receipt: str = TEXT

    def of_answer(self, written: str) -> str:
        return _plain(written, self.answer)

    def of_receipt(self, written: str) -> str:
        return _plain(written, self.receipt)


@dataclass(frozen=True, slots=True)
class Report:
    """A receipt. `state` is nothing where it says nothing final; `raw` is the SMSC's own word."""

    gateway_id: str
    state: RowState | None
    raw: str


@cache
def states() -> States:
    """The table of `data/states.toml`, read once."""
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))["states"]
    final = {row["number"]: RowState(row["state"]) if "state" in row else None for row in rows}
    return States(
        {row["number"]: (row["name"], final[row["number"]]) for row in rows},
        {word: final[row["number"]] for row in rows for word in row["words"]},
    )


def is_report(sent: pdu.ShortMessage, how: str) -> bool:
    """Whether a deliver_sm is a receipt and no person's message.

    esm_class or an optional parameter marks it. Only where a lane says that its SMSC marks nothing (`by-text`) is the
    text believed: anybody can write one to us.
    """
    if sent.esm_class & pdu.KIND in {pdu.RECEIPT, pdu.INTERMEDIATE} or pdu.RECEIPTED_MESSAGE_ID in sent.tlvs:
        return True
    return how == BY_TEXT and bool(_ID.search(_text(sent)) and _STAT.search(_text(sent)))


def read(sent: pdu.ShortMessage, ids: Ids) -> Report | None:
    """What a receipt says, or nothing where it does not say of which message.

    Optional parameters go before the text: receipted_message_id is the id of the answer to submit_sm (5.3.2.12), and
    only what stands in the text may be written in another way.
    """
    text = _text(sent)
    named, written = sent.tlvs.get(pdu.RECEIPTED_MESSAGE_ID, b"").rstrip(b"\0"), _ID.search(text)
    if named:
        gateway_id = ids.of_answer(named.decode("latin-1"))
    elif written:
        gateway_id = ids.of_receipt(written[1].decode("latin-1"))
    else:
        return None
    name, state = _state(sent, text)
    if sent.esm_class & pdu.KIND == pdu.INTERMEDIATE:
        state = None
    return Report(gateway_id, state, f"{name} {_error(sent, text)}".rstrip())


def _state(sent: pdu.ShortMessage, text: bytes) -> tuple[str, RowState | None]:
    number = int.from_bytes(sent.tlvs.get(pdu.MESSAGE_STATE, b""))
    if number in states().by_number:
        return states().by_number[number]
    found = _STAT.search(text)
    word = found[1].decode("latin-1").upper() if found else ""
    return word or "-", states().by_word.get(word)


def _error(sent: pdu.ShortMessage, text: bytes) -> str:
    """The network's own error, where there is one: three octets, the first of which says whose table it is from."""
    code = sent.tlvs.get(pdu.NETWORK_ERROR_CODE, b"")
    if len(code) == 3 and any(code[1:]):
        return str(int.from_bytes(code[1:]))
    found = _ERROR.search(text)
    return found[1].decode("latin-1") if found and found[1].strip(b"0") else ""


def _text(sent: pdu.ShortMessage) -> bytes:
    """A receipt's text in one octet a letter, up to what it quotes of the message."""
    octets = sent.octets
    zero = octets[:2].find(0)
    if zero >= 0:  # UCS-2, whatever its data_coding says
        octets = octets.decode("utf-16-le" if zero else "utf-16-be", "replace").encode("latin-1", "replace")
    return _QUOTED.split(octets, maxsplit=1)[0]


def _plain(written: str, form: str) -> str:
    """An id as it is compared: numbers in decimal without leading zeros; what is no number stays as it is."""
    if form == TEXT or not written.isalnum():
        return written
    try:
        return str(int(written, _BASES[form]))
    except ValueError:
        return written


_ID = re.compile(rb"(?:^|\s)id:\s*([^\s\0]+)", re.IGNORECASE)
_STAT = re.compile(rb"\bstat:\s*([A-Za-z]+)", re.IGNORECASE)
_ERROR = re.compile(rb"\berr:\s*([0-9A-Za-z]{1,8})", re.IGNORECASE)
_QUOTED = re.compile(rb"\btext:", re.IGNORECASE)
