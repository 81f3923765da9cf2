"""Hands packages to people through a folder, with a row in the ledger per commune.

Channels whose release is a package - broadcasts, posters - share this: what is laid in the outbox can be looked at
again, so a row in doubt is settled by looking, and doing it twice gives the same files.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from loa.channel import Delivery, Desk, Job
from loa.model.artefact import Artefact, digest
from loa.model.campaign import Places
from loa.model.errors import ContentError, LoaError, StoreError
from loa.model.ledger import Change, Lease, Pause, PlannedRow, Progress, Row
from loa.model.places import Commune
from loa.model.states import RowState
from loa.store.artefacts import write_whole

HANDED_OVER = "handed-over"
_AT_ONCE = 50  # rows that may be in doubt together, where each has a package of its own


class Carrier:
    """Takes packages further than the outbox, for the length of one delivery. This one leaves them where they lie."""

    trouble: LoaError | None = None
    """What keeps it from going on; told once everything else is out. The rows it brought back stay planned."""

    async def carry(self, row: Row, files: Mapping[str, bytes]) -> Change:
        """Takes a recipient's own files on; they lie in the outbox whole by now."""
        return Change(row.id, RowState.ACCEPTED, HANDED_OVER)

    async def arrived(self, row: Row, files: Mapping[str, bytes]) -> Change | None:
        """What became of files that were on their way when a process died; nothing where nobody can say.

        Asked only where the files lie in the outbox whole.
        """
        return Change(row.id, RowState.ACCEPTED, HANDED_OVER)

    async def close(self) -> None:
        """Ends connections."""


