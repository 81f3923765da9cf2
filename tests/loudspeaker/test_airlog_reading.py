"""Air logs as clerks write them are read: a golden table of whole sheets and of cells, and every filling of our own."""

from __future__ import annotations

import io
import tomllib
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loa.filled import Table, tables
from loa.loudspeaker.airlog import COLUMNS, REASONS, RESULTS, Sheet, airlog
from loa.loudspeaker.airlog_reading.cells import read_hour, read_seconds, read_when
from loa.loudspeaker.airlog_reading.entries import Read, read_lines, repeated
from loa.loudspeaker.airlog_reading.lines import lines_of
from loa.loudspeaker.airlog_reading.words import column_meant, result_meant
from loa.loudspeaker.languages import language_name
from loa.model.clock import VIETNAM
from loa.model.places import Commune
from loa.store.airings import Airing

from .airlog_kit import BULLETINS, NOW, PACKAGE
from .airlog_workbook import workbook

CASES = Path(__file__).parent / "cases" / "airlog"
SHEETS: list[dict[str, Any]] = tomllib.loads((CASES / "sheets.toml").read_text(encoding="utf-8"))["case"]
CELLS = [
    (*line.split("\t"), "")[:3]
    for line in (CASES / "cells.tsv").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
WHO = {row.id: (one, code) for one in BULLETINS for code, row in one.rows.items()}


def read(rows: Sequence[Sequence[str]], name: str = "so.csv", sheet: str = "", package: str = "") -> Read:
    lines = lines_of(Table(sheet, [list(row) for row in rows]), name)
    assert lines.found, lines.missing
    found = read_lines(lines, BULLETINS, NOW, "ab" * 32, package)
    for _, mistake, wrong in repeated(found.entries):
        (found.mistakes if wrong else found.warnings).append(mistake)
    return found


def said(one: Airing, like: str) -> str:
    """An entry as a case writes it, with as much as the case says."""
    bulletin, code = WHO[one.row]
    words = f"{code} {one.day} {one.at_time or '-'} {'played' if one.played else 'failed'}"
    if " @" in like:
        return f"{words} @{bulletin.id}"
    parts = like.partition("played ")[2] or like.partition("failed ")[2]
    if not parts:
        return words
    seconds = "" if one.seconds is None else str(one.seconds)
    more = "/".join([one.cluster, one.language, seconds, one.reason, one.signer])
    wanted = parts.count("/") + 1
    return f"{words} {more if '//' in parts and '://' in parts else '/'.join(more.split('/')[:wanted])}"


@pytest.mark.parametrize("case", SHEETS, ids=[case["name"] for case in SHEETS])
def test_a_sheet_is_read_as_it_is_meant(case: Mapping[str, Any]) -> None:
    found = read([line.split("|") for line in case["sheet"].strip("\n").split("\n")])
    wanted = list(case.get("says", []))
    assert [said(one, like) for (one, _), like in zip(found.entries, wanted, strict=False)] == wanted
    assert len(found.entries) == len(wanted)
    assert [f"{one.where.line}:{one.code}" for one in found.mistakes] == case.get("mistakes", [])
    assert [f"{one.where.line}:{one.code}" for one in found.warnings] == case.get("warnings", [])
    assert found.waiting == case.get("waiting", 0)


def test_the_golden_table_is_large_and_says_nothing_twice() -> None:
    names = [case["name"] for case in SHEETS]
    assert len(set(names)) == len(names)
    assert len(SHEETS) + len(CELLS) >= 160
    assert len(SHEETS) >= 50


@pytest.mark.parametrize(("column", "text", "meant"), CELLS, ids=[f"{one}-{two}" for one, two, _ in CELLS])
def test_a_cell_is_read_as_it_is_meant(column: str, text: str, meant: str) -> None:
    near = date(2027, 10, 3)
    if column == "result":
        assert {True: "played", False: "failed", None: ""}[result_meant(text)] == meant
    elif column == "seconds":
        assert str(read_seconds(text) or "") == meant
    else:
        when = read_when(text, near) if column == "date" else read_hour(text, near)
        parts = [str(when.day) if when and when.day else "", f"{when.time:%H:%M}" if when and when.time else ""]
        assert " ".join(part for part in parts if part) == meant


@pytest.mark.parametrize("name", ["Kết quả", "KẾT QUẢ:", "ket qua", "Kết  quả phát", "Kết quả (đã phát/không)"])
def test_a_column_is_known_by_any_of_its_names(name: str) -> None:
    assert column_meant(name) == "result"


def test_every_column_of_our_own_sheet_is_known() -> None:
    assert [column_meant(name) for name, _ in COLUMNS.values()] == list(COLUMNS)


def test_every_result_and_language_of_our_own_sheet_is_known() -> None:
    assert [result_meant(word) for word in RESULTS] == [True, False]
    assert language_name("vi") == "Tiếng Việt"


def test_a_mistake_names_file_sheet_line_and_column_as_the_file_has_it() -> None:
    found = read([[PACKAGE], ["Mã xã", "NGÀY THÁNG", "Kết quả"], ["05455", "31/2", "x"]], "so.xlsx", "Tháng 10")
    where = found.mistakes[0].where
    assert (where.file, where.line, where.field) == ("so.xlsx [Tháng 10]", 3, "NGÀY THÁNG")


def test_a_sheet_may_be_called_after_its_commune() -> None:
    rows = [[PACKAGE], ["Ngày", "Kết quả"], ["5/10", "x"]]
    assert WHO[read(rows, sheet="Xã Tân Cương").entries[0][0].row][1] == "05455"
    assert WHO[read(rows, sheet="05443").entries[0][0].row][1] == "05443"


# --- the package on the command line

PLAIN = [["Mã xã", "Ngày", "Kết quả"], ["05455", "5/10", "x"]]


def test_the_command_line_may_name_the_package() -> None:
    assert WHO[read(PLAIN, package=PACKAGE).entries[0][0].row][0].id == PACKAGE
    assert WHO[read(PLAIN, package="nho/2027/d-7/phat-thanh").entries[0][0].row][0].id == PACKAGE
    assert WHO[read([[f"Mã gói tin: {PACKAGE[:-1]}"], *PLAIN], package=PACKAGE).entries[0][0].row][0].id == PACKAGE


@pytest.mark.parametrize(
    ("head", "asked", "code"),
    [
        ([["nho-2027-d-1-phat-thanh"]], PACKAGE, "airlog-package-contradicted"),
        ([[PACKAGE]], "khac", "airlog-package-contradicted"),
        ([], "khac", "airlog-package-unknown"),
    ],
    ids=["another", "unknown beside a good one", "unknown"],
)
def test_a_package_that_is_said_in_two_ways_is_a_mistake(head: list[list[str]], asked: str, code: str) -> None:
    assert [one.code for one in read([*head, *PLAIN], package=asked).mistakes] == [code]


# --- workbooks


def test_a_workbook_is_read_with_its_own_cells_lines_and_merged_rows() -> None:
    raw = workbook(
        {
            "Hướng dẫn": [["Đọc kỹ trước khi ghi"]],
            "Tháng 10": [
                [], [],
                ["", "Gói tin", PACKAGE],
                ["", "Xã", "Ngày", "Giờ", "Thời lượng", "Kết quả"],
                ["", "Xã Tân Cương", date(2027, 10, 5), time(5, 30), 75, "Đã phát"],
                ["", None, None, time(17, 0), 75.0, "Đã phát"],
                ["", "Xã Cộng Hòa", 46665, 0.729166667, "2 phút", True],
                ["", 5443, datetime(2027, 10, 6, 17, 0), None, time(2, 0), "không"],  # noqa: DTZ001 - a cell has no zone
            ],
        },
        merged=("Tháng 10", "B5:B6", "C5:C6"),
    )  # fmt: skip
    sheets = [lines_of(table, "so.xlsx") for table in tables(raw, "so.xlsx")]
    assert [sheet.found for sheet in sheets] == [False, True]
    found = read_lines(sheets[1], BULLETINS, NOW, "ab" * 32)
    assert found.mistakes == []
    assert [(WHO[one.row][1], str(one.day), one.at_time, one.played, one.seconds, line.number)
            for one, line in found.entries] == [
        ("05455", "2027-10-05", "05:30", True, 75, 5),
        ("05455", "2027-10-05", "17:00", True, 75, 6),
        ("01234", "2027-10-05", "17:30", True, 120, 7),
        ("05443", "2027-10-06", "17:00", False, None, 8),
    ]  # fmt: skip


def ods(rows: Sequence[Sequence[str]]) -> bytes:
    """A small OpenDocument workbook; a cell like `PT17H30M00S 17:30` is a time of day."""

    def cell(text: str) -> str:
        value, _, shown = text.partition(" ") if text.startswith("PT") else ("", "", text)
        kind = f'office:value-type="time" office:time-value="{value}"' if value else 'office:value-type="string"'
        return f"<table:table-cell {kind}><text:p>{shown}</text:p></table:table-cell>"

    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    lines = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    body = f'<office:body><office:spreadsheet><table:table table:name="So">{lines}</table:table>'
    content = f"<office:document-content {spaces}>{body}</office:spreadsheet></office:body></office:document-content>"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr("META-INF/manifest.xml", '<?xml version="1.0"?><manifest/>')
        packed.writestr("content.xml", f'<?xml version="1.0" encoding="UTF-8"?>{content}')
    return buffer.getvalue()


def test_times_of_an_open_document_are_not_lost() -> None:
    raw = ods([[PACKAGE], ["Mã xã", "Ngày", "Giờ", "Kết quả"], ["05455", "5/10", "PT17H30M00S 17:30", "x"]])
    (table,) = tables(raw, "so.ods")
    assert table.rows[2] == ["05455", "5/10", "17:30", "x"]


# --- every filling of our own sheet comes back

PLACE = Commune("05443", "Phường Phan Đình Phùng", "phường", "19", "Tỉnh Mẫu")
FIRST = date(2027, 10, 3)
words = st.text(st.characters(categories=["L", "N"], include_characters=" -.,()"), max_size=20).map(
    lambda text: " ".join(text.split())
)
fillings = st.lists(
    st.none()
    | st.tuples(
        st.integers(0, 6).map(lambda days: FIRST + timedelta(days=days)),
        st.times(min_value=time(8, 30), max_value=time(23, 59)).map(lambda at: at.replace(second=0, microsecond=0)),
        st.booleans(),
        st.integers(1, 3600),
        st.sampled_from(REASONS),
        words,
        st.sampled_from(["%d/%m/%Y", "%-d/%-m/%Y", "%-d/%-m", "%Y-%m-%d", "ngày %d-%m-%Y", "%d.%m.%Y"]),
        st.sampled_from(["%H:%M", "%Hh%M", "%-H giờ %M", "%H.%M", "%H:%M:%S"]),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(fillings, st.booleans(), st.data())
def test_whatever_a_clerk_fills_in_comes_back(fills: list[Any], real: bool, data: st.DataObject) -> None:
    """In text as the sheet's cells are, or as a spreadsheet's own days and hours, with the columns in any order."""
    clusters = tuple(f"Xóm {number}" for number in range(len(fills)))
    made = airlog(
        Sheet(PACKAGE, "Bản tin", PLACE, clusters, (time(17, 0),), ("vi",), FIRST, date(2027, 10, 9), "Ưu tiên", {})
    )
    (table,) = tables(made, "nhat-ky.xlsx")
    rows: list[list[Any]] = [list(row) for row in table.rows]
    header = next(number for number, row in enumerate(rows) if row[0] == "Mã xã")
    places = {name: place for place, name in enumerate(COLUMNS)}
    expected = set()
    for number, fill in enumerate(fills):
        if fill is None:
            continue
        day, at, played, seconds, reason, signer, day_form, time_form = fill
        row = rows[header + 1 + number]
        row[places["date"]] = day if real else day.strftime(day_form)
        row[places["time"]] = at if real else at.strftime(time_form)
        row[places["result"]] = RESULTS[0] if played else RESULTS[1]
        row[places["seconds"]] = seconds
        row[places["reason"]] = "" if played else reason
        row[places["signer"]] = signer
        expected.add(
            (day, f"{at:%H:%M}", clusters[number], played, seconds if played else None, "" if played else reason)
        )
    order = data.draw(st.permutations(range(len(COLUMNS))))
    rows[header:] = [[row[place] for place in order] for row in rows[header:]]
    (table,) = tables(workbook({"Sổ": rows}), "so.xlsx")
    found = read_lines(lines_of(table, "so.xlsx"), BULLETINS, NOW, "ab" * 32)
    assert found.mistakes == []
    assert {
        (one.day, one.at_time, one.cluster, one.played, one.seconds, one.reason) for one, _ in found.entries
    } == expected
    assert len(found.entries) == sum(fill is not None for fill in fills)
    assert found.waiting == sum(fill is None for fill in fills)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.lists(st.text(max_size=12) | st.sampled_from([text for _, text, _ in CELLS]), max_size=9), max_size=12)
)
def test_no_words_in_a_sheet_are_our_bug(rows: list[list[str]]) -> None:
    lines = lines_of(Table("s", [["Mã xã", "Ngày", "Giờ", "Thời lượng", "Kết quả", "Lý do"], *rows]), "so.xlsx")
    read_lines(lines, BULLETINS, NOW.astimezone(VIETNAM), "ab" * 32, PACKAGE)


def test_a_commune_cannot_have_played_what_it_was_never_given() -> None:
    rows = [
        ["Mã gói tin", "Mã xã", "Ngôn ngữ", "Ngày phát", "Giờ phát", "Kết quả"],
        [PACKAGE, next(iter(BULLETINS[0].rows)), "Tiếng Anh", "10/10/2027", "17:00", "Đã phát"],
    ]
    (table,) = tables("\n".join(";".join(row) for row in rows).encode(), "so.csv")
    for own, mistakes in (({}, []), ({next(iter(BULLETINS[0].rows)): ("vi",)}, ["airlog-language"])):
        given = tuple(replace(bulletin, own=own) for bulletin in BULLETINS)
        found = read_lines(lines_of(table, "so.csv"), given, NOW, "ab" * 32, "")
        assert [mistake.code for mistake in found.mistakes] == mistakes
