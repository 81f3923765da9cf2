"""The import as one would write it first: `csv`, a row after the other, a dict of numbers. What the quick one is held
against.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from loa.audience.cells import guard, unguard
from loa.audience.places import Places
from loa.audience.reading import OURS, ROW_COLUMN
from loa.audience.rows import Fault, Judged, clean, judge, number_of
from loa.audience.vocabulary import plain, vocabulary
from loa.model.audience import Recipient
from loa.model.phone import Number
from loa.text.normal import nfc

Columns = Mapping[str, int]


@dataclass(frozen=True)
class Row:
    """`number` as a spreadsheet shows it; `cells` as they stand, those beyond the header too."""

    number: int
    cells: Sequence[str]
    fault: str = ""


@dataclass
class Plain:
    """What came of a list. A reject is a line of the rejects file, cell by cell."""

    people: list[Recipient]
    rejects: list[list[str]]
    reasons: dict[str, int]
    groups_dropped: int


@dataclass
class _Gathered:
    recipients: dict[str, Recipient]
    mine: dict[str, Row] = field(default_factory=dict)
    rejects: list[tuple[Row, tuple[Fault, ...]]] = field(default_factory=list)
    refused: dict[str, Row] = field(default_factory=dict)
    dropped: int = 0


def records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(row number, cells) of every row that has any."""
    text = re.sub(r"\r(?!\n|\Z)", "\n", text)
    text = re.sub(r"\r?\n\Z|\r\Z", "", text)  # the end of the last line is in no cell, open quotes or not
    for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), start=1):
        if any(cell.strip() for cell in cells):
            yield number, cells


def rows(text: str, delimiter: str) -> tuple[list[str], list[Row]]:
    """The header, and the rows below it."""
    found = list(records(text, delimiter))
    header = [nfc(unguard(cell)).strip() for cell in found[0][1]]
    return header, [_row(number, raw, header, delimiter) for number, raw in found[1:]]


def _row(number: int, raw: list[str], header: list[str], delimiter: str) -> Row:
    cells = [unguard(cell) for cell in raw]
    while len(cells) > len(header) and not cells[-1].strip():
        cells.pop()
    fault = ""
    if len(cells) > len(header):
        fault = "row-too-long"
    elif len(header) > 1 and any("\n" in cell and cell.count(delimiter) >= len(header) - 1 for cell in cells):
        fault = "row-swallowed"
    cells += [""] * (len(header) - len(cells))
    if not fault and [nfc(cell).strip() for cell in cells] == header:
        fault = "row-header-again"
    origin = cells[header.index(ROW_COLUMN)].strip() if ROW_COLUMN in header else ""
    return Row(int(origin) if re.fullmatch(r"[0-9]{1,9}", origin) else number, cells, fault)


def import_plainly(
    text: str, delimiter: str, places: Places, known: Sequence[Recipient] = (), opted_out: Sequence[str] = ()
) -> Plain:
    """Everything that `import_people` does to a text whose first row holds the names of columns."""
    header, below = rows(text, delimiter)
    columns: dict[str, int] = {}
    for i, name in enumerate(header):
        column = vocabulary().columns.get(plain(name))
        if column and not name.startswith(OURS):
            columns[column] = i
    found = _Gathered({person.phone: person for person in known})
    for row in below:
        _take(row, columns, places, opted_out, found)
    for phone, other in found.refused.items():
        if found.recipients.pop(phone, None) and phone in found.mine:
            found.rejects.append((found.mine[phone], (_of_number("consent-contradicted", phone, row=other.number),)))
    order = {id(row): place for place, row in enumerate(below)}
    found.rejects.sort(key=lambda reject: order[id(reject[0])])
    keep = [i for i, name in enumerate(header) if not (name.startswith(OURS) or vocabulary().is_sensitive(name))]
    return Plain(
        list(found.recipients.values()),
        [_line(row, faults, header, keep, columns) for row, faults in found.rejects],
        dict(sorted(Counter(faults[0].code for _, faults in found.rejects).items())),
        found.dropped,
    )


def _take(row: Row, columns: Columns, places: Places, opted_out: Sequence[str], found: _Gathered) -> None:
    if row.fault:
        found.rejects.append((row, (Fault(row.fault),)))
        return
    cells = {column: clean(row.cells[i]) for column, i in columns.items()}
    number = number_of(cells["phone"])
    one = judge(cells, places)
    phone = number.e164 if isinstance(number, Number) else ""
    if one.said_no and phone:
        found.refused.setdefault(phone, row)
    faults = (*([] if isinstance(number, Number) else [number]), *one.faults)
    if phone in opted_out:
        found.rejects.append((row, (_of_number("phone-opted-out", phone),)))
    elif faults or isinstance(number, Fault):
        found.rejects.append((row, faults))
    else:
        found.dropped += one.group_dropped
        _give(row, number, one, found)


def _give(row: Row, number: Number, one: Judged, found: _Gathered) -> None:
    person = Recipient(number.e164, number.operator, one.commune, one.language, one.group)
    if number.e164 not in found.recipients:
        found.recipients[number.e164], found.mine[number.e164] = person, row
    elif number.e164 in found.mine:
        other = found.mine[number.e164].number
        found.rejects.append((row, (_of_number("phone-duplicate", number.e164, row=other),)))
    elif found.recipients[number.e164] != person:
        found.rejects.append((row, (_of_number("phone-known", number.e164),)))


def _of_number(code: str, phone: str, **fields: object) -> Fault:
    return Fault(code, "phone", phone, fields)


def _line(row: Row, faults: Sequence[Fault], header: list[str], keep: list[int], columns: Columns) -> list[str]:
    names = [header[columns[fault.column]] if fault.column in columns else fault.column for fault in faults]
    ours = (
        str(row.number),
        ", ".join(name for name in names if name),
        ", ".join(fault.value for fault in faults if fault.value),
        ", ".join(fault.code for fault in faults),
        " ".join(fault.words.vi for fault in faults),
        " ".join(fault.words.en for fault in faults),
    )
    return [guard(cell) for cell in (*ours, *(row.cells[i] for i in keep), *row.cells[len(header) :])]
