"""The file of rejects: it runs nothing in a spreadsheet, loses nothing, and comes back."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loa.audience.cells import all_written, guard, guarded, unguard, unguarded, written
from loa.audience.columns import TOLD
from loa.audience.importing import Imported, import_people
from loa.audience.places import Places
from loa.audience.reading import DELIMITERS, read
from loa.audience.rejects import COLUMNS, summary, to_bytes
from loa.model.clock import SystemClock

CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12) | st.sampled_from(
    ["=1+1", "'=1", "''+x", "+84 912 000 123", "-", "@x", "\t=1", "'", '"', "a;b", "dòng\nhai", "＝cmd", ""]
)


def imported(text: str, places: Places) -> Imported:
    return import_people(io.BytesIO(text.encode()), "ds.csv", "0" * 64, "thu", places, SystemClock())


def file_of(made: Imported) -> bytes:
    return b"".join(to_bytes(made.sheet, made.rejects()))


def table(data: bytes, delimiter: str = ";") -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))


# --- formulas


@pytest.mark.parametrize("cell", ["=1+1", "=HYPERLINK(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd", "@SUM(1)", "\t=1", "＝1"])
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(cell: str) -> None:
    assert guard(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["+84 912 000 123", "-", "0912-000-123", "có", "", "(091) 2", "'", "a=b"])
def test_what_runs_nothing_is_left_as_it_is(cell: str) -> None:
    assert guard(cell) == unguard(cell) == cell


@given(CELL)
def test_every_cell_comes_back(cell: str) -> None:
    assert unguard(guard(cell)) == cell


@settings(deadline=None)
@given(st.lists(CELL, max_size=4))
def test_a_column_is_guarded_as_its_cells_are(cells: list[str]) -> None:
    column = pl.Series("cell", cells, dtype=pl.String)
    assert guarded(column).to_list() == [guard(cell) for cell in cells]
    assert all_written(column, ";").to_list() == [written(cell, ";") for cell in cells]
    assert unguarded(column.to_frame())["cell"].to_list() == [unguard(cell) for cell in cells]
    assert column.to_list() == cells


@given(CELL)
def test_no_cell_with_a_letter_begins_like_a_formula(cell: str) -> None:
    made = guard(cell)
    assert made[:1] not in "=@\t\r\n" or not made
    assert made[:1] not in ("+", "-") or not any(char.isalpha() or char in "|!" for char in made)


# --- the table


@settings(deadline=None)  # the first call loads what the others find loaded
@given(
    rows=st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=4), delimiter=st.sampled_from(sorted(DELIMITERS))
)
def test_a_row_comes_back_cell_by_cell(rows: list[tuple[str, str, str]], delimiter: str) -> None:
    sheet = read(io.BytesIO(delimiter.join(("SĐT", "Ghi chú", "=x")).encode()), "ds.csv")
    names = ("number", *TOLD, "tail", "cell 0", "cell 1", "cell 2")
    told = ("x", "x", "phone-missing", "x", "x", "")
    frame = pl.DataFrame([(7 + n, *told, *cells) for n, cells in enumerate(rows)], schema=names, orient="row")
    back = read(io.BytesIO(b"".join(to_bytes(replace(sheet, delimiter=delimiter), [frame]))), "ds-rejects.csv")
    assert back.is_rejects
    assert back.header == sheet.header
    found = pl.concat(back.frames()).sort("seq")
    assert found["number"].to_list() == [7 + n for n in range(len(rows))]
    # a carriage return by itself is an end of a line like any other
    assert list(found.select("cell 0", "cell 1", "cell 2").iter_rows()) == [
        tuple(re.sub("\r(?!\n)", "\n", cell) for cell in cells) for cells in rows
    ]


def test_it_says_where_what_and_how_to_mend(places: Places) -> None:
    made = imported(
        "Tên;SĐT;Xã;Tỉnh\nA;0912000123;Phường Bách Quang;Thái Nguyên\n=B;02083000123;xa van lang;Thái Nguyên\n", places
    )
    data = file_of(made)
    assert data.startswith(b"\xef\xbb\xbf")
    header, row = table(data)
    assert header == [*COLUMNS, "Tên", "SĐT", "Xã", "Tỉnh"]
    assert row[:4] == ["3", "SĐT, Xã", "02083000123, xa van lang", "phone-landline, commune-ambiguous"]
    assert "Số máy cố định" in row[4]
    assert "Xã Văn Lăng (05665)" in row[4]
    assert "landline" in row[5]
    assert row[6:] == ["'=B", "02083000123", "xa van lang", "Thái Nguyên"]


@pytest.mark.parametrize("delimiter", sorted(DELIMITERS))
def test_it_has_the_delimiter_of_the_list(places: Places, delimiter: str) -> None:
    made = imported("SĐT;Xã;Tỉnh\n1;x, y;z\n".replace(";", delimiter).replace(f"x{delimiter} y", "x"), places)
    assert table(file_of(made), delimiter)[0][len(COLUMNS) :] == ["SĐT", "Xã", "Tỉnh"]


def test_a_sensitive_column_is_not_in_it(places: Places) -> None:
    made = imported("SĐT;Dân tộc\n1;Tày\n", places)
    assert "Tày" not in file_of(made).decode()
    assert made.findings[0].code == "people-sensitive-column"


def test_a_screen_sees_no_number(places: Places) -> None:
    made = imported("SĐT\n02083000123\n091200012x\n", places)
    (frame,) = made.rejects()
    assert [reject.value for reject in summary(frame, 50)] == ["xxxxxxxxx23", "xxxxxxx12x"]
    assert len(summary(frame, 1)) == 1


@pytest.mark.parametrize(
    ("cell", "seen"),
    [
        ("Trần Thị Mẫu", "T… T… M…"),  # the cells stand one column off
        ("Phương Thị Mẫu", "P… T… M…"),
        ("Phường Không Có", "Phường Không Có"),
        ("xã Không Có 7", "xã Không Có 7"),
    ],
)
def test_a_screen_sees_no_name(places: Places, cell: str, seen: str) -> None:
    made = imported(f"SĐT;Xã;Tỉnh\n0912000111;{cell};Thái Nguyên\n", places)
    (frame,) = made.rejects()
    assert [reject.value for reject in summary(frame, 50)] == [seen]
    assert cell in file_of(made).decode()  # whoever mends it reads it there
