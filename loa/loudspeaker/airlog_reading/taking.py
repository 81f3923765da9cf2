"""Takes filled air logs back into the store.

All files are read first. Nothing is entered as long as any of them has a mistake, unless the caller asks for those
that have none; what is entered is one transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from loa.channel import Desk
from loa.filled import tables
from loa.loudspeaker import station_list
from loa.loudspeaker.airlog import COLUMNS
from loa.loudspeaker.airlog_reading.entries import Read, read_lines, repeated
from loa.loudspeaker.airlog_reading.lines import Line, lines_of
from loa.loudspeaker.airlog_reading.sources import Source, gather
from loa.loudspeaker.airlog_reading.whose import Bulletin
from loa.loudspeaker.order import last_day
from loa.model.artefact import Artefact
from loa.model.clock import VIETNAM
from loa.model.errors import ContentError, Mistake, Where
from loa.model.places import Station
from loa.store.airings import Airing, Entered, Package


@dataclass
class Filled:
    """What one file came to: its entries with their lines, and what is wrong or odd in it."""

    name: str
    entries: list[tuple[Airing, Line]] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    warnings: list[Mistake] = field(default_factory=list)
    waiting: int = 0

    def add(self, read: Read) -> None:
        self.entries += read.entries
        self.mistakes += read.mistakes
        self.warnings += read.warnings
        self.waiting += read.waiting


@dataclass(frozen=True)
class Taken:
    """What an import did. `entered` is none where it was only tried."""

    files: tuple[Filled, ...]
    entered: Entered | None

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        return tuple(one for file in self.files for one in file.mistakes)

    @property
    def good(self) -> tuple[Filled, ...]:
        return tuple(file for file in self.files if not file.mistakes)


def take(
    desk: Desk,
    paths: Sequence[Path],
    by: str,
    *,
    package: str = "",
    dry_run: bool = False,
    partly: bool = False,
    instead: bool = False,
) -> Taken:
    """Reads sheets and enters what they say.

    `package` is the one meant where a sheet names none. `dry_run` enters nothing; `partly` enters the files that have
    no mistakes and leaves the mistakes of the others to the caller; `instead` takes back what was entered before of
    the communes at hand and is not said again. Raises `ContentError` with the mistakes of all files.
    """
    found = bulletins(desk)
    now = desk.clock.now()
    files = [_filled(source, found, now, package) for source in gather(paths)]
    _hold_against_each_other(files)
    taken = Taken(tuple(files), None)
    if taken.mistakes and not partly:
        raise ContentError(taken.mistakes)
    if dry_run:
        return taken
    said = [one for file in taken.good for one, _ in file.entries]
    return Taken(taken.files, desk.store.airings.enter(said, by, now, instead=instead))


def bulletins(desk: Desk) -> tuple[Bulletin, ...]:
    """Every package that communes may have, as it was approved when it was handed over."""
    return tuple(_bulletin(desk, package) for package in desk.store.airings.packages())


def approved(package: Package) -> Mapping[str, Any]:
    """What was approved of a package's deliverable: its fields, places and clauses."""
    of = (item for item in package.covered["deliverables"] if item["deliverable"]["id"] == package.deliverable)
    found: Mapping[str, Any] = next(of)
    return found


def validity(package: Package) -> tuple[datetime, date]:
    """From which moment to the end of which day a package may be played (Vietnam's time)."""
    start = datetime.fromisoformat(package.covered["send_at"]).astimezone(VIETNAM)
    return start, last_day(start.date(), approved(package)["deliverable"].get("valid_days", 1))


def _bulletin(desk: Desk, package: Package) -> Bulletin:
    said = approved(package)
    first, last = validity(package)
    names = {code: unit.name for code, unit in desk.workspace.communes.items()}
    return Bulletin(
        id=f"{package.wave.replace('/', '-')}-{package.deliverable}",
        wave=package.wave,
        deliverable=package.deliverable,
        valid_from=first,
        valid_to=last,
        languages=tuple(said["deliverable"]["languages"]),
        rows={row.recipient: row for row in desk.store.airings.rows(package.wave, package.deliverable)},
        names={**names, **dict(said["places"])},
        own={code: station.languages for code, station in _stations(desk, said).items()},
    )


def _stations(desk: Desk, said: Mapping[str, Any]) -> Mapping[str, Station]:
    """The stations as they were approved; none of a bulletin from before they were."""
    artefacts = [Artefact.from_json(row) for row in said["artefacts"] if row["role"] == station_list.ROLE]
    return station_list.read(artefacts, desk) if artefacts else {}


def _filled(source: Source | Mistake, found: Sequence[Bulletin], now: datetime, package: str) -> Filled:
    if isinstance(source, Mistake):
        return Filled(source.where.file, mistakes=[source])
    made = Filled(source.name)
    sha256 = hashlib.sha256(source.raw).hexdigest()
    missing: tuple[str, ...] = ()
    tabled = False
    try:
        for table in tables(source.raw, source.name):
            sheet = lines_of(table, source.name)
            if sheet.found:
                made.add(read_lines(sheet, found, now, sha256, package))
                tabled = True
            elif not sheet.empty and not table.hidden:
                missing = missing or sheet.missing
                made.warnings.append(Mistake("airlog-sheet-skipped", Where(sheet.file)))
    except ContentError as error:
        made.mistakes += error.mistakes
        return made
    if not tabled:
        names = ", ".join(missing or (COLUMNS["date"][0], COLUMNS["result"][0]))
        made.mistakes.append(Mistake("airlog-columns", Where(source.name), {"missing": names}))
        made.warnings.clear()
    return made


def _hold_against_each_other(files: Sequence[Filled]) -> None:
    """The same broadcast told in two ways, in one file or in two."""
    entries = [(file, entry) for file in files for entry in file.entries]
    for number, mistake, wrong in repeated([entry for _, entry in entries]):
        file = entries[number][0]
        (file.mistakes if wrong else file.warnings).append(mistake)
