"""Lines of a CSV file -> records, and records -> cells in columns; a block at a time.

Almost every line of almost every list is a record without a quote in it, which a delimiter cuts into cells. Those are
cut together. A record with a quote goes to Python's `csv`, and so does the question which lines a quote takes in: what
`csv` makes of the whole file is the rule.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import polars as pl

from loa.audience.cells import unguard, unguarded, written
from loa.audience.encoding import Lines
from loa.model.errors import ContentError

MAX_CELL = 10_000  # characters; a longer one is an open quote that swallows what comes after it
MAX_LINES = 20  # lines of one row, for the same reason
# what Python's `str.strip` takes away; Rust knows the four separators among them as no space
BLANK = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
)
BLANK += "\u2028\u2029\u202f\u205f\u3000"

TOO_LONG, SWALLOWED = "row-too-long", "row-swallowed"
PLACE = ("seq", "start", "length")
"""Where a record is: its number in the file as spreadsheets count rows, blank ones too, from 1 (UInt32), and the bytes
of it in the file's text (UInt64, UInt32)."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What must be known to cut a file's records: its delimiter, and how many cells its header has."""

    name: str
    delimiter: str
    width: int


def cell(i: int) -> str:
    """The name of the column that holds the cells of place `i`."""
    return f"cell {i}"


def tail_of(cells: Sequence[str], delimiter: str) -> str:
    """Cells beyond the header as they are written to a file, each with a delimiter before it; empty where nothing
    stands in them.
    """
    kept = [unguard(cell) for cell in cells]
    while kept and not kept[-1].strip():
        kept.pop()
    return "".join(delimiter + written(cell, delimiter) for cell in kept)


def _line_of(one: str, between: str) -> str:
    """A line of cells that each match `one`, as a regular expression."""
    return f"^(?:{one})(?:{between}(?:{one}))*$"


# lines -> records


def records(blocks: Iterable[Lines], shape: Shape) -> Iterator[pl.DataFrame]:
    """The records of a file in their order, blank ones left out: `PLACE` and `text`.

    Raises `ContentError` people-quote-open, naming the line.
    """
    reader = _Reader(shape)
    for block in blocks:
        yield reader.read(block, last=False)
    if reader.left is not None:
        yield reader.read(Lines(reader.left.first, reader.left.start, reader.left.text.clear()), last=True)


@dataclass(slots=True)
class _Taken:
    """Lines that are no record each: where records of several lines begin, their text, and the further lines."""

    starts: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    others: list[int] = field(default_factory=list)
    left: int | None = None  # a record that has no end in this block begins here


class _Reader:
    """Goes from block to block and keeps count."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._count = 0
        self.left: Lines | None = None
        """Lines of a record whose end the blocks so far do not have."""
        # quotes that open and close where they should, on one line
        between = shape.delimiter.replace("|", r"\|")
        self._closed = _line_of(f'"(?:[^"]|"")*"|[^"{between}]*', between)

    def read(self, block: Lines, *, last: bool) -> pl.DataFrame:
        if self.left is not None:
            block = Lines(self.left.first, self.left.start, pl.concat([self.left.text, block.text]))
            self.left = None
        text = block.text.str.strip_suffix("\r")
        quoted = text.str.contains('"', literal=True).arg_true()
        open_ = quoted.filter(~text.gather(quoted).str.contains(self._closed)) if len(quoted) else quoted
        taken = self._taken(block, open_.to_list(), last=last)
        length = block.text.str.len_bytes() + 1  # and the end of the line
        end = length.cast(pl.UInt64).cum_sum() + block.start
        if taken.left is not None:
            start = int(end[taken.left]) - int(length[taken.left])
            self.left = Lines(block.first + taken.left, start, block.text.slice(taken.left))
            text, length, end = text.head(taken.left), length.head(taken.left), end.head(taken.left)
        self._long_cells(block.first, text)
        one = pl.repeat(1, len(text), dtype=pl.UInt32, eager=True)
        if taken.others:
            one, text = one.scatter(taken.others, 0), text.scatter(taken.others, "").scatter(taken.starts, taken.texts)
        seq = one.cum_sum() + self._count
        self._count += int(one.sum())
        return pl.DataFrame(
            {"seq": seq.cast(pl.UInt32), "start": end - length, "length": text.str.len_bytes(), "text": text}
        ).filter(pl.col("text").str.strip_chars(BLANK + self._shape.delimiter) != "")

    def _taken(self, block: Lines, places: list[int], *, last: bool) -> _Taken:
        """Asks `csv` which lines each quote takes in that does not close as it should."""
        taken = _Taken()
        after = 0
        for start in places:
            if start < after:
                continue  # a quote before it took it in
            lines = _From(block.text, start)
            try:
                cells = next(csv.reader(lines, delimiter=self._shape.delimiter))
            except csv.Error as error:  # a cell beyond what the reader holds
                raise ContentError.at("people-quote-open", self._shape.name, block.first + start) from error
            if lines.place - start > MAX_LINES or any(len(text) > MAX_CELL for text in cells):
                raise ContentError.at("people-quote-open", self._shape.name, block.first + start)
            if lines.ran_out and not last:
                taken.left = start
                return taken
            after = lines.place
            if after - start > 1:
                taken.starts.append(start)
                taken.texts.append("\n".join(block.text.slice(start, after - start)).removesuffix("\r"))
                taken.others.extend(range(start + 1, after))
        return taken

    def _long_cells(self, first: int, text: pl.Series) -> None:
        for place in (text.str.len_bytes() > MAX_CELL).arg_true():
            try:
                cells = next(csv.reader([text[place]], delimiter=self._shape.delimiter))
                too_long = any(len(one) > MAX_CELL for one in cells)
            except csv.Error:  # longer than the reader itself takes
                too_long = True
            if too_long:
                raise ContentError.at("people-quote-open", self._shape.name, first + place)


