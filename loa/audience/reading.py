"""A file of people, opened: its header, where our columns are in it, and its rows as often as they are asked for.

Reading knows what a column is, not what a cell should say: that is `rows`. Sensitive columns and the columns that Loa
put before a rejects file are left out here, so that nothing after this sees them. Every mistake in the file as a whole
is named with its line and what to do.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Protocol

import polars as pl

from loa.audience.ahead import ahead
from loa.audience.cells import unguard
from loa.audience.encoding import Lines, old_font, read_at, read_lines
from loa.audience.names_hidden import unnamed
from loa.audience.records import BLANK, PLACE, Shape, cell, cut, framed, records, tail_of
from loa.audience.vocabulary import plain, vocabulary
from loa.audience.workbook import is_workbook, sheets
from loa.model.errors import ContentError
from loa.model.finding import Finding
from loa.model.phone import Number, parse
from loa.text.normal import nfc

DELIMITERS = ";,\t|"
OURS = "loa:"  # the columns of a rejects file begin so; a file that has them is one that comes back mended
ROW_COLUMN, COLUMN_COLUMN, VALUE_COLUMN = f"{OURS}dòng", f"{OURS}cột", f"{OURS}giá trị"
A_NUMBER = 6  # digits in a cell: no column is called so, a person's number or date of birth is
MAX_TITLE = 20  # rows of titles and letterhead that may stand above the column names
IN_PIECE = 50_000  # rows of a sheet that are looked at together
HEADER_AGAIN = "row-header-again"


class Rows(Protocol):
    """The rows of an opened file, in columns as `loa.audience.records.cut` gives them."""

    def all(self) -> Iterator[pl.DataFrame]:
        """Every row, from the first one on, a block at a time."""

    def at(self, places: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """The rows of these `PLACE`, which only go forward; a block at a time."""


@dataclass(frozen=True)
class Sheet:
    """A file that was opened. `header` and `columns` (ours, to a place in the header) are of what may be kept."""

    name: str
    delimiter: str
    header: tuple[str, ...]
    columns: Mapping[str, int]
    sensitive: tuple[str, ...]
    is_rejects: bool
    findings: tuple[Finding, ...]
    _rows: Rows
    _names: _Header

    def frames(self) -> Iterator[pl.DataFrame]:
        """The rows below the header, a block at a time, those of a block in no order. Raises `ContentError`.

        Columns: those of `loa.audience.records.cut`, and `number` (UInt32), what people call the row: `seq`, but in a
        rejects file that comes back the row of the list it came from. Such a file also has what was told of each row,
        `COLUMN_COLUMN` and `VALUE_COLUMN`.
        """
        below = False
        for rows in self._rows.all():
            found = rows if below else rows.filter(pl.col("seq") > self._names.row)
            if found.height:
                below = True
                yield self._kept(found)
        if not below:
            raise ContentError.at("people-no-rows", self.name, self._names.row)

    def frames_at(self, places: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """The rows of these `PLACE`, which only go forward, in their order. Raises `ContentError`."""
        for rows in self._rows.at(places):
            yield self._kept(rows).sort("seq")

    def _kept(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Leaves out the columns that go no further."""
        names = self._names.names
        number = pl.col("seq")
        if ROW_COLUMN in names:
            stated = pl.col(cell(names.index(ROW_COLUMN))).str.strip_chars(BLANK)
            number = pl.when(stated.str.contains("^[0-9]{1,9}$")).then(stated).cast(pl.UInt32).fill_null(number)
        kept = (pl.col(cell(i)).alias(cell(place)) for place, i in enumerate(self._names.kept))
        told = (pl.col(cell(names.index(name))).alias(name) for name in (COLUMN_COLUMN, VALUE_COLUMN) if name in names)
        return _headers_marked(rows, self._names).select(*PLACE, number.alias("number"), "fault", "tail", *kept, *told)


@dataclass(frozen=True)
class _Header:
    """Column names as they stand, and the row they stand in."""

    row: int
    names: tuple[str, ...]
    columns: Mapping[str, int]

    @property
    def kept(self) -> tuple[int, ...]:
        """The places of the columns that go further: neither sensitive ones nor those that Loa put before its own."""
        names = enumerate(self.names)
        return tuple(i for i, text in names if not (text.startswith(OURS) or vocabulary().is_sensitive(text)))


def read(file: BinaryIO, name: str, *, bare: bool = False) -> Sheet:
    """Opens a file of people. `name` is how mistakes call it. A `bare` list may begin without column names.

    Raises `ContentError`: file-empty, file-too-big, not-utf-8, people-workbook, people-old-encoding, people-zero-byte,
    people-no-phone-column, people-no-header, people-column-repeated; while the rows are gone through also
    people-no-rows, people-quote-open and what is wrong with later bytes.
    """
    return _workbook(file, name, bare) if is_workbook(file) else _text(file, name, bare)


