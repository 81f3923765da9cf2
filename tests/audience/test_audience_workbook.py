"""Workbooks as offices have them: titles above the header, numbers that are numbers, several sheets."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from loa.audience import run
from loa.audience.importing import Imported, import_people
from loa.audience.places import Places
from loa.audience.reading import Sheet, read
from loa.audience.rejects import to_bytes
from loa.channel import Desk
from loa.model.clock import SystemClock
from loa.model.errors import ContentError

Lay = Callable[[str, "str | bytes"], Path]
Table = Sequence[Sequence[object]]

HEADER = ("Họ tên", "SĐT", "Xã/phường", "Tỉnh")
GOOD = ("Người mẫu", "0912000111", "Phường Bách Quang", "Thái Nguyên")


def workbook(*sheets: Table) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "dd/mm/yyyy"}) as book:
        for table in sheets:
            sheet = book.add_worksheet()
            for i, row in enumerate(table):
                for j, cell in enumerate(row):
                    if isinstance(cell, str):
                        sheet.write_string(i, j, cell)
                    elif cell is not None:
                        sheet.write(i, j, cell)
    return out.getvalue()


def opened(*sheets: Table) -> Sheet:
    return read(io.BytesIO(workbook(*sheets)), "ds.xlsx")


def rows(sheet: Sheet) -> list[tuple[object, ...]]:
    return list(pl.concat(sheet.frames()).select("number", "fault", pl.col("^cell .*$")).iter_rows())


def imported(places: Places, *sheets: Table) -> Imported:
    return import_people(io.BytesIO(workbook(*sheets)), "ds.xlsx", "0" * 64, "thu", places, SystemClock())


def test_a_sheet_is_a_list_of_people(places: Places) -> None:
    made = imported(places, [HEADER, GOOD])
    assert made.people.row(0)[:3] == ("+84912000111", "VinaPhone", "05528")
    assert made.info.total == 1


def test_rows_are_numbered_as_the_program_numbers_them() -> None:
    """Also below titles and blank rows, and where the table does not begin in the first cell."""
    table = [(), (None, "DANH SÁCH NGƯỜI DÂN"), (), (None, *HEADER), (None, *GOOD), (), (None, " "), (None, *GOOD)]
    sheet = opened(table)
    assert sheet.header == HEADER
    assert rows(sheet) == [(5, "", *GOOD), (8, "", *GOOD)]


def test_a_csv_file_may_have_titles_too() -> None:
    sheet = read(io.BytesIO("DANH SÁCH, đợt 1\n\nTên;SĐT\nA;0912000111\n".encode()), "ds.csv")
    assert sheet.header == ("Tên", "SĐT")
    assert rows(sheet) == [(4, "", "A", "0912000111")]


@pytest.mark.parametrize("cell", [912000111, 912000111.0, 84912000111, "0912000111", "'0912000111"])
def test_a_number_in_any_form_is_read(places: Places, cell: object) -> None:
    assert imported(places, [("SĐT",), (cell,)]).people["phone"].to_list() == ["+84912000111"]


@pytest.mark.parametrize(
    ("cell", "code"),
    [(date(2000, 12, 9), "phone-date"), (True, "phone-not-a-number"), (912000111.5, "phone-fraction")],
)
def test_what_is_no_number_is_a_reject(places: Places, cell: object, code: str) -> None:
    assert imported(places, [("SĐT", "Tên"), (cell, "A")]).info.reasons == {code: 1}


def test_the_first_sheet_with_people_is_read_and_said_so() -> None:
    sheet = opened([("Ghi chú",)], [HEADER, GOOD], [HEADER, GOOD])
    assert len(rows(sheet)) == 1
    (finding,) = sheet.findings
    assert finding.code == "people-sheet-chosen"
    assert finding.fields == {"sheet": "Sheet2", "others": "Sheet1, Sheet3"}
    assert opened([HEADER, GOOD]).findings == ()


def test_cells_beyond_the_header_make_a_row_too_long() -> None:
    sheet = opened([("SĐT", "Tên", None, None), ("0912000111", "A", None, None), ("0912000112", "B", None, "x;y")])
    assert rows(sheet) == [(2, "", "0912000111", "A"), (3, "row-too-long", "0912000112", "B")]
    assert pl.concat(sheet.frames())["tail"].to_list() == ["", ';;"x;y"']


def test_rejects_come_as_a_table_that_can_be_fed_back(places: Places) -> None:
    made = imported(places, [HEADER, GOOD, ("=B", 2083000222, "a;b", "Thái Nguyên")])
    table = b"".join(to_bytes(made.sheet, made.rejects()))
    back = read(io.BytesIO(table), "ds-rejects.csv")
    assert rows(back) == [(3, "", "=B", "2083000222", "a;b", "Thái Nguyên")]


def test_a_mended_list_may_be_saved_as_a_workbook(desk: Desk, lay: Lay) -> None:
    first = run(lay("ds.xlsx", workbook([HEADER, GOOD, ("B", "02083000222", *GOOD[2:])])), "thu", None, desk)
    lines = [line.split(";") for line in first.rejects_file.read_text(encoding="utf-8-sig").splitlines()]
    mended = [lines[0], ["0912000222" if cell == "02083000222" else cell for cell in lines[1]]]
    outcome = run(lay("sua.xlsx", workbook(mended)), "thu", None, desk)
    assert (outcome.info.clean, outcome.rejected) == (2, 0)


@pytest.mark.parametrize(
    ("sheets", "code", "line"),
    [
        ([[("Họ tên", "Địa chỉ"), ("A", "B")]], "people-no-phone-column", 1),
        ([[(), GOOD]], "people-no-header", 2),
        ([[HEADER]], "people-no-rows", 1),
        ([[], []], "file-empty", None),
        ([[("SĐT", "Di động"), GOOD]], "people-column-repeated", 1),
    ],
)
def test_a_workbook_without_people_is_one_clear_error(sheets: Sequence[Table], code: str, line: int | None) -> None:
    with pytest.raises(ContentError) as raised:
        list(opened(*sheets).frames())
    assert raised.value.code == code
    assert raised.value.where is not None
    assert raised.value.where.line == line


def test_a_file_that_only_begins_like_a_workbook_is_said_so() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("readme.txt", "x")
    for data in (out.getvalue(), workbook([HEADER, GOOD])[:-500], b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)):
        with pytest.raises(ContentError) as raised:
            read(io.BytesIO(data), "ds.xlsx")
        assert raised.value.code == "people-workbook"


def test_a_workbook_that_would_unpack_beyond_the_limit_is_refused_unread() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for i in range(3):
            with packed.open(f"{i}", "w", force_zip64=True) as part:
                for _ in range(700):
                    part.write(bytes(1_000_000))
    with pytest.raises(ContentError) as raised:
        read(out, "ds.xlsx")
    assert raised.value.code == "file-too-big"
