"""Hands packages to people through a folder, with a row in the ledger per commune.

Channels whose release is a package - broadcasts, posters - share this: what is laid in the outbox can be looked at
again, so a row in doubt is settled by looking, and doing it twice gives the same files.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from loa.channel import Delivery, Desk, Job
from loa.model.artefact import Artefact, digest
from loa.model.campaign import Places
from loa.model.errors import ContentError, StoreError
from loa.model.ledger import Change, Lease, Pause, PlannedRow, Progress, Row
from loa.model.places import Commune
from loa.model.states import RowState
from loa.store.artefacts import write_whole

Package = Callable[[Sequence[Artefact]], Mapping[str, bytes]]
"""Builds what is handed over: relative file name -> bytes; the same bytes for the same artefacts."""


class ByPackage(ABC):
    """The release side of a channel whose deliverable is one package for many communes: a base for such channels."""

    @abstractmethod
    def places(self, job: Job) -> Places:
        """Whom the package is for."""

    @abstractmethod
    def package(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> Mapping[str, bytes]:
        """What is handed over: relative file name -> bytes; the same bytes for the same artefacts."""

    def planned(self, job: Job, artefacts: Sequence[Artefact], body: str, desk: Desk) -> Iterable[PlannedRow]:
        """Who is given the package: one row per commune, unless a channel says otherwise. `body` names the package."""
        return commune_rows(job, self.places(job), body, desk)

    def expand(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> int:
        return expand_rows(job, desk, self.planned(job, artefacts, _package_digest(artefacts), desk))

    @asynccontextmanager
    async def delivery(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> AsyncIterator[Delivery]:
        yield HandOver(job, desk, artefacts, lambda made: self.package(job, made, desk))

    async def settle(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> int:
        return await settle(job, desk, artefacts, lambda made: self.package(job, made, desk))


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


def expand_places(job: Job, desk: Desk, artefacts: Sequence[Artefact], places: Places) -> int:
    """One row per commune. Returns how many are new."""
    return expand_rows(job, desk, commune_rows(job, places, _package_digest(artefacts), desk))


def expand_rows(job: Job, desk: Desk, planned: Iterable[PlannedRow]) -> int:
    """Puts the rows of a deliverable in place. Returns how many are new."""
    now = desk.clock.now()
    added = desk.store.ledger.expand(job.key, job.bundle, planned, now)
    desk.store.ledger.drop_left_over(job.key, job.bundle, now)
    return added


@dataclass(frozen=True)
class HandOver:
    """Implements `loa.channel.Delivery` for a package."""

    job: Job
    desk: Desk
    artefacts: Sequence[Artefact]
    make: Package

    def pause(self) -> Pause:
        free = self.desk.store.lanes.ask(_lane(self.job), self.desk.clock.now())
        return Pause() if free else Pause(1.0)

    async def turn(self, limit: int) -> Progress:
        """Lays the package in the outbox and marks up to `limit` rows as handed over.

        Raises `StoreError` (disk full); the rows are then planned again, since it is certain that nobody got anything.
        """
        job, store, now = self.job, self.desk.store, self.desk.clock.now
        with store.lanes.held(_lane(job), now()) as lease:
            if lease is None:
                left, _ = store.figures.waiting(job.wave.key, job.deliverable.id, job.bundle)
                return Progress(0, left)
            store.ledger.doubt(lease, now())
            await settle(job, self.desk, self.artefacts, self.make)
            rows = store.ledger.claim(job.key, job.bundle, lease, limit, now()).rows
            if rows:
                self._lay(lease, rows)
        left, _ = store.figures.waiting(job.wave.key, job.deliverable.id, job.bundle)
        return Progress(len(rows), left)

    async def rest(self) -> None:
        """Nothing is held between two turns."""

    def _lay(self, lease: Lease, rows: Sequence[Row]) -> None:
        ledger, now = self.desk.store.ledger, self.desk.clock.now
        try:
            lay(folder(self.job, self.desk), self.make(self.artefacts))
        except StoreError as error:
            back = [Change(row.id, RowState.PLANNED, error.code, spends_attempt=False) for row in rows]
            ledger.record(lease, back, now())
            raise
        name = _package_digest(self.artefacts)[:16]
        ledger.record(lease, [Change(row.id, RowState.ACCEPTED, "handed-over", name) for row in rows], now())


async def settle(job: Job, desk: Desk, artefacts: Sequence[Artefact], package: Package) -> int:
    """Settles rows in doubt by looking into the outbox: the package is there whole, or it is not."""
    doubtful = desk.store.figures.in_doubt(job.wave.key, job.deliverable.id)
    if not doubtful:
        return 0
    there = _laid(folder(job, desk), package(artefacts))
    state, reason = (RowState.ACCEPTED, "handed-over") if there else (RowState.PLANNED, "not-handed-over")
    name = _package_digest(artefacts)[:16] if there else ""
    return desk.store.ledger.settle([Change(row.id, state, reason, name) for row in doubtful], desk.clock.now())


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
