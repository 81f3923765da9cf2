"""A file of people, bytes -> rows. Every mistake in the file as a whole is named with its line and what to do.

Reading knows what a column is, not what a cell should say: that is `rows`. Sensitive columns and the columns that Loa
put before a rejects file are left out here, so that nothing after this sees them.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from loa.audience.cells import unguard
from loa.audience.encoding import decode, old_font
from loa.audience.vocabulary import plain, vocabulary
from loa.model.errors import ContentError
from loa.model.phone import Number, parse
from loa.text.normal import nfc

DELIMITERS = ";,\t|"
OURS = "loa:"  # the columns of a rejects file begin so; a file that has them is one that comes back mended
ROW_COLUMN = f"{OURS}dòng"
MAX_CELL = 10_000  # characters; a longer one is an open quote that swallows what comes after it
MAX_LINES = 20  # lines of one row, for the same reason


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `number` is what a spreadsheet shows beside it (the header is 1); `cells` as they stand.

    In a rejects file that comes back `number` is still that of the list it came from.

    `fault` is a code where the row itself is broken: row-too-long, row-swallowed, row-header-again.
    """

    number: int
    cells: tuple[str, ...]
    fault: str = ""


@dataclass(frozen=True)
class Sheet:
    """A file that was opened: its header, where each column of ours is, and its rows, to be gone through once."""

    name: str
    delimiter: str
    header: tuple[str, ...]
    columns: Mapping[str, int]
    sensitive: tuple[str, ...]
    is_rejects: bool
    rows: Iterator[Row]


def read(data: bytes, name: str) -> Sheet:
    """Opens a file of people. `name` is how mistakes call it.

    Raises `ContentError`: file-empty, file-too-big, not-utf-8, people-workbook, people-old-encoding, people-zero-byte,
    people-no-phone-column, people-no-header, people-column-repeated, people-no-rows; while the rows are gone through
    also people-quote-open.
    """
    text, delimiter = _stated_delimiter(decode(data, name))
    delimiter = delimiter or _delimiter(text)
    records = _records(text, delimiter, name)
    number, header = next(records, (0, []))
    if not header:
        raise ContentError.at("file-empty", name)
    header = [nfc(unguard(cell)).strip() for cell in header]
    columns = _columns(header, name, number)
    keep = [i for i, cell in enumerate(header) if not cell.startswith(OURS) and not vocabulary().is_sensitive(cell)]
    rows = _rows(records, header, keep, delimiter)
    first = next(rows, None)
    if first is None:
        raise ContentError.at("people-no-rows", name, number)
    return Sheet(
        name=name,
        delimiter=delimiter,
        header=tuple(header[i] for i in keep),
        columns={column: keep.index(i) for column, i in columns.items()},
        sensitive=tuple(cell for cell in header if vocabulary().is_sensitive(cell)),
        is_rejects=any(cell.startswith(OURS) for cell in header),
        rows=itertools.chain((first,), rows),
    )


def _stated_delimiter(text: str) -> tuple[str, str]:
    """Excel's `sep=;`, which it shows as no row of its own."""
    stated = re.match(r"sep=([;,\t|])\r?\n", text)
    return (text[stated.end() :], stated[1]) if stated else (text, "")


def _delimiter(text: str) -> str:
    """The one under which the header has a phone column, then the most known columns, then the most columns."""
    start = text[:65_536]

    def score(delimiter: str) -> tuple[bool, int, int]:
        header = next((row for row in csv.reader(io.StringIO(start, newline=""), delimiter=delimiter) if any(row)), [])
        known = {vocabulary().columns.get(plain(cell), "") for cell in header} - {""}
        return "phone" in known, len(known), len(header)

    return max(DELIMITERS, key=score)  # of equals the first


def _records(text: str, delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """(row number, cells) of every row that has any."""
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    number, before = 0, 0
    try:
        for cells in lines:
            number += 1
            if lines.line_num - before > MAX_LINES or any(len(cell) > MAX_CELL for cell in cells):
                raise ContentError.at("people-quote-open", name, before + 1)
            before = lines.line_num
            if any(cell.strip() for cell in cells):
                yield number, cells
    except csv.Error as error:  # a cell beyond what the reader holds
        raise ContentError.at("people-quote-open", name, before + 1) from error


def _rows(
    records: Iterator[tuple[int, list[str]]], header: list[str], keep: list[int], delimiter: str
) -> Iterator[Row]:
    origin = header.index(ROW_COLUMN) if ROW_COLUMN in header else len(header)
    for number, raw in records:
        cells = [unguard(cell) for cell in raw]
        stated = cells[origin].strip() if origin < min(len(cells), len(header)) else ""
        while len(cells) > len(header) and not cells[-1].strip():
            cells.pop()
        fault = ""
        if len(cells) > len(header):
            fault = "row-too-long"
        elif any("\n" in cell and cell.count(delimiter) >= len(header) - 1 for cell in cells if len(header) > 1):
            fault = "row-swallowed"  # a quote that was never closed took the next person into this one's cell
        elif [nfc(cell).strip() for cell in cells] == header:
            fault = "row-header-again"
        # spreadsheets leave empty cells at the end of a row away
        cells += [""] * (len(header) - len(cells))
        yield Row(
            int(stated) if re.fullmatch(r"[0-9]{1,9}", stated) else number,
            (*(cells[i] for i in keep), *cells[len(header) :]),
            fault,
        )


def _columns(header: list[str], name: str, line: int) -> Mapping[str, int]:
    """Where each column of ours is in the header."""
    if any(isinstance(parse(cell), Number) for cell in header):
        raise ContentError.at("people-no-header", name, line)
    found: dict[str, int] = {}
    for i, cell in enumerate(header):
        column = vocabulary().columns.get(plain(cell))
        if column is None or cell.startswith(OURS):
            continue
        if column in found:
            raise ContentError.at("people-column-repeated", name, line, first=header[found[column]], second=cell)
        found[column] = i
    if "phone" not in found:
        if font := old_font(" ".join(header)):
            raise ContentError.at("people-old-encoding", name, line, encoding=font)
        raise ContentError.at("people-no-phone-column", name, line, found=_shown(header))
    return found


def _shown(header: list[str]) -> str:
    """The header as an error may show it: short, and nothing that looks like somebody's number."""
    cells = [re.sub(r"[0-9](?=[0-9]{2})", "x", cell)[:40] for cell in header if cell]
    return ", ".join(cells[:20]) or "-"
