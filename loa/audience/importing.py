"""A file of people -> clean recipients, and the rows that a person must look at. Reads bytes, writes nothing."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from loa.audience.places import Places
from loa.audience.reading import Sheet, read
from loa.audience.rows import COMMUNE_COLUMNS, Fault, Judged, judge
from loa.model.audience import AudienceInfo, Recipient
from loa.model.clock import Clock
from loa.model.finding import Finding

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Before:
    """The audience that a mended rejects file is added to; its people are only gone through where they are needed."""

    info: AudienceInfo
    people: Iterable[Recipient]


@dataclass(frozen=True)
class Gathered:
    """Rows put together: recipients in the order of the file, each number once, and the rows that came to nothing."""

    people: tuple[Recipient, ...]
    rejects: tuple[Judged, ...]
    groups_dropped: int


@dataclass(frozen=True)
class Imported:
    """What came of a file. `info.sha256` is given by the store when the people are kept."""

    sheet: Sheet
    people: tuple[Recipient, ...]
    rejects: tuple[Judged, ...]
    info: AudienceInfo
    warnings: tuple[Finding, ...]

    def frame(self) -> pl.DataFrame:
        """The people as the store keeps them: the columns of `loa.store.audiences.COLUMNS`, all text."""
        import polars as pl

        columns = ("phone", "operator", "commune", "language", "group")
        values = {column: [getattr(person, column) for person in self.people] for column in columns}
        return pl.DataFrame(values, schema=dict.fromkeys(columns, pl.String))


def import_people(
    data: bytes, source_name: str, name: str, places: Places, clock: Clock, before: Before | None = None
) -> Imported:
    """Clean recipients out of a file's bytes, under the audience name `name`.

    A rejects file of Loa's that comes back mended is added to `before`; every other file stands for itself. Raises
    `ContentError` where the file as a whole cannot be used (`loa.audience.reading`).
    """
    sheet = read(data, source_name)
    base = before if sheet.is_rejects else None
    judged = (judge(row, sheet.columns, places) for row in sheet.rows)
    found = gather(judged, base.people if base else ())
    sha256 = hashlib.sha256(data).hexdigest()
    info = AudienceInfo(
        name=name,
        sha256="",
        source_name=_joined(base.info.source_name, source_name) if base else source_name,
        source_sha256=base.info.source_sha256 if base else sha256,
        imported_at=clock.now().isoformat(timespec="seconds"),
        total=len(found.people) + len(found.rejects),
        clean=len(found.people),
        rejected=len(found.rejects),
        operators=dict(sorted(Counter(person.operator for person in found.people).items())),
        reasons=dict(sorted(Counter(reject.faults[0].code for reject in found.rejects).items())),
    )
    return Imported(sheet, found.people, found.rejects, info, _warnings(sheet, found.groups_dropped))


def gather(judged: Iterable[Judged], known: Iterable[Recipient] = ()) -> Gathered:
    """Each number once: the first good row has it. `known` are there already and have it before any row.

    A row that repeats a known recipient in every field is no reject: it was taken before. A number that any row says
    no for gets nothing, whatever another row says.
    """
    people: dict[str, Judged | None] = {}
    recipients = {person.phone: person for person in known}
    people.update(dict.fromkeys(recipients))
    rejects: list[Judged] = []
    refused: dict[str, int] = {}
    dropped = 0
    for one in judged:
        dropped += one.group_dropped
        if one.said_no and one.phone:
            refused.setdefault(one.phone, one.row.number)
        if one.recipient is None:
            rejects.append(one)
        elif one.phone not in recipients:
            people[one.phone], recipients[one.phone] = one, one.recipient
        elif (first := people[one.phone]) is not None:
            rejects.append(_rejected(one, "phone-duplicate", row=first.row.number))
        elif recipients[one.phone] != one.recipient:
            rejects.append(_rejected(one, "phone-known"))
    for phone, row in refused.items():
        if recipients.pop(phone, None) is not None and (one_of_two := people[phone]) is not None:
            rejects.append(_rejected(one_of_two, "consent-contradicted", row=row))
    rejects.sort(key=lambda reject: reject.row.number)
    return Gathered(tuple(recipients.values()), tuple(rejects), dropped)


def _rejected(one: Judged, code: str, **fields: object) -> Judged:
    return replace(one, recipient=None, faults=(Fault(code, "phone", one.phone, fields),))


def _warnings(sheet: Sheet, groups_dropped: int) -> tuple[Finding, ...]:
    """What is to be known of the file as a whole."""
    found: list[Finding] = []
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
