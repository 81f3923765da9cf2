"""Pushes packages from the outbox to the stations that can be reached: what a release does after laying them there.

The ledger is what tries again: a target that is down brings the row back to `planned` with a time. Pushing twice does
no harm, since the same bytes at the same place are the same file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from loa.channel import Desk, Job
from loa.handover import HANDED_OVER, Carrier
from loa.loudspeaker.targets.base import Receipt, Target, TargetLater, TargetRefuses
from loa.loudspeaker.targets.catalogue import open_target, target_named
from loa.loudspeaker.targets.push import push
from loa.model.artefact import canonical
from loa.model.ledger import Change, Row
from loa.model.places import Station
from loa.model.states import RowState

PUSHED = "pushed"
_AGAIN = timedelta(minutes=2)
_LATER = timedelta(minutes=10)
_SOON = timedelta(seconds=20)  # after a refusal, which ends the release: whoever mends it runs it again
_TRIES = 4
_DAY = 86_400.0
_ATTEMPTS = 2  # in one turn; more than that is the ledger's work


class Pusher(Carrier):
    """The carrier of one delivery. Targets are opened when the first station needs them."""

    def __init__(
        self,
        job: Job,
        desk: Desk,
        stations: Mapping[str, Station],
        targets: Callable[[str], Target] | None = None,
        overrides: Mapping[str, str] | None = None,
    ) -> None:
        """`stations` by commune, as they were approved; `overrides`: findings that were passed, and why."""
        self._job = job
        self._desk = desk
        self._stations = stations
        self._overrides = dict(overrides or {})
        self._make = targets or self._from_settings
        self._open: dict[str, Target] = {}

    async def carry(self, row: Row, files: Mapping[str, bytes]) -> Change:
        target = self._target(row)
        if target is None:
            return self._there(row, HANDED_OVER, [])
        try:
            receipts = [await push(target, self._name(name), data, attempts=_ATTEMPTS) for name, data in files.items()]
        except TargetLater as error:
            wait = min(max(_AGAIN, timedelta(seconds=min(error.retry_after or 0, _DAY))), _LATER)
            if row.attempts >= _TRIES:
                self.trouble = error  # nobody sits before a release for hours; run again, it tries again
            return self._back(row, error.code, wait)
        except TargetRefuses as error:
            self.trouble = error
            return self._back(row, error.code, _SOON)
        return self._there(row, PUSHED, receipts)

    async def arrived(self, row: Row, files: Mapping[str, bytes]) -> Change | None:
        target = self._target(row)
        if target is None:
            return self._there(row, HANDED_OVER, [])
        found: list[Receipt] = []
        try:
            for name, data in files.items():
                receipt = await target.has(self._name(name), _sha256(data), len(data))
                if receipt is None:
                    return Change(row.id, RowState.PLANNED, "not-handed-over")
                found.append(receipt)
        except (TargetLater, TargetRefuses):
            return None  # nobody can say now
        return self._there(row, PUSHED, found)

    async def close(self) -> None:
        for target in self._open.values():
            await target.close()
        self._open.clear()

    def _target(self, row: Row) -> Target | None:
        station = self._stations.get(row.recipient)
        name = station.target if station else ""
        if name and name not in self._open:
            with self._desk.workspace.lines_named():
                self._open[name] = self._make(name)
        return self._open.get(name)

    def _from_settings(self, name: str) -> Target:
        settings = target_named(self._desk.workspace.settings.loudspeaker, name)
        return open_target(settings, self._desk.environ, self._desk.clock, self._desk.workspace.root)

    def _name(self, file: str) -> str:
        """A folder a bulletin: stations find the new one beside the old."""
        return f"{self._job.wave.slug}-{self._job.deliverable.id}/{file}"

    def _back(self, row: Row, code: str, wait: timedelta) -> Change:
        return Change(row.id, RowState.PLANNED, code, retry_at=self._desk.clock.now() + wait)

    def _there(self, row: Row, reason: str, receipts: Sequence[Receipt]) -> Change:
        """What the ledger keeps: the receipts, and why something was passed that should have stopped it."""
        told: dict[str, object] = {"receipts": [receipt.as_json() for receipt in receipts]} if receipts else {}
        told |= {"overrides": self._overrides} if self._overrides else {}
        return Change(row.id, RowState.ACCEPTED, reason, raw=canonical(told).decode() if told else "")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
