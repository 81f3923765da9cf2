"""What a channel is: a folder that answers three questions - prepare, check, release - behind one small Protocol.

A channel of your own is a new folder beside `loa/sms` with a class like this, and a line in `loa/registry.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from loa.model.artefact import Artefact
from loa.model.campaign import Campaign, Deliverable, Localised, Wave
from loa.model.clock import Clock
from loa.model.finding import Finding
from loa.model.ledger import Pause, Progress
from loa.model.plan import Plan
from loa.store import JobKey, Store
from loa.workspace import Workspace


@dataclass(frozen=True)
class Desk:
    """What a channel works with. Time and the environment are passed in; nothing is global."""

    workspace: Workspace
    store: Store
    clock: Clock
    environ: Mapping[str, str]


@dataclass(frozen=True)
class Job:
    """One deliverable of one wave."""

    campaign: Campaign
    plan: Plan
    wave: Wave
    deliverable: Deliverable
    bundle: int = 0
    """The approved bundle's number in the store; 0 before the release."""

    people: str = ""
    """The SHA-256 of the audience that was approved; empty before the release, or where there is none."""

    @property
    def key(self) -> JobKey:
        """How the ledger names it."""
        return JobKey(self.wave.key, self.deliverable.id, self.deliverable.channel)

    @property
    def subject(self) -> str:
        """How findings and logs name it."""
        return f"{self.wave.key}/{self.deliverable.id}"


class Delivery(Protocol):
    """A deliverable on its way. Turns are taken until nothing is left.

    It never looks at what should be sent, only at what the ledger says is left, and commits `sending` before bytes
    leave.
    """

    def pause(self) -> Pause:
        """How long to wait before a turn can do anything; asked again after that."""
        ...

    async def turn(self, limit: int) -> Progress:
        """Deliver up to `limit` rows and say what is left."""
        ...

    async def rest(self) -> None:
        """Give back what others may want: the next turn is a while away."""
        ...


class Channel(Protocol):
    """One channel. Stateless: all it knows is in the job and on the desk."""

    name: str
    title: Localised
    deliverable: type[Deliverable]
    """The fields an officer may write for this channel; `channel` is a Literal of `name`."""

    def lint(self, job: Job, desk: Desk) -> tuple[Finding, ...]:
        """Read the words of a deliverable, fill them in and look at them, without making anything.

        Returns what `check` would find in the words alone. Raises `ContentError` where a template, its copy or a
        placeholder is missing or broken.
        """
        ...

    def prepare(self, job: Job, desk: Desk) -> tuple[Artefact, ...]:
        """Make the artefacts, or find them made already: same inputs, same hashes.

        Raises `ContentError` where words, data or a template cannot be used. Writes nothing outside the artefact
        store.
        """
        ...

    def check(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> tuple[Finding, ...]:
        """Look at what was made, as an approver would: bytes, not intentions. Changes nothing."""
        ...

    def expand(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> int:
        """Put one row per recipient into the ledger; rows that are there already stay as they are. Returns new rows."""
        ...

    def delivery(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> AbstractAsyncContextManager[Delivery]:
        """Deliver what the ledger says is left, turn by turn; connections are held for the length of the block."""
        ...

    async def settle(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> int:
        """Ask whoever can know about the rows in doubt. Returns how many were settled."""
        ...
