"""What a gateway is, and the only words it may answer with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Protocol

from loa.model.clock import Clock
from loa.model.ledger import Inbound, Receipt
from loa.model.settings import LaneSettings
from loa.options import secret
from loa.sms.parts import Alphabet

WRONG_NETWORK = "wrong-network"
"""The reason of a refusal that corrects the guess of a number's network: the row goes to another lane."""

DUPLICATE = "duplicate-reference"
"""The reason of an acceptance that the gateway gave as "I have this request already"."""


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


class Message(NamedTuple):
    """One message, ready to go. `reference` is the row's id; `number` E.164; `body` the exact payload.

    `network` is what it is routed by, in the words of `mobile-prefixes.toml`; where it is empty, a gateway that must
    know it guesses by the prefix. `attempt` counts how often the row was given to a gateway, this time included: from
    the second on, "I have this already" means that an earlier one arrived. A tuple, as `Outcome` is: one is made for
    every message that is sent.
    """

    reference: str
    number: str
    body: str
    sender: str
    parts: int
    alphabet: Alphabet
    valid_until: datetime
    network: str = ""
    attempt: int = 1

    def __repr__(self) -> str:
        # a number or a body in a traceback would end in a log
        return f"Message({self.reference})"


class Outcome(NamedTuple):
    """What became of one message.

    `reason` is a word of ours (a row of the gateway's code table), `raw` the provider's code and nothing that could
    hold a number or a text. `retry_after` in seconds, where the gateway named a time; `network` is the operator the
    gateway says the number is on, in the words of `mobile-prefixes.toml`, where it says so.
    """

    reference: str
    verdict: Verdict
    gateway_id: str = ""
    reason: str = ""
    raw: str = ""
    retry_after: float | None = None
    network: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a gateway can do: the `LIMITS` of its module, known without opening it.

    What is not in here raises `Unsupported`; nothing is dropped silently.
    """

    alphabets: frozenset[Alphabet]
    sender_length: int
    asks_status: bool
    """Can be asked about a reference whose answer never came."""
    status_after: float
    """Seconds after which "never had it" can be believed: before that the message may still be on its way."""
    polls_receipts: bool
    """`poll` gives receipts."""
    reaches_people: bool
    listens: bool = False
    """Receipts and messages from people come over its own connection, as long as it is open (`listen`)."""
    calls_back: bool = False
    """Receipts come as HTTP requests: the module has a `callback`."""
    validity: bool = True
    """Passes on until when a message may be delivered. Where not, sending stops earlier before the quiet hours."""
    most_parts: int = 10
    """The longest message it takes, in parts."""
    networks: frozenset[str] = frozenset({"*"})
    """The networks it can reach at all, in the words of `mobile-prefixes.toml`; `*` is every one."""
    options: frozenset[str] = frozenset()
    """The `options` of a lane that it knows."""
    secrets: tuple[str, ...] = ()
    """The secrets it needs, as `Line.secret` names them."""

    @property
    def gives_receipts(self) -> bool:
        """Whether it ever says what became of what it accepted."""
        return self.polls_receipts or self.listens or self.calls_back


Sink = Callable[[Sequence[Receipt]], Awaitable[None]]
"""Takes receipts that a gateway pushes. When it returns they are stored, and only then may they be acknowledged."""

Ear = Callable[[Sequence[Inbound]], Awaitable[None]]
"""Takes messages that people sent. When it returns they are stored, and only then may they be acknowledged."""


async def _deaf(_: Sequence[Inbound]) -> None:
    """Where nobody listens for messages from people."""


@dataclass(frozen=True)
class Line:
    """What a gateway is built from: its lane, its secrets, time, a folder of its own, and where news goes."""

    lane: LaneSettings
    environ: Mapping[str, str] = field(repr=False)  # it holds secrets
    clock: Clock
    folder: Path
    sink: Sink
    ear: Ear = _deaf

    def secret(self, name: str) -> str:
        """A secret of the lane from the environment: `LOA_<LANE>_<NAME>`, like LOA_VIETTEL_1_PASSWORD for `viettel-1`.

        Raises `ContentError` with the variable's name where it is not set; its value is never in an error or a log.
        """
        variable = secret_variable(self.lane.name, name)
        return secret(self.environ, variable, self.lane.name, f"sms.lanes.{self.lane.name}")


def secret_variable(lane: str, name: str) -> str:
    """The environment variable that holds a secret of a lane."""
    return f"LOA_{lane}_{name}".upper().replace("-", "_")


@dataclass(frozen=True, slots=True)
class Call:
    """An HTTP request that a gateway sent us. `url` is the public address it was sent to, header names lower case."""

    method: str
    url: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        # its query and body hold numbers and words
        return f"Call({self.method})"


@dataclass(frozen=True, slots=True)
class News:
    """What a callback said, and how to answer it once it is stored."""

    receipts: tuple[Receipt, ...] = ()
    inbound: tuple[Inbound, ...] = ()
    answer: bytes = b""
    media_type: str = "text/plain"


class Gateway(Protocol):
    """One connection to one provider, for one lane.

    A gateway is a module of this folder with `LIMITS: Limits`, `connect(line: Line) -> Gateway`, and, where its
    `LIMITS.calls_back`, `callback(line: Line, call: Call) -> News`, which is pure: it verifies and reads a request.
    `callback` raises `Refused("callback-forged")` for one that is not the gateway's and
    `Refused("callback-unreadable")` for one that cannot be read; both are answered, and nothing is stored.
    """

    limits: Limits

    async def open(self) -> None:
        """Connects, so that the first submit leaves at once; nothing where there is no connection to hold.

        Raises `GatewayError`.
        """
        ...

    async def submit(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        """Sends messages, all at once as far as the provider allows, and says what became of each.

        A message without an outcome is taken as UNKNOWN. Raises `GatewayError` only where it is certain that nothing
        of the batch has left. Where it is cancelled (the lane's time for a submit is up) what it knew is lost, so it
        keeps its own, shorter timers for each request, and whatever it waits for before the first octet (a connection,
        its turn) ends well before that. What it could not begin in time is THROTTLED.
        """
        ...

    async def status(self, references: Sequence[str]) -> Sequence[Outcome]:
        """What the gateway knows of messages whose answer never came. Raises `Unsupported` where it cannot be asked."""
        ...

    async def poll(self, cursor: str) -> tuple[Sequence[Receipt], str]:
        """Receipts since `cursor` and the next one; an empty list when there are none. Raises `Unsupported`."""
        ...

    async def listen(self, seconds: float) -> None:
        """Stays connected and passes on what is pushed, until nothing has come for so long. Raises `Unsupported`."""
        ...

    async def close(self) -> None:
        """Ends the connection in good order. May be called twice."""
        ...
