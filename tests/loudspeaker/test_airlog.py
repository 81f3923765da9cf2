"""The sheet that a commune fills in."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from datetime import date, time

from loa.filled import tables
from loa.loudspeaker.airlog import COLUMNS, REASONS, RESULTS, Sheet, airlog
from loa.model.places import Commune

SHEET = Sheet(
    package="nho-2027-d-7-phat-thanh",
    title="Bản tin truyền thanh - Một tuần trước",
    commune=Commune("01234", "Phường Phan Đình Phùng", "phường", "19", "Tỉnh Mẫu"),
    clusters=("Xóm 1", "Xóm 2"),
    slots=(time(5, 30), time(17, 0)),
    languages=("vi", "en"),
    valid_from=date(2027, 10, 3),
    valid_to=date(2027, 10, 9),
    level="Thông thường",
    seconds={"vi": 75, "en": 82},
)


def rows(sheet: Sheet) -> list[list[str]]:
    (table,) = tables(airlog(sheet), "so.xlsx")
    return table.rows


def body(sheet: Sheet) -> list[list[str]]:
    """The rows below the names of the columns."""
    found = rows(sheet)
    return found[found.index([name for name, _ in COLUMNS.values()]) + 1 :]


def xml(sheet: Sheet, part: str = "xl/worksheets/sheet1.xml") -> str:
    with zipfile.ZipFile(io.BytesIO(airlog(sheet))) as book:
        return book.read(part).decode()


def test_a_row_waits_for_every_cluster_language_and_slot() -> None:
    assert [row[:5] + row[7:8] for row in body(SHEET)[:5]] == [
        ["01234", "Phường Phan Đình Phùng", "Xóm 1", "Tiếng Việt", "05:30", "75"],
        ["01234", "Phường Phan Đình Phùng", "Xóm 1", "Tiếng Việt", "17:00", "75"],
        ["01234", "Phường Phan Đình Phùng", "Xóm 1", "Tiếng Anh", "05:30", "82"],
        ["01234", "Phường Phan Đình Phùng", "Xóm 1", "Tiếng Anh", "17:00", "82"],
        ["01234", "Phường Phan Đình Phùng", "Xóm 2", "Tiếng Việt", "05:30", "75"],
    ]
    assert len(body(SHEET)) == 8


def test_without_clusters_and_slots_there_is_a_row_all_the_same() -> None:
    found = body(replace(SHEET, clusters=(), slots=()))
    assert [row[:5] for row in found] == [
        ["01234", "Phường Phan Đình Phùng", "", name, ""] for name in ("Tiếng Việt", "Tiếng Anh")
    ]


def test_the_head_says_what_it_is_whose_and_until_when() -> None:
    head = "\n".join(row[0] for row in rows(SHEET)[:6])
    for words in (SHEET.title, SHEET.package, "Phường Phan Đình Phùng (mã 01234)", "03/10/2027", "09/10/2027",
                  "Thông thường", "CÁCH GHI"):  # fmt: skip
        assert words in head


def test_results_reasons_and_days_are_chosen_from_lists_and_lengths_are_held_to_numbers() -> None:
    raw = xml(SHEET)
    assert f'"{",".join(RESULTS)}"' in raw
    assert f'"{",".join(REASONS)}"' in raw
    assert '"03/10/2027,04/10/2027' in raw
    assert 'type="whole"' in raw


def test_a_long_validity_has_no_list_of_days_since_the_format_takes_no_more() -> None:
    assert "03/10/2027,04" not in xml(replace(SHEET, valid_to=date(2027, 11, 2)))


def test_every_list_is_as_long_as_the_format_allows() -> None:
    for last in range(1, 32):
        raw = xml(replace(SHEET, valid_from=date(2027, 10, 1), valid_to=date(2027, 10, last)))
        assert all(len(one) <= 257 for one in re.findall(r"<formula1>(.*?)</formula1>", raw))


def test_the_same_inputs_give_the_same_bytes() -> None:
    assert airlog(SHEET) == airlog(replace(SHEET))


def test_it_prints_on_a4_across_with_the_names_of_columns_on_every_page() -> None:
    raw = xml(SHEET)
    setup = re.findall(r"<pageSetup [^>]*>", raw)[0]
    assert all(one in setup for one in ('paperSize="9"', 'orientation="landscape"', 'fitToHeight="0"'))
    assert '<pane xSplit="2" ySplit="7"' in raw
    assert "Print_Titles" in xml(SHEET, "xl/workbook.xml")


def test_words_that_look_like_formulas_or_links_stay_words() -> None:
    title = '=HYPERLINK("http://x")'
    sheet = replace(SHEET, title=title, clusters=("=1+1", "http://x", "&R"))
    raw = xml(sheet)
    assert "<f>" not in raw
    assert "<hyperlink" not in raw
    assert [row[2] for row in body(sheet)[::4]][:2] == ["=1+1", "http://x"]
