"""Hands packages to people through a folder, with a row in the ledger per commune.

Channels whose release is a package - broadcasts, posters - share this: what is laid in the outbox can be looked at
again, so a row in doubt is settled by looking, and doing it twice gives the same files.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from loa.channel import Desk, Job
from loa.model.artefact import Artefact, digest
from loa.model.campaign import Places
from loa.model.errors import ContentError, StoreError
from loa.model.ledger import Change, PlannedRow, Progress
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

    def expand(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> int:
        return expand_places(job, desk, artefacts, self.places(job))

    async def release(self, job: Job, artefacts: Sequence[Artefact], desk: Desk, limit: int) -> Progress:
        return await hand_over(job, desk, artefacts, limit, lambda made: self.package(job, made, desk))

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


def expand_places(job: Job, desk: Desk, artefacts: Sequence[Artefact], places: Places) -> int:
    """One row per commune. Returns how many are new."""
    body = _package_digest(artefacts)
    languages = ",".join(job.deliverable.languages)
    planned = (
        PlannedRow(commune.code, "", commune.code, languages, body, parts=0)
        for commune in communes_for(job, places, desk)
    )
    now = desk.clock.now()
    added = desk.store.ledger.expand(job.key, job.bundle, planned, now)
    desk.store.ledger.drop_left_over(job.key, job.bundle, now)
    return added


async def hand_over(job: Job, desk: Desk, artefacts: Sequence[Artefact], limit: int, package: Package) -> Progress:
    """Lays the package in the outbox and marks up to `limit` communes as handed over.

    Raises `StoreError` (disk full); the rows are then planned again, since it is certain that nobody got anything.
    """
    store = desk.store
    with store.lanes.held(_lane(job), desk.clock.now()) as lease:
        if lease is None:
            left, _ = store.figures.waiting(job.wave.key, job.deliverable.id, job.bundle)
            return Progress(0, left, 1.0, held="lane-held")
        store.ledger.doubt(lease, desk.clock.now())
        await settle(job, desk, artefacts, package)
        rows = store.ledger.claim(job.key, job.bundle, lease, limit, desk.clock.now())
        if rows:
            try:
                lay(folder(job, desk), package(artefacts))
            except StoreError as error:
                back = [Change(row.id, RowState.PLANNED, error.code, spends_attempt=False) for row in rows]
                store.ledger.record(lease, back, desk.clock.now())
                raise
            name = _package_digest(artefacts)[:16]
            done = [Change(row.id, RowState.ACCEPTED, "handed-over", name) for row in rows]
            store.ledger.record(lease, done, desk.clock.now())
    left, _ = store.figures.waiting(job.wave.key, job.deliverable.id, job.bundle)
    return Progress(len(rows), left)


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
