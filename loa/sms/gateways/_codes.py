"""Tables of what a provider's codes mean: `data/<gateway>.toml`, with source, date and how sure they are."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from loa.model.errors import GatewayError
from loa.model.settings import LaneSettings
from loa.sms.gateways.base import Message, Outcome, Verdict

DATA = Path(__file__).with_name("data")
LANE = "lane"
"""The verdict of a code that is about the account or its settings: nothing was sent, and nothing will be until a person
mends it. Its `error` is the sentence that says so."""

# A short number, or a word that nobody writes in a message: what is no code may be anything, also a number or a text.
_CODE = re.compile(r"(HTTP )?-?[0-9]{1,4}|[A-Z][A-Z0-9]*(_[A-Z0-9]+){1,5}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Code:
    """What one answer means for a message.

    `error` is set where the whole lane is in trouble. `first` goes instead where this was the first time that the
    message was given to a gateway: then "I have it already" cannot be about that message. `splits`: said of a list of
    numbers, it means that none was taken because of one of them. `about_number`: said of a list, nobody knows of which.
    """

    raw: str
    verdict: Verdict
    reason: str = ""
    error: str = ""
    retry_after: float | None = None
    network: str = ""
    first: Code | None = None
    splits: bool = False
    about_number: bool = False

    def outcome(self, message: Message, gateway_id: str = "") -> Outcome:
        """The outcome of a message that got this answer."""
        if self.first is not None and message.attempt == 1:
            return self.first.outcome(message, gateway_id)
        return Outcome(
            message.reference, self.verdict, gateway_id, self.reason, self.raw, self.retry_after, self.network
        )

    def raise_trouble(self, lane: LaneSettings) -> None:
        """Raises `GatewayError` where the answer is about the lane and not about a message."""
        if self.error:
            raise GatewayError(self.error, {"lane": lane.name, "gateway": lane.gateway, "raw": self.raw})


@dataclass(frozen=True, slots=True)
class Codes:
    """One provider's table.

    `results` are the codes beside the answers proper, where a provider has two kinds; `networks` the words of
    `mobile-prefixes.toml` by the provider's; `receipts` and `request` are the gateway's own.
    """

    answers: Mapping[str, Code]
    unlisted: Code
    results: Mapping[str, Code]
    networks: Mapping[str, str]
    receipts: Mapping[str, str]
    request: Mapping[str, str]

    def of(self, raw: str) -> Code:
        """The row of a code; for one that is not in the table the row `unlisted`."""
        return self.answers.get(raw) or self._unlisted(raw)

    def beginning(self, text: str) -> Code:
        """The row of the longest code that a text begins with."""
        codes = [code for code in self.answers if text.startswith(code)]
        return self.answers[max(codes, key=len)] if codes else self._unlisted(text.partition(" ")[0])

    def _unlisted(self, raw: str) -> Code:
        return replace(self.unlisted, raw=raw if _CODE.fullmatch(raw) else "?")


@cache
def codes(name: str) -> Codes:
    """The table of `data/<name>.toml`, read once."""
    table = tomllib.loads((DATA / f"{name}.toml").read_text(encoding="utf-8"))
    return Codes(
        answers={raw: _code(raw, row) for raw, row in table["answers"].items()},
        unlisted=_code("", table["unlisted"]),
        results={raw: _code(raw, row) for raw, row in table.get("results", {}).items()},
        networks=table.get("networks", {}),
        receipts=table.get("receipts", {}),
        request=table.get("request", {}),
    )


def _code(raw: str, row: Mapping[str, Any]) -> Code:
    of_lane = row["verdict"] == LANE
    return Code(
        raw=raw,
        # met beside answers that are about messages, it is a temporary error of this one: it must not go round for ever
        verdict=Verdict.LATER if of_lane else Verdict(row["verdict"]),
        reason=row.get("reason", ""),
        error=row["error"] if of_lane else "",
        retry_after=row.get("retry_after"),
        network=row.get("network", ""),
        first=_code(raw, row["first"]) if "first" in row else None,
        splits=row.get("splits", False),
        about_number=row.get("about_number", False),
    )
