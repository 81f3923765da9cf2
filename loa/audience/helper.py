"""Rejects that were mended in the wrong place: in the column that Loa put before the list's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from loa.audience.places import Places
from loa.audience.reading import COLUMN_COLUMN, VALUE_COLUMN, Sheet
from loa.audience.records import PLACE, cell
from loa.audience.rows import Fault, clean, judge, number_of
from loa.model.finding import Finding


def elsewhere(sheet: Sheet, places: Places, rejects: pl.DataFrame) -> Iterator[Finding]:
    """One finding where rejected rows say in the helper column what would have been right in the list's own.

    Nothing for a file that is no rejects file. `rejects` has the `PLACE` of each row that came to nothing.
    """
    if not sheet.is_rejects:
        return
    named = {sheet.header[place]: column for column, place in sheet.columns.items()}
    count = 0
    for frame in sheet.frames_at(rejects.select(PLACE)):
        if {COLUMN_COLUMN, VALUE_COLUMN} <= set(frame.columns):
            sound = frame.filter(pl.col("fault") == "")
            count += sum(_mended(row, named, sheet, places) for row in sound.iter_rows(named=True))
    if count:
        yield Finding("people-helper-edited", sheet.name, {"rows": count})


def _mended(row: Mapping[str, str], named: Mapping[str, str], sheet: Sheet, places: Places) -> bool:
    """Whether a column is faulty as it stands, and would not be with what the helper column says."""
    columns, values = row[COLUMN_COLUMN].split(", "), row[VALUE_COLUMN].split(", ")
    if len(columns) == 1:
        values = [row[VALUE_COLUMN]]
    if len(columns) != len(values):  # cells that were empty left nothing in the helper column
        return False
    cells = {column: clean(row[cell(place)]) for column, place in sheet.columns.items()}
    told = {named[name]: clean(value) for name, value in zip(columns, values, strict=True) if name in named}
    faulty = _faulty(cells, places)
    return any(
        column in faulty
        and value not in {"", cells[column]}
        and column not in _faulty({**cells, column: value}, places)
        for column, value in told.items()
    )


def _faulty(cells: Mapping[str, str], places: Places) -> frozenset[str]:
    """The columns that have something to mend."""
    number = number_of(cells["phone"])
    others = judge({column: text for column, text in cells.items() if column != "phone"}, places).faults
    return frozenset(fault.column for fault in ((number,) if isinstance(number, Fault) else ()) + others)
