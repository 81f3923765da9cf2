"""The air-log sheet that a commune fills in: what was really broadcast. Quotas are counted from it alone."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from loa.model.places import Commune

COLUMNS = (
    ("Mã xã", 9),
    ("Xã, phường", 26),
    ("Cụm loa", 20),
    ("Khung giờ", 11),
    ("Ngày phát", 12),
    ("Giờ phát", 10),
    ("Thời lượng (giây)", 16),
    ("Kết quả", 18),
    ("Lý do (nếu không phát được)", 34),
    ("Người ký", 22),
)
RESULTS = ("Đã phát", "Không phát được")
_HEADER = 3  # the row of column titles, from 0
_SPARE = 3  # empty rows at the end, for broadcasts that were not planned
_EPOCH = dt.datetime(2025, 1, 1)  # noqa: DTZ001 - spreadsheets know no zones; fixed, so that bytes do not depend on the day


def airlog(package: str, title: str, communes: Sequence[Commune], slots: Sequence[dt.time]) -> bytes:
    """The sheet as XLSX: a row per commune and slot, results chosen from a list. The same bytes for the same inputs."""
    # no type information is published for it
    xlsxwriter = import_module("xlsxwriter")
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_numbers": False}) as book:
        book.set_properties({"title": f"Nhật ký phát thanh: {title}", "created": _EPOCH})
        sheet = book.add_worksheet("Nhật ký phát thanh")
        _head(book, sheet, package, title)
        last = _rows(book, sheet, communes, slots)
        sheet.data_validation(
            _HEADER + 1,
            7,
            last,
            7,
            {
                "validate": "list",
                "source": list(RESULTS),
                "error_title": "Kết quả",
                "error_message": "Hãy chọn: " + " hoặc ".join(RESULTS),
            },
        )
        _page(sheet, last)
    return buffer.getvalue()


def _head(book: Any, sheet: Any, package: str, title: str) -> None:
    sheet.write(0, 0, f"NHẬT KÝ PHÁT THANH: {title}", book.add_format({"bold": True, "font_size": 14}))
    sheet.write(1, 0, f"Mã gói tin: {package}", book.add_format({"font_color": "#595959"}))
    sheet.write(2, 0, "Ghi một dòng cho mỗi lần phát, chọn kết quả trong danh sách, rồi gửi lại cho cơ quan ban hành.")
    style = book.add_format(
        {"bold": True, "bg_color": "#DCE6F1", "border": 1, "text_wrap": True, "valign": "vcenter", "align": "center"}
    )
    for place, (name, width) in enumerate(COLUMNS):
        sheet.set_column(place, place, width)
        sheet.write(_HEADER, place, name, style)
    sheet.set_row(_HEADER, 32)


def _rows(book: Any, sheet: Any, communes: Sequence[Commune], slots: Sequence[dt.time]) -> int:
    """Writes the rows. Returns the last one's number."""
    # codes and dates as text: a code keeps its zeros, a date its day before its month
    text = book.add_format({"num_format": "@", "border": 1})
    row = _HEADER
    for commune in communes:
        for slot in slots or (None,):
            row += 1
            filled = (commune.code, commune.name, "", f"{slot:%H:%M}" if slot else "")
            for place in range(len(COLUMNS)):
                # an empty text is written as a blank cell that keeps its border
                sheet.write(row, place, filled[place] if place < len(filled) else "", text)
    for _ in range(_SPARE):
        row += 1
        for place in range(len(COLUMNS)):
            sheet.write_blank(row, place, None, text)
    return row


def _page(sheet: Any, last: int) -> None:
    sheet.freeze_panes(_HEADER + 1, 2)
    sheet.autofilter(_HEADER, 0, last, len(COLUMNS) - 1)
    sheet.ignore_errors({"number_stored_as_text": f"A{_HEADER + 2}:A{last + 1}"})
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(_HEADER)
