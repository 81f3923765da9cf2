"""Rows out of lines: whatever the quick way does, Python's `csv` over the whole file would have done."""

from __future__ import annotations

import io

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loa.audience.cells import written
from loa.audience.encoding import read_at, read_lines
from loa.audience.records import PLACE, Shape, cell, cut, records

from .plain import Row, _row
from .plain import records as plain_records

TEXT = st.text(st.sampled_from("aă1\";\n\r\t \x1f'=+,"), max_size=60)
LINES = st.lists(
    st.sampled_from(
        ["a;b;c", '"a";b;"c"', '"a;b";c', 'a"b;c', '"a""b";;', '"a\nb";c;d', "a", "", ";;", ";;;x;", '"";""', "'=x;y"]
    ),
    max_size=12,
).map("\n".join)


def found(text: str, width: int, block: int) -> tuple[list[Row], pl.DataFrame]:
    """The rows, and where they are."""
    shape = Shape("ds.csv", ";", width)
    file = io.BytesIO(text.encode())
    frames = [cut(part, shape) for part in records(read_lines(file, "ds.csv", block=block), shape)]
    table = pl.concat(frames).sort("seq") if frames else pl.DataFrame()
    return rows_of(table, width), table


def rows_of(table: pl.DataFrame, width: int) -> list[Row]:
    if not table.height:
        return []
    cells = table.select("seq", "fault", "tail", *map(cell, range(width)))
    return [Row(seq, (*cells, tail), fault) for seq, fault, tail, *cells in cells.iter_rows()]


def expected(text: str, width: int) -> list[Row]:
    header = ["x"] * width
    made = []
    for number, raw in plain_records(text, ";"):
        row = _row(number, raw, header, ";")
        fault = "" if row.fault == "row-header-again" else row.fault
        tail = "".join(f";{written(text, ';')}" for text in row.cells[width:])
        made.append(Row(number, (*row.cells[:width], tail), fault))
    return made


@settings(deadline=None)  # the first call loads what the others find loaded
@given(text=TEXT | LINES, width=st.integers(1, 4), block=st.sampled_from([1, 3, 10, 4096]))
def test_rows_are_those_that_csv_reads(text: str, width: int, block: int) -> None:
    assert found(text, width, block)[0] == expected(text, width)


@settings(deadline=None)  # the first call loads what the others find loaded
@given(text=TEXT | LINES, width=st.integers(1, 4), block=st.sampled_from([1, 3, 10, 4096]), data=st.data())
def test_a_row_is_found_again_by_its_place(text: str, width: int, block: int, data: st.DataObject) -> None:
    rows, table = found(text, width, 4096)
    if not rows:
        return
    chosen = sorted(data.draw(st.sets(st.sampled_from(range(len(rows))), min_size=1)))
    places = table.select(PLACE).select(pl.all().gather(chosen))
    texts = list(read_at(io.BytesIO(text.encode()), "ds.csv", places["start"], places["length"], block))
    again = cut(
        places.with_columns(pl.Series("text", texts, dtype=pl.Binary).cast(pl.String)), Shape("ds.csv", ";", width)
    ).sort("seq")
    assert rows_of(again, width) == [rows[i] for i in chosen]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_places_count_the_bytes_of_the_text(mark: str, encoding: str) -> None:
    text = 'a;ă\r\nb;"x\r\ny"\r\nc;d'
    file = io.BytesIO((mark if encoding == "utf-8" else "").encode() + text.encode(encoding))
    table = pl.concat(list(records(read_lines(file, "ds.csv"), Shape("ds.csv", ";", 2))))
    assert list(read_at(file, "ds.csv", table["start"], table["length"])) == [
        "a;ă".encode(), b'b;"x\r\ny"', b"c;d"
    ]  # fmt: skip