def _text(file: BinaryIO, name: str, bare: bool) -> Sheet:
    start = next(read_lines(file, name), None)
    lines = start.text.head(200).to_list() if start else []
    if start is None or not any(line.strip(BLANK) for line in lines):
        raise ContentError.at("file-empty", name)
    stated = re.fullmatch(r"sep=([;,\t|])\r?", lines[0])  # Excel's, which it shows as no row of its own
    lines = lines[1:] if stated else lines
    delimiter = stated[1] if stated else _delimiter(lines)
    header = _header(list(enumerate(_rows(lines, delimiter), start=1)), name, bare)
    shape = Shape(name, delimiter, len(header.names))
    return _sheet(name, delimiter, header, (), _TextRows(file, shape, skip_first=bool(stated)))


@dataclass(frozen=True)
class _TextRows:
    """The rows of a text file; it is read again whenever they are asked for."""

    file: BinaryIO
    shape: Shape
    skip_first: bool

    def all(self) -> Iterator[pl.DataFrame]:
        blocks = read_lines(self.file, self.shape.name)
        if self.skip_first:
            begin = next(blocks)
            start = begin.start + int(begin.text.head(1).str.len_bytes().sum()) + 1
            blocks = itertools.chain((Lines(1, start, begin.text.slice(1)),), blocks)
        return ahead(self._cut, records(blocks, self.shape))

    def at(self, places: pl.DataFrame) -> Iterator[pl.DataFrame]:
        texts = read_at(self.file, self.shape.name, places["start"], places["length"])
        pieces = (
            piece.select(PLACE).with_columns(pl.Series("text", list(itertools.islice(texts, piece.height)), pl.Binary))
            for piece in places.iter_slices(IN_PIECE)
        )
        return ahead(lambda piece: self._cut(piece.cast({"text": pl.String})), pieces)

    def _cut(self, found: pl.DataFrame) -> pl.DataFrame:
        return cut(found, self.shape)


def _workbook(file: BinaryIO, name: str, bare: bool) -> Sheet:
    """The first sheet with people in it; that there are others is said."""
    failed: ContentError | None = None
    for title, others, table in sheets(file, name):
        start = table.head(100).rows()
        try:
            header = _header([(i, list(row)) for i, row in enumerate(start, start=1)], name, bare)
        except ContentError as error:
            failed = failed or error
            continue
        width = max(i for i, text in enumerate(header.names) if text) + 1
        header = _Header(header.row, header.names[:width], header.columns)
        more = {"sheet": title, "others": ", ".join(others)}
        said = (Finding("people-sheet-chosen", name, more),) if others else ()
        return _sheet(name, ";", header, said, _TableRows(table, width))
    raise failed or ContentError.at("file-empty", name)


@dataclass(frozen=True)
class _TableRows:
    """The rows of a spreadsheet's table, as wide as its header."""

    table: pl.DataFrame
    width: int

    def all(self) -> Iterator[pl.DataFrame]:
        seq = pl.int_range(1, self.table.height + 1, dtype=pl.UInt32, eager=True).alias("seq")
        for start in range(0, self.table.height, IN_PIECE):
            piece = self._cut(seq.slice(start, IN_PIECE), self.table.slice(start, IN_PIECE))
            yield piece.filter(pl.any_horizontal(pl.col("^(cell .*|tail)$").str.strip_chars(BLANK) != ""))

    def at(self, places: pl.DataFrame) -> Iterator[pl.DataFrame]:
        for piece in places.iter_slices(IN_PIECE):
            yield self._cut(piece["seq"], self.table.select(pl.all().gather(piece["seq"] - 1)))

    def _cut(self, seq: pl.Series, table: pl.DataFrame) -> pl.DataFrame:
        cells = table.select(map(cell, range(self.width)))
        beyond = table.select(pl.exclude(cells.columns))
        tails = [tail_of(row, ";") for row in beyond.iter_rows()] if beyond.width else [""] * len(seq)
        places = (seq, pl.lit(0, pl.UInt64).alias("start"), pl.lit(0, pl.UInt32).alias("length"))
        return framed(pl.select(places), pl.Series("tail", tails, dtype=pl.String), cells)


