"""A file of people -> clean recipients, and the rows that a person must look at. Reads a file, writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import polars as pl

from loa.audience.ahead import ahead, early
from loa.audience.columns import Columns
from loa.audience.gathering import Gathered, gather
from loa.audience.helper import elsewhere
from loa.audience.numbers import of_e164
from loa.audience.places import Places
from loa.audience.reading import Sheet, read
from loa.audience.rows import COMMUNE_COLUMNS
from loa.model.audience import AudienceInfo
from loa.model.clock import Clock
from loa.model.finding import Finding


@dataclass(frozen=True)
class Before:
    """The audience that a mended rejects file is added to. `people` reads them, in the columns of
    `loa.store.audiences.COLUMNS`; it is asked only where they are needed.
    """

    info: AudienceInfo
    people: Callable[[], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Added:
    """What a mended rejects file of so many `rows` did: people who are new, rows of people who were `known` and stay as
    they were, people who were `taken_back` because a row says no for them. Its other rows are rejected again.
    """

    rows: int
    new: int
    known: int
    taken_back: int


@dataclass(frozen=True)
class Imported:
    """What came of a file. `people` are as the store keeps them; `info.sha256` is given by it when they are kept.

    Of the rejects it holds only where they are (`_rejects`): their cells are read again when they are asked for.
    """

    sheet: Sheet
    people: pl.DataFrame
    info: AudienceInfo
    findings: tuple[Finding, ...]
    _columns: Columns
    _rejects: pl.DataFrame
    added: Added | None = None

    def rejects(self) -> Iterator[pl.DataFrame]:
        """The rejected rows in the order of the file, a block at a time: `number`, the columns of
        `loa.audience.columns.TOLD`, `tail` and the cells. Raises `ContentError` as reading does.
        """
        after = 0
        for frame in early(self.sheet.frames_at(self._rejects)):
            rows = frame.hstack(self._rejects.slice(after, frame.height).select("phone", "why", "other"))
            after += frame.height
            yield self._columns.describe(rows).hstack(rows.select("number", "tail", pl.col("^cell .*$")))


def import_people(
    file: BinaryIO,
    source_name: str,
    source_sha256: str,
    name: str,
    places: Places,
    clock: Clock,
    before: Before | None = None,
    opted_out: pl.Series | None = None,
) -> Imported:
    """Clean recipients out of a file, under the audience name `name`.

    A rejects file of Loa's that comes back mended is added to `before`; every other file stands for itself.
    `opted_out` are numbers (E.164) that want nothing. The file is gone through once here, and the rejects are read from
    it once more: it has to stay open until then. Raises `ContentError` where the file as a whole cannot be used
    (`loa.audience.reading`).
    """
    sheet = read(file, source_name)
    base = before if sheet.is_rejects else None
    columns = Columns(sheet.columns, sheet.header, places)
    decided = [columns.finish(block) for block in ahead(columns.prepare, early(sheet.frames()))]
    silent = pl.Series([], dtype=pl.UInt32) if opted_out is None else of_e164(opted_out)
    found = gather(decided, columns, base.people() if base else None, silent)
    info = AudienceInfo(
        name=name,
        sha256="",
        source_name=_joined(base.info.source_name, source_name) if base else source_name,
        source_sha256=base.info.source_sha256 if base else source_sha256,
        imported_at=clock.now().isoformat(timespec="seconds"),
        total=found.people.height + found.rejects.height,
        clean=found.people.height,
        rejected=found.rejects.height,
        operators=dict(sorted(found.people["operator"].value_counts().iter_rows())),
        reasons=found.reasons,
    )
    findings = (*_findings(sheet, found.groups_dropped), *elsewhere(sheet, places, found.rejects))
    added = _added(decided, found, base.info.clean) if base else None
    return Imported(sheet, found.people, info, findings, columns, found.rejects, added)


def _added(decided: Sequence[pl.DataFrame], found: Gathered, before: int) -> Added:
    rows, new = sum(frame.height for frame in decided), found.people.height - found.kept
    return Added(rows, new, rows - new - found.rejects.height, before - found.kept)


def _findings(sheet: Sheet, groups_dropped: int) -> tuple[Finding, ...]:
    """What is to be known of the file as a whole."""
    found = list(sheet.findings)
    if sheet.sensitive:
        found.append(Finding("people-sensitive-column", sheet.name, {"columns": ", ".join(sheet.sensitive)}))
    if groups_dropped:
        found.append(Finding("people-sensitive-group", sheet.name, {"rows": groups_dropped}))
    if "consent" not in sheet.columns:
        found.append(Finding("people-no-consent-column", sheet.name))
    if not sheet.columns.keys() & COMMUNE_COLUMNS:
        found.append(Finding("people-no-commune-column", sheet.name))
    return tuple(found)


def _joined(before: str, added: str) -> str:
    names = before.split(" + ")
    return before if added in names else f"{before} + {added}"
