"""From tables to lines: which row names the columns, what stands above it, and what each row after it says. Pure.

A sheet may hold several tables, one below the other: every row that names a result and a day begins a new one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from loa.filled import Table, plain
from loa.loudspeaker.airlog import COLUMNS
from loa.loudspeaker.airlog_reading.words import column_meant, is_ditto
from loa.model.errors import Mistake, Where
from loa.text.normal import nfc

_DAYS, _RESULTS = frozenset({"date", "moment"}), frozenset({"result", "played", "failed"})
SAID = ("date", "moment", "time", "result", "played", "failed")
"""The columns that only somebody who has something to report fills in."""

_NAMES = {
    **{name: title for name, (title, _) in COLUMNS.items()},
    "moment": "Ngày giờ phát",
    "played": "Đã phát",
    "failed": "Không phát được",
    "package": "Mã gói tin",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One row below the names of columns. `cells` has what is not empty, by column; `alone` are the words of a row that
    has one cell only, which may be a heading of those that follow."""

    file: str
    sheet: str
    number: int
    names: Mapping[str, str]
    cells: Mapping[str, str]
    first: str = ""
    alone: str = ""

    def get(self, column: str) -> str:
        return self.cells.get(column, "")

    @property
    def says(self) -> bool:
        """Whether somebody reports something in it."""
        return any(column in self.cells for column in SAID)

    def mistake(self, code: str, column: str = "", **fields: object) -> Mistake:
        """A mistake in a cell, at its place: file and sheet, line, and the column as the file itself names it."""
        name = self.names.get(column) or _NAMES.get(column)
        return Mistake(code, Where(self.file, self.number, name), fields)


@dataclass(frozen=True, slots=True)
class Lines:
    """One sheet: the words above its first table, and its lines. `found`: it has a table at all."""

    file: str
    sheet: str
    head: tuple[tuple[str, ...], ...]
    lines: tuple[Line, ...] = ()
    found: bool = True
    empty: bool = False
    missing: tuple[str, ...] = field(default=())


def lines_of(table: Table, file: str) -> Lines:
    """A sheet's lines. `file` is how mistakes name the file."""
    name = f"{file} [{table.sheet}]" if table.sheet else file
    rows = [[nfc(plain(cell)) for cell in row] for row in table.rows]
    start = next((place for place, row in enumerate(rows) if _is_header(_columns(row))), None)
    head = tuple(tuple(cell for cell in row if cell) for row in rows[: start or 0])
    if start is None:
        return Lines(name, table.sheet, (), (), False, not any(any(row) for row in rows), _missing(rows))
    return Lines(name, table.sheet, head, tuple(_lines(rows, start, name, table.sheet)))


def _lines(rows: Sequence[Sequence[str]], start: int, file: str, sheet: str) -> Iterator[Line]:
    columns: Mapping[str, int] = {}
    names: Mapping[str, str] = {}
    above: dict[str, str] = {}
    header = 0
    for number, row in enumerate(rows[start:], start + 1):
        asked = _columns(row)
        words = [cell for cell in row if cell]
        below = number == header + 1 and len(words) > 1 and all(map(column_meant, words))
        if below and not _is_header(asked):  # names in two rows: "đã phát" and "không phát được" below "kết quả"
            taken = set(asked.values())
            asked = {**{name: place for name, place in columns.items() if place not in taken}, **asked}
        if below or _is_header(asked):
            columns, above, header = asked, {}, number
            names = {**names, **{name: row[at] for name, at in asked.items() if at < len(row) and row[at]}}
            continue
        if not words or _is_numbering(words):
            continue
        cells = {column: row[place] for column, place in columns.items() if place < len(row) and row[place]}
        cells = {column: above.get(column, "") if is_ditto(cell) else cell for column, cell in cells.items()}
        above = {**above, **cells}
        cells = {column: cell for column, cell in cells.items() if cell}
        yield Line(file, sheet, number, names, cells, words[0], words[0] if len(words) == 1 else "")


def _columns(row: Sequence[str]) -> dict[str, int]:
    """Which column each cell names; the first one counts."""
    found: dict[str, int] = {}
    for place, cell in enumerate(row):
        if cell and (column := column_meant(cell)):
            found.setdefault(column, place)
    return found


def _is_header(columns: Mapping[str, int]) -> bool:
    return bool(_DAYS & columns.keys()) and bool(_RESULTS & columns.keys())


def _missing(rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The needed columns that the row which names the most of them lacks."""
    best = max((_columns(row) for row in rows), key=len, default={})
    wanted = (("date", _DAYS), ("result", _RESULTS))
    return tuple(_NAMES[name] for name, columns in wanted if not columns & best.keys())


def _is_numbering(words: Sequence[str]) -> bool:
    """`(1) (2) (3)` or `1 2 3`, as official forms number their columns."""
    numbers = [re.fullmatch(r"\(?(\d{1,2})\)?", word) for word in words]
    found = [int(number[1]) for number in numbers if number]
    return len(found) == len(words) > 2 and found == list(range(found[0], found[0] + len(found)))