class ByPackage(ABC):
    """The release side of a channel that hands files to people: a base for such channels."""

    @abstractmethod
    def places(self, job: Job) -> Places:
        """Whom the package is for."""

    def package(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> Mapping[str, bytes]:
        """What everybody is given: relative file name -> bytes; the same bytes for the same artefacts."""
        return {}

    def own(self, job: Job, artefacts: Sequence[Artefact], desk: Desk, recipient: str) -> Mapping[str, bytes]:
        """What one recipient is given besides. One at a time: all of them together may not fit into memory."""
        return {}

    def carrier(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> Carrier:
        """Who takes the files further than the outbox; by default nobody: people fetch them there."""
        return Carrier()

    def planned(self, job: Job, artefacts: Sequence[Artefact], body: str, desk: Desk) -> Iterable[PlannedRow]:
        """Who is given the package: one row per commune, unless a channel says otherwise. `body` names the package."""
        return commune_rows(job, self.places(job), body, desk)

    def expand(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> int:
        return expand_rows(job, desk, self.planned(job, artefacts, _package_digest(artefacts), desk))

    @asynccontextmanager
    async def delivery(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> AsyncIterator[Delivery]:
        carrier = self.carrier(job, artefacts, desk)
        try:
            yield HandOver(self, carrier, job, desk, artefacts)
        finally:
            await carrier.close()

    async def settle(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> int:
        carrier = self.carrier(job, artefacts, desk)
        try:
            return await self.settle_by(carrier, job, artefacts, desk)
        finally:
            await carrier.close()

    async def settle_by(self, carrier: Carrier, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> int:
        """Settles rows in doubt by looking into the outbox, where the files are whole or they are not, and by asking
        whoever carried them."""
        doubtful = desk.store.figures.in_doubt(job.wave.key, job.deliverable.id)
        if not doubtful:
            return 0
        target, name = folder(job, desk), _package_digest(artefacts)[:16]
        shared = _laid(target, self.package(job, artefacts, desk))
        changes: list[Change] = []
        for row in doubtful:
            files = self.own(job, artefacts, desk, row.recipient)
            if not (shared and _laid(target, files)):
                changes.append(Change(row.id, RowState.PLANNED, "not-handed-over"))
            elif change := await carrier.arrived(row, files):
                changes.append(_named(change, name))
        return desk.store.ledger.settle(changes, desk.clock.now()) if changes else 0


def communes_for(job: Job, places: Places, desk: Desk) -> tuple[Commune, ...]:
    """The communes a deliverable is for. Raises `ContentError` for a code that is not one of the plan's communes."""
    known = {commune.code: commune for commune in desk.workspace.communes_of(job.plan)}
    if places == "all":
        return tuple(known.values())
    missing = [code for code in places if code not in known]
    if missing:
        raise ContentError.at(
            "commune-missing",
            f"campaigns/{job.campaign.id}.yaml",
            None,
            f"{job.deliverable.id}.places",
            codes=", ".join(missing),
            plan=job.plan.number,
        )
    return tuple(known[code] for code in places)


def commune_rows(job: Job, places: Places, body: str, desk: Desk) -> tuple[PlannedRow, ...]:
    """One row per commune. Raises `ContentError` as `communes_for` does."""
    languages = ",".join(job.deliverable.languages)
    return tuple(
        PlannedRow(commune.code, "", commune.code, languages, body, parts=0)
        for commune in communes_for(job, places, desk)
    )


def expand_rows(job: Job, desk: Desk, planned: Iterable[PlannedRow]) -> int:
    """Puts the rows of a deliverable in place. Returns how many are new."""
    now = desk.clock.now()
    added = desk.store.ledger.expand(job.key, job.bundle, planned, now)
    desk.store.ledger.drop_left_over(job.key, job.bundle, now)
    return added


@dataclass(frozen=True)
class HandOver:
    """Implements `loa.channel.Delivery` for packages."""

    channel: ByPackage
    carrier: Carrier
    job: Job
    desk: Desk
    artefacts: Sequence[Artefact]

    def pause(self) -> Pause:
        now = self.desk.clock.now()
        if not self.desk.store.lanes.ask(_lane(self.job), now):
            return Pause(1.0)
        due = self.desk.store.figures.due(self.job.wave.key, self.job.deliverable.id, self.job.bundle, now)
        return Pause(max(0.0, (due - now).total_seconds())) if due else Pause()

    async def turn(self, limit: int) -> Progress:
        """Lays the packages in the outbox, carries them further, and marks up to `limit` rows as handed over.

        Raises `StoreError` (disk full); the rows are then planned again, since it is certain that nobody got anything.
        Raises what keeps a carrier from going on, once the others have theirs.
        """
        job, store, now = self.job, self.desk.store, self.desk.clock.now
        done = 0
        with store.lanes.held(_lane(job), now()) as lease:
            if lease is not None:
                store.ledger.doubt(lease, now())
                await self.channel.settle_by(self.carrier, job, self.artefacts, self.desk)
                while done < limit:
                    rows = store.ledger.claim(job.key, job.bundle, lease, min(_AT_ONCE, limit - done), now()).rows
                    if not rows:
                        break
                    done += await self._hand(lease, rows)
        left, _ = store.figures.waiting(job.wave.key, job.deliverable.id, job.bundle)
        if left and self.carrier.trouble is not None:
            raise self.carrier.trouble
        return Progress(done, left)

    async def rest(self) -> None:
        """Nothing is held between two turns."""

    async def _hand(self, lease: Lease, rows: Sequence[Row]) -> int:
        """Returns how many rows left `planned`."""
        target, name = folder(self.job, self.desk), _package_digest(self.artefacts)[:16]
        changes: list[Change] = []
        try:
            lay(target, self.channel.package(self.job, self.artefacts, self.desk))
            for row in rows:
                if self.desk.store.lanes.renew(lease, self.desk.clock.now()) is None:
                    break  # another worker has the lane, and looks for what became of these rows
                files = self.channel.own(self.job, self.artefacts, self.desk, row.recipient)
                lay(target, files)
                changes.append(_named(await self.carrier.carry(row, files), name))
        except StoreError as error:
            rest = rows[len(changes) :]
            changes += [Change(row.id, RowState.PLANNED, error.code, spends_attempt=False) for row in rest]
            raise
        finally:
            # whoever was cancelled in the middle of a carry left rows without an answer: they are looked for next time
            self.desk.store.ledger.record(lease, changes, self.desk.clock.now())
        return sum(change.state is not RowState.PLANNED for change in changes)


def _named(change: Change, name: str) -> Change:
    """With the package's name, where something was handed over."""
    return change._replace(gateway_id=name) if change.state is RowState.ACCEPTED else change


def folder(job: Job, desk: Desk) -> Path:
    """Where the package of a deliverable lies: `var/outbox/<campaign>/<year>/<wave>/<deliverable>`."""
    return desk.workspace.outbox / job.wave.key / job.deliverable.id


def lay(target: Path, files: Mapping[str, bytes]) -> None:
    """Writes the files of a package, each whole or not at all; those that are there already stay."""
    for name, data in files.items():
        path = target / _safe(name)
        if not (path.is_file() and path.read_bytes() == data):
            write_whole(path, data)


def _laid(target: Path, files: Mapping[str, bytes]) -> bool:
    return all((target / name).is_file() and (target / name).read_bytes() == data for name, data in files.items())


def _safe(name: str) -> Path:
    path = Path(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError(f"a package's file must stay in its folder: {name!r}")
    return path


def _lane(job: Job) -> str:
    return f"outbox/{job.wave.key}/{job.deliverable.id}"


def _package_digest(artefacts: Sequence[Artefact]) -> str:
    return digest([[item.name, item.sha256] for item in artefacts])
