"""What a gateway is, and the only words it may answer with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from loa.model.clock import Clock
from loa.model.ledger import Receipt
from loa.model.settings import LaneSettings
from loa.sms.parts import Alphabet


class Verdict(StrEnum):
    """The closed vocabulary of answers.

    LATER is a temporary error (it costs an attempt), THROTTLED is too fast (it costs none), UNKNOWN is no answer:
    the request may have left. For a status call LATER means that the gateway never had the message.
    """

    ACCEPTED = "accepted"
    REFUSED = "refused"
    LATER = "later"
    THROTTLED = "throttled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Message:
    """One message, ready to go. `reference` is the row's id; `number` E.164; `body` the exact payload."""

    reference: str
    number: str
    body: str
    sender: str
    parts: int
    alphabet: Alphabet
    valid_until: datetime

    def __repr__(self) -> str:
        # a number or a body in a traceback would end in a log
        return f"Message({self.reference})"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message. `retry_after` in seconds, where the gateway named a time."""

    reference: str
    verdict: Verdict
    gateway_id: str = ""
    reason: str = ""
    raw: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a gateway can do. What is not in here raises `Unsupported`; nothing is dropped silently."""

    alphabets: frozenset[Alphabet]
    sender_length: int
    asks_status: bool
    status_after: float
    """Seconds after which "never had it" can be believed: before that the message may still be on its way."""
    polls_receipts: bool
    reaches_people: bool


Sink = Callable[[Sequence[Receipt]], Awaitable[None]]
"""Takes receipts that a gateway pushes. When it returns they are stored, and only then may they be acknowledged."""


@dataclass(frozen=True)
class Line:
    """What a gateway is built from: its lane, its secrets, time, a folder of its own, and where receipts go."""

    lane: LaneSettings
    environ: Mapping[str, str]
    clock: Clock
    folder: Path
    sink: Sink


class Gateway(Protocol):
    """One connection to one provider, for one lane."""

    limits: Limits

    async def submit(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        """Sends messages and says what became of each. A message without an outcome is taken as UNKNOWN.

        Raises `GatewayError` only where it is certain that nothing of the batch has left.
        """
        ...

    async def status(self, references: Sequence[str]) -> Sequence[Outcome]:
        """What the gateway knows of messages whose answer never came. Raises `Unsupported` where it cannot be asked."""
        ...

    async def poll(self, cursor: str) -> tuple[Sequence[Receipt], str]:
        """Receipts since `cursor` and the next one; an empty list when there are none. Raises `Unsupported`."""
        ...

    async def close(self) -> None:
        """Ends the connection. May be called twice."""
        ...
