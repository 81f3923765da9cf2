"""What an SMSC's status codes mean: the table `data/statuses.toml`, and what a lane says of codes of its operator's."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from loa.sms.gateways.base import WRONG_NETWORK, Verdict

TABLE = Path(__file__).with_name("data") / "statuses.toml"

# what a lane may say of a code: the word of its option -> what becomes of the message, and why
MEANINGS: Mapping[str, tuple[Verdict, str]] = {
    WRONG_NETWORK: (Verdict.REFUSED, WRONG_NETWORK),
    "number-invalid": (Verdict.REFUSED, "number-invalid"),
    "refused": (Verdict.REFUSED, "message-refused"),
    "later": (Verdict.LATER, "network-busy"),
    "throttled": (Verdict.THROTTLED, "throttled"),
}
_ENTRY = re.compile(r"(0[xX][0-9a-fA-F]{1,8}|\d{1,10})=([a-z-]+)")


@dataclass(frozen=True, slots=True)
class Status:
    """One code.

    `error` is the sentence for a code that is about the lane and not about the message. `rebind`: the connection is of
    no use any more; `again`: a bind may succeed a little later.
    """

    name: str
    verdict: Verdict
    reason: str
    error: str = ""
    rebind: bool = False
    again: bool = False


@cache
def standard() -> Mapping[int, Status]:
    """The table of `data/statuses.toml`, read once."""
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))["statuses"]
    return {row.pop("code"): Status(verdict=Verdict(row.pop("verdict")), **row) for row in rows}


def of(code: int, own: Mapping[int, Status]) -> Status:
    """What a code means; `own` is what the lane says. One that nobody knows costs an attempt."""
    return own.get(code) or standard().get(code) or Status(f"0x{code:08X}", Verdict.LATER, "status-unlisted")


def read_own(written: str) -> Mapping[int, Status] | None:
    """A lane's own codes, as `0x0410=wrong-network 0x0411=refused`; nothing where an entry is none."""
    found: dict[int, Status] = {}
    for entry in written.replace(",", " ").split():
        shape = _ENTRY.fullmatch(entry)
        if shape is None or shape[2] not in MEANINGS:
            return None
        code = int(shape[1], 0) if shape[1][:2].lower() == "0x" else int(shape[1])
        known = standard().get(code)
        found[code] = Status(known.name if known else f"0x{code:08X}", *MEANINGS[shape[2]])
    return found
