"""Values that go into the ledger and come out of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from loa.model.states import RowState

LEFT_AUDIENCE = "left-audience"
"""Why a row was cancelled without anybody's order: a newer approval's audience does not have its recipient."""

BACK_IN_AUDIENCE = "back-in-audience"
"""Why such a row is planned again: a still newer approval has its recipient once more."""


def row_id(wave: str, deliverable: str, recipient: str) -> str:
    """The id of a row, worked out before it exists: 32 hex digits.

    It is made of what makes the row unique and of nothing else, so expanding a wave twice gives the same ids; it is
    also the reference that gateways are given. It is no secret: whoever tries every number finds the one behind it.
    """
    key = "\x1f".join((wave, deliverable, recipient)).encode()
    return hashlib.blake2b(key, digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """One recipient of one deliverable, before anything is sent.

    `recipient` is a number (E.164) or a commune's code; `operator` a guess; `body` names what is sent (the hash of a
    message body or of a package); `parts` is what it costs.
    """

    recipient: str
    operator: str
    commune: str
    language: str
    body: str
    parts: int
    suppressed: str = ""


class Row(NamedTuple):
    """One row of the ledger as it stands. A tuple, since one is made for every message that is sent."""

    id: str
    wave: str
    deliverable: str
    recipient: str
    operator: str
    commune: str
    language: str
    body: str
    parts: int
    state: RowState
    reason: str
    attempts: int
    lane: str
    fence: int
    gateway_id: str
    retry_at: datetime | None
    updated_at: datetime
    tried: str = ""
    network: str = ""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a deliverable may cost. `per_part` is the price of a part in đồng by operator, of the dearest lane."""

    dong: int
    per_part: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Terms:
    """Under what terms rows of a job may be taken for sending.

    `cap` messages to one number since `cap_since`, over all campaigns (0: no cap); a row that is over it waits, unless
    that would be past `closes_at`. `answers_people`: the row answers somebody who has just written, so that neither the
    opt-out list nor the cap stands against it.
    """

    cap: int = 0
    cap_hours: int = 24
    closes_at: datetime | None = None
    budget: Budget | None = None
    answers_people: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """Rows taken for sending; `over_budget` when the next one would cost more than is left, `more` when those that were
    due are put aside now and others may be due: come again."""

    rows: tuple[Row, ...] = ()
    over_budget: bool = False
    more: bool = False


class Change(NamedTuple):
    """What is now known of one row: the state it goes to and why. A tuple, for the same reason.

    `reason` is a word of ours, `raw` the provider's; `spends_attempt` is false for throttling, which is the gateway's
    doing and not the message's. `network` is the operator that somebody who knows has reported. `not_here`: the lane
    said that the number is not on its network, so this lane does not get the row again.
    """

    row: str
    state: RowState
    reason: str = ""
    gateway_id: str = ""
    retry_at: datetime | None = None
    spends_attempt: bool = True
    raw: str = ""
    network: str = ""
    not_here: bool = False


class Answered(NamedTuple):
    """What a gateway answered for rows that were claimed together.

    `rows` are those of `changes`, one by one, as they were claimed; where they are not at hand they are looked up.
    """

    changes: Sequence[Change]
    rows: Sequence[Row] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a network says of a message after it took it.

    `reference` is ours (a row's id) where the gateway gives it back, `gateway_id` the gateway's own; at least one is
    set. `lane` is the lane it came in on: ids are the gateway account's own and may repeat elsewhere. `raw` is the
    provider's word, kept for the officer who asks.
    """

    lane: str
    gateway_id: str
    state: RowState
    at: datetime
    reference: str = ""
    raw: str = ""
    operator: str = ""


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message that a person sent to one of our senders. `number` is E.164; `gateway_id` tells repeats apart."""

    lane: str
    gateway_id: str
    number: str
    text: str
    at: datetime

    def __repr__(self) -> str:
        # a number or somebody's words in a traceback would end in a log
        return f"Inbound({self.lane})"


@dataclass(frozen=True, slots=True)
class Lease:
    """A lane held by one worker. `fence` grows with every holder: a write under an older one is refused."""

    lane: str
    holder: str
    fence: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Outage:
    """A lane that is out of order: since it failed `failures` times in a row, not tried before `until`, and why."""

    lane: str
    until: datetime
    why: str
    failures: int


@dataclass(frozen=True, slots=True)
class Count:
    """A kept counter: how many rows (and parts) of a deliverable are in a state, for one operator."""

    deliverable: str
    operator: str
    state: RowState
    rows: int
    parts: int


@dataclass(frozen=True, slots=True)
class Progress:
    """What one turn of a delivery did: rows handled, rows still to do, and what holds the rest, where it cannot go on
    by itself."""

    done: int
    left: int
    held: str = ""


@dataclass(frozen=True, slots=True)
class Pause:
    """How long the next turn has to wait. `broken` names the lanes that are out of order, where that is why."""

    seconds: float = 0.0
    broken: tuple[Outage, ...] = ()