def _sheet(name: str, delimiter: str, header: _Header, findings: tuple[Finding, ...], rows: Rows) -> Sheet:
    return Sheet(
        name=name,
        delimiter=delimiter,
        header=tuple(header.names[i] for i in header.kept),
        columns={column: header.kept.index(i) for column, i in header.columns.items()},
        sensitive=tuple(text for text in header.names if vocabulary().is_sensitive(text)),
        is_rejects=any(text.startswith(OURS) for text in header.names),
        findings=findings,
        _rows=rows,
        _names=header,
    )


def _headers_marked(frame: pl.DataFrame, header: _Header) -> pl.DataFrame:
    """Names the rows that are the header once more, as where lists were joined."""
    at = header.columns["phone"]
    # the name of the column has no digit in it, a number has: few rows are left to be looked at
    maybe = frame.filter(~pl.col(cell(at)).str.contains("[0-9]") & (pl.col("fault") == ""))
    maybe = maybe.filter(pl.col(cell(at)).str.normalize("NFC").str.strip_chars(BLANK) == header.names[at])
    names = ["seq", *map(cell, range(len(header.names)))]
    same = [
        number
        for number, *cells in maybe.select(names).iter_rows()
        if all(nfc(text).strip() == wanted for text, wanted in zip(cells, header.names, strict=True))
    ]
    if not same:
        return frame
    again = pl.col("seq").is_in(same)
    return frame.with_columns(fault=pl.when(again).then(pl.lit(HEADER_AGAIN)).otherwise("fault"))


# what stands at the top


def _rows(lines: list[str], delimiter: str) -> Iterator[list[str]]:
    """The first rows, as `csv` reads them; nothing where even that fails."""
    try:
        yield from csv.reader((f"{line.removesuffix(chr(13))}\n" for line in lines), delimiter=delimiter)
    except csv.Error:
        return


def _delimiter(lines: list[str]) -> str:
    """The one under which a row has a phone column, then the most known columns, then the most columns."""

    def score(delimiter: str) -> tuple[bool, int, int]:
        rows = itertools.islice((row for row in _rows(lines, delimiter) if any(row)), MAX_TITLE)
        return max((_score(row) for row in rows), default=(False, 0, 0))

    return max(DELIMITERS, key=score)  # of equals the first


def _score(row: list[str]) -> tuple[bool, int, int]:
    known = {vocabulary().columns.get(plain(text), "") for text in row} - {""}
    return "phone" in known, len(known), len(row)


def _header(rows: list[tuple[int, list[str]]], name: str, bare: bool) -> _Header:
    """The first row that names a column of numbers. Titles may stand above it, people may not but in a `bare` list."""
    rows = [(number, row) for number, row in rows if any(text.strip() for text in row)][:MAX_TITLE]
    if not rows:
        raise ContentError.at("file-empty", name)
    meant = rows[0]  # what is shown where no row will do
    for place, (number, row) in enumerate(rows):
        names = tuple(nfc(unguard(text)).strip() for text in row)
        numbers = [i for i, text in enumerate(names) if isinstance(parse(text), Number)]
        if numbers and bare:
            names = tuple("phone" if i == numbers[0] else "" for i in range(len(names)))
            return _Header(number - 1, names, {"phone": numbers[0]})
        if numbers and place == 0:
            raise ContentError.at("people-no-header", name, number)
        if numbers:
            meant = rows[place - 1]  # above the people should be their header
            break
        columns = _columns(names, name, number)
        if "phone" in columns:
            return _Header(number, names, columns)
    number, row = meant
    if font := old_font(" ".join(row)):
        raise ContentError.at("people-old-encoding", name, number, encoding=font)
    raise ContentError.at("people-no-phone-column", name, number, found=_shown(row))


def _columns(names: tuple[str, ...], name: str, line: int) -> Mapping[str, int]:
    """Where each column of ours is in a row of names."""
    found: dict[str, int] = {}
    repeated: tuple[str, str] | None = None
    for i, text in enumerate(names):
        column = vocabulary().columns.get(plain(text))
        if column is None or text.startswith(OURS):
            continue
        if column in found:
            repeated = repeated or (names[found[column]], text)
        found.setdefault(column, i)
    if repeated and "phone" in found:
        raise ContentError.at("people-column-repeated", name, line, first=repeated[0], second=repeated[1])
    return found


def _shown(header: list[str]) -> str:
    """The header as an error may show it: short, and nothing that looks like somebody's number or, beside one, name."""
    somebody = any(len(re.sub(r"[^0-9]", "", text)) >= A_NUMBER for text in header)
    shown = (unnamed(text.strip()) if somebody and not re.search("[0-9]", text) else text.strip() for text in header)
    cells = [re.sub(r"[0-9](?=[0-9]{2})", "x", text)[:40] for text in shown if text]
    return ", ".join(cells[:20]) or "-"
