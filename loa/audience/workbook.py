"""A spreadsheet program's own file -> its sheets as tables of text. calamine reads it (Rust; through fastexcel).

A sheet has at most 1,048,576 rows, so a longer list is a CSV file. A number comes as its digits (912000123.0 as
912000123), a date as `2000-12-09 00:00:00`, a formula as what it came to, an error (#N/A) as an empty cell.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import BinaryIO

import fastexcel
import polars as pl

from loa.audience.records import cell
from loa.model.errors import ContentError

MAX_BYTES = 250_000_000  # as it lies on the disk; a full sheet of people is a sixth of it
MAX_UNPACKED = 2_000_000_000
_STARTS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")


def is_workbook(file: BinaryIO) -> bool:
    """Whether a file begins as XLSX, XLSB, ODS (zip) or XLS do."""
    file.seek(0)
    return file.read(8).startswith(_STARTS)


def sheets(file: BinaryIO, name: str) -> Iterator[tuple[str, tuple[str, ...], pl.DataFrame]]:
    """Each sheet: its name, the names of the others, and its rows from the first one on as columns by `cell`.

    Nothing is null. Raises `ContentError` people-workbook, file-too-big.
    """
    file.seek(0)
    data = file.read(MAX_BYTES + 1)
    unpacked = _unpacked(file, name) if data.startswith(b"PK") else 0
    for size, most in ((len(data), MAX_BYTES), (unpacked, MAX_UNPACKED)):
        if size > most:
            raise ContentError.at("file-too-big", name, size=size, most=most)
    try:
        book = fastexcel.read_excel(data)
        for title in book.sheet_names:
            table = pl.DataFrame(book.load_sheet(title, header_row=None, skip_rows=0, dtypes="string"))
            table.columns = [cell(i) for i in range(table.width)]
            yield title, tuple(other for other in book.sheet_names if other != title), table.fill_null("")
    except fastexcel.FastExcelError as error:
        raise ContentError.at("people-workbook", name) from error


def _unpacked(file: BinaryIO, name: str) -> int:
    """Bytes that the file claims to hold: a few kilobytes can be made to hold what no memory does."""
    try:
        with zipfile.ZipFile(file) as packed:
            return sum(part.file_size for part in packed.infolist())
    except zipfile.BadZipFile as error:
        raise ContentError.at("people-workbook", name) from error
