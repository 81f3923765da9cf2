"""The form that an operator fills in: one row per area, and what is read back from it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from loa.archive import EPOCH
from loa.sms.broadcast import wording
from loa.sms.broadcast.request import Request

# field -> (the column's name, its width in characters, another name it may have)
COLUMNS: Mapping[str, tuple[str, int, str]] = {
    "operator": ("Doanh nghiệp", 15, "operator"),
    "area": ("Mã địa bàn", 11, "area"),
    "name": ("Địa bàn", 26, "area name"),
    "subscribers": ("Thuê bao thuộc đối tượng", 16, "subscribers"),
    "sent": ("Số tin đã gửi", 14, "sent"),
    "delivered": ("Gửi thành công", 14, "delivered"),
    "start": ("Bắt đầu gửi", 18, "from"),
    "end": ("Kết thúc gửi", 18, "to"),
    "letter": ("Số công văn", 18, "letter number"),
    "letter_date": ("Ngày công văn", 14, "letter date"),
    "note": ("Ghi chú", 28, "note"),
}
NUMBERS = ("subscribers", "sent", "delivered")
_HEADER = 5  # the row of column names, from 0


def form(request: Request) -> bytes:
    """The form as XLSX. The same bytes for the same request."""
    # no type information is published for it
    xlsxwriter = import_module("xlsxwriter")
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_numbers": False}) as book:
        book.set_properties({"title": f"Kết quả nhắn tin: {request.operator}", "created": EPOCH})
        sheet = book.add_worksheet("Kết quả nhắn tin")
        _head(book, sheet, request)
        _rows(book, sheet, request)
        last = _HEADER + len(request.region.areas)
        _only(sheet, last, request)
        _page(sheet, last)
    return buffer.getvalue()


def _head(book: Any, sheet: Any, request: Request) -> None:
    plain = book.add_format({"font_color": "#404040"})
    sheet.write(0, 0, "KẾT QUẢ NHẮN TIN TUYÊN TRUYỀN", book.add_format({"bold": True, "font_size": 14}))
    sheet.write(1, 0, f"Theo đề nghị của {request.issuer}, mã yêu cầu {request.id}", plain)
    sheet.write_string(2, 0, f"Nội dung: {request.text.payload}", plain)
    sheet.write(3, 0, f"Thời gian đề nghị: {wording.when(request)}", plain)
    hint = "Điền các ô màu vàng. Ngày ghi dạng 31/12/2027, thời gian ghi dạng 08:00 31/12/2027. Không sửa cột A, B, C."
    sheet.write(4, 0, hint, book.add_format({"italic": True}))
    style = book.add_format(
        {"bold": True, "bg_color": "#DCE6F1", "border": 1, "text_wrap": True, "valign": "vcenter", "align": "center"}
    )
    for place, (name, width, _) in enumerate(COLUMNS.values()):
        sheet.set_column(place, place, width)
        sheet.write(_HEADER, place, name, style)
    sheet.set_row(_HEADER, 34)


def _rows(book: Any, sheet: Any, request: Request) -> None:
    # codes and dates as text: a code keeps its zeros, a date its day before its month
    given = book.add_format({"num_format": "@", "border": 1, "bg_color": "#F2F2F2"})
    text = book.add_format({"num_format": "@", "border": 1, "bg_color": "#FFF9DB"})
    number = book.add_format({"num_format": "#,##0", "border": 1, "bg_color": "#FFF9DB"})
    for row, area in enumerate(request.region.areas, _HEADER + 1):
        filled = {"operator": request.operator, "area": area.code, "name": area.name}
        for place, field in enumerate(COLUMNS):
            style = given if field in filled else number if field in NUMBERS else text
            if field in filled:
                sheet.write_string(row, place, filled[field], style)  # never taken for a formula
            else:
                sheet.write_blank(row, place, None, style)


def _only(sheet: Any, last: int, request: Request) -> None:
    """What may be chosen or typed, said by the spreadsheet itself."""
    places = {field: place for place, field in enumerate(COLUMNS)}
    codes = [area.code for area in request.region.areas]
    for field, values in (("operator", [request.operator]), ("area", codes)):
        # a list that is written out may have 255 characters; a longer one is the column itself
        written = len(",".join(values)) <= 255
        column = chr(ord("A") + places[field])
        sheet.data_validation(
            _HEADER + 1, places[field], last, places[field],
            {"validate": "list", "source": values if written else f"=${column}${_HEADER + 2}:${column}${last + 1}",
             "error_title": COLUMNS[field][0], "error_message": "Hãy chọn trong danh sách."},
        )  # fmt: skip
    for field in NUMBERS:
        sheet.data_validation(
            _HEADER + 1, places[field], last, places[field],
            {"validate": "integer", "criteria": ">=", "value": 0,
             "error_title": COLUMNS[field][0], "error_message": "Hãy ghi một số nguyên, từ 0 trở lên."},
        )  # fmt: skip


def _page(sheet: Any, last: int) -> None:
    sheet.freeze_panes(_HEADER + 1, 3)
    sheet.ignore_errors({"number_stored_as_text": f"A{_HEADER + 2}:K{last + 1}"})
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(_HEADER)
