"""The file of rejects: what is wrong and what to mend, before each row as it was. Mended, it is fed back to import.

Its own columns begin with `loa:`, so that reading knows them and leaves them out. It holds what the list held (but for
sensitive columns), so only the account that runs Loa may read it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import polars as pl

from loa.audience.ahead import ahead
from loa.audience.cells import all_written
from loa.audience.columns import TOLD
from loa.audience.names_hidden import unnamed
from loa.audience.reading import COLUMN_COLUMN, OURS, ROW_COLUMN, VALUE_COLUMN, Sheet
from loa.audience.records import cell
from loa.model.audience import Reject
from loa.model.errors import StoreError
from loa.store.artefacts import write_stream

COLUMNS = (
    ROW_COLUMN,
    COLUMN_COLUMN,
    VALUE_COLUMN,
    f"{OURS}mã",
    f"{OURS}cần sửa",
    f"{OURS}to mend",
)
_BOM = "\ufeff"  # without it a spreadsheet shows Vietnamese as noise


def to_bytes(sheet: Sheet, rejects: Iterable[pl.DataFrame]) -> Iterator[bytes]:
    """The table in pieces, one line a row of the list: UTF-8 with BOM for spreadsheets, with the list's own delimiter.

    `rejects` as `loa.audience.importing.Imported.rejects` gives them.
    """
    names = pl.DataFrame({str(i): [name] for i, name in enumerate((*COLUMNS, *sheet.header))})
    yield _BOM.encode() + _lines(names, pl.Series([""]), sheet.delimiter)

    def lines(frame: pl.DataFrame) -> bytes:
        cells = frame.select(pl.col("number").cast(pl.String), *TOLD, *map(cell, range(len(sheet.header))))
        return _lines(cells, frame["tail"], sheet.delimiter)

    yield from ahead(lines, rejects)


def summary(rejects: pl.DataFrame, most: int) -> tuple[Reject, ...]:
    """The first rejects, for a screen or a log: of a value's digits the last two are shown, of what may be a name the
    first letters."""
    shown = rejects.head(most).select("number", *TOLD)
    return tuple(
        Reject(row=number, value=re.sub(r"[0-9](?=.*[0-9]{2})", "x", unnamed(value))[:60], code=code, vi=vi, en=en)
        for number, _, value, code, vi, en in shown.iter_rows()
    )


def write(path: Path, data: Iterable[bytes], *, own_folder: bool, meanwhile: Callable[[], None]) -> None:
    """Writes the file whole or not at all, at no moment readable to others; closes its folder too where that is ours.

    `meanwhile` is called once all of it is written and before it takes the place of what was there; if that raises,
    nothing was written. Raises `StoreError`.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if own_folder:
            path.parent.chmod(0o700)
    except OSError as error:
        raise StoreError("file-not-written", {"file": path.name, "problem": error.strerror or str(error)}) from error

    def pieces() -> Iterator[bytes]:
        yield from data
        meanwhile()

    write_stream(path, pieces(), mode=0o600)


def _lines(cells: pl.DataFrame, tail: pl.Series, delimiter: str) -> bytes:
    """Rows of a CSV file, each with its end. `tail` comes after the last cell as it is."""
    columns = [all_written(column, delimiter) for column in cells]
    lines = pl.select(pl.concat_str(columns, separator=delimiter)).to_series() + tail + "\r\n"
    made: bytes = lines.str.join("").cast(pl.Binary).item()
    return made