class _From:
    """Lines from one on, as `csv` wants them: each with its end. Knows where it stands."""

    def __init__(self, lines: pl.Series, start: int) -> None:
        self._lines = lines
        self.place = start
        """The line that is read next."""
        self.ran_out = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.place >= len(self._lines):
            self.ran_out = True
            raise StopIteration
        self.place += 1
        return f"{self._lines[self.place - 1]}\n"


# records -> cells


def cut(found: pl.DataFrame, shape: Shape) -> pl.DataFrame:
    """Records in columns, in no order; what is blank once its quotes are taken away is left out.

    Columns: `PLACE`; `fault`, a code where the row is broken (row-too-long, row-swallowed) or empty; `tail`, the cells
    beyond the header as `tail_of` writes them; and the cells, by `cell`, all text and never null.
    """
    quoted = found["text"].str.contains('"', literal=True)
    if not quoted.any():
        return _cut(found, shape)
    some = found.filter(quoted)
    # programs write that quote every cell: what needs no quotes loses them
    between = shape.delimiter.replace("|", r"\|")
    idle = some["text"].str.contains(_line_of(f'"[^"{between}\n]*"|[^"{between}]*', between))
    bare = some.filter(idle).with_columns(pl.col("text").str.replace_all('"', "", literal=True))
    plain = pl.concat(
        [found.filter(~quoted), bare.filter(pl.col("text").str.strip_chars(BLANK + shape.delimiter) != "")]
    )
    return pl.concat([_cut(plain, shape), _read(some.filter(~idle), shape)])


def _cut(found: pl.DataFrame, shape: Shape) -> pl.DataFrame:
    """Records without a quote."""
    delimiter, width = shape.delimiter, shape.width
    cells = found["text"].str.splitn(delimiter, width + 1).struct.unnest()
    cells.columns = [*map(cell, range(width)), "tail"]
    tail = pl.repeat("", len(found), dtype=pl.String, eager=True).alias("tail")
    if cells["tail"].null_count() < len(found):
        long = (cells["tail"].str.strip_chars(BLANK + delimiter) != "").fill_null(False).arg_true()
        tail = tail.scatter(long, [tail_of(text.split(delimiter), delimiter) for text in cells["tail"].gather(long)])
    # spreadsheets leave empty cells at the end of a row away
    return framed(found, tail, cells.drop("tail").fill_null(""))


def _read(found: pl.DataFrame, shape: Shape) -> pl.DataFrame:
    """Records with quotes in them, each as `csv` reads it."""
    delimiter, width = shape.delimiter, shape.width
    rows = list(csv.reader(found["text"].to_list(), delimiter=delimiter))
    filled = [bool("".join(cells).strip()) for cells in rows]
    found, rows = found.filter(pl.Series(filled, dtype=pl.Boolean)), list(itertools.compress(rows, filled))
    tails = [tail_of(cells[width:], delimiter) if len(cells) > width else "" for cells in rows]
    columns = itertools.islice(itertools.zip_longest(*rows, ("",) * width, fillvalue=""), width)
    cells = pl.DataFrame([pl.Series(cell(i), column[:-1], dtype=pl.String) for i, column in enumerate(columns)])
    # a quote that was never closed took the next person into this one's cell
    swallowed = [
        place
        for place in found["text"].str.contains("\n", literal=True).arg_true()
        if width > 1
        and not tails[place]
        and any("\n" in one and one.count(delimiter) >= width - 1 for one in rows[place])
    ]
    made = framed(found, pl.Series("tail", tails, dtype=pl.String), cells)
    return made.with_columns(made["fault"].scatter(swallowed, SWALLOWED)) if swallowed else made


def framed(found: pl.DataFrame, tail: pl.Series, cells: pl.DataFrame) -> pl.DataFrame:
    """What `cut` gives, of records with these `PLACE`."""
    fault = pl.when(pl.col("tail") != "").then(pl.lit(TOO_LONG)).otherwise(pl.lit("")).alias("fault")
    return found.select(PLACE).with_columns(tail).with_columns(fault).hstack(unguarded(cells))
