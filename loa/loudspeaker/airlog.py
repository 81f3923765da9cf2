"""The air-log sheet that a commune fills in: what was really broadcast. Quotas are counted from it alone.

`loa.loudspeaker.airlog_reading` reads it back, by the words that stand in its head and in its column names.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from importlib import import_module
from typing import Any

from loa.archive import EPOCH
from loa.loudspeaker.languages import language_name
from loa.model.places import Commune

# column -> (its name, its width in characters)
COLUMNS: Mapping[str, tuple[str, float]] = {
    "code": ("Mã xã", 8),
    "commune": ("Xã, phường", 23),
    "cluster": ("Cụm loa", 20),
    "language": ("Ngôn ngữ", 12),
    "slot": ("Khung giờ", 9),
    "date": ("Ngày phát", 12),
    "time": ("Giờ phát", 9),
    "seconds": ("Thời lượng (giây)", 10),
    "result": ("Kết quả", 17),
    "reason": ("Lý do (nếu không phát được)", 28),
    "signer": ("Người ký", 18),
}
PLAYED, NOT_PLAYED = "Đã phát", "Không phát được"
RESULTS = (PLAYED, NOT_PLAYED)
REASONS = (
    "Mất điện",
    "Hỏng thiết bị truyền thanh",
    "Mất kết nối mạng",
    "Thời tiết xấu",
    "Chưa nhận được tệp âm thanh",
    "Nhường giờ cho tin khẩn cấp",
)
MOST_SECONDS = 3600  # a bulletin has ten minutes at most; an hour is a programme
TITLE = "Nhật ký phát thanh"
PACKAGE_LABEL, COMMUNE_LABEL = "Mã gói tin", "Xã, phường"

_HINTS = (
    f"CÁCH GHI: mỗi lần phát một dòng. Ghi ngày (như 05/10/2027), giờ (như 17:00), chọn kết quả “{PLAYED}” hoặc "
    f"“{NOT_PLAYED}”.",
    "Không phát được thì ghi lý do. Chưa phát thì để trống. Thiếu dòng thì ghi tiếp vào các dòng trống ở dưới.",
)
_SPARE = 6  # empty rows at the end, for broadcasts that were not planned
_LONGEST_LIST = 255  # characters of a drop-down list, by the format


@dataclass(frozen=True, slots=True)
class Sheet:
    """One commune's sheet. No `clusters` or `slots`: the commune's own. `level` is in Vietnamese words.

    `seconds` is how long the bulletin is, by language. `valid_to` is the last day it may be broadcast.
    """

    package: str
    title: str
    commune: Commune
    clusters: tuple[str, ...]
    slots: tuple[time, ...]
    languages: tuple[str, ...]
    valid_from: date
    valid_to: date
    level: str
    seconds: Mapping[str, int]


def airlog(sheet: Sheet) -> bytes:
    """The sheet as XLSX: a row for each cluster, language and slot, and some spare ones. The same bytes for the same
    inputs."""
    # no type information is published for it
    xlsxwriter = import_module("xlsxwriter")
    buffer = io.BytesIO()
    # a title that begins with "=" is a title, not a formula
    options = {"in_memory": True, "strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties({"title": f"{TITLE}: {sheet.title}", "created": EPOCH})
        page = book.add_worksheet(TITLE)
        header = _head(book, page, sheet)
        last = _rows(book, page, sheet, header)
        _choices(page, sheet, header + 1, last)
        _page(page, sheet, header, last)
    return buffer.getvalue()


def _head(book: Any, page: Any, sheet: Sheet) -> int:
    """What the sheet is for and how it is filled in. Returns the row of column names, from 0."""
    bold, plain = book.add_format({"bold": True}), book.add_format({"font_color": "#404040"})
    hint = book.add_format({"italic": True})
    title = f"NHẬT KÝ PHÁT THANH: {sheet.title}"
    style = book.add_format({"bold": True, "font_size": 14, "text_wrap": True, "valign": "top"})
    page.merge_range(0, 0, 0, len(COLUMNS) - 1, "", style)
    page.write_string(0, 0, title, style)
    page.set_row(0, 20 * _lines(title, 110))
    page.write_string(1, 0, f"{COMMUNE_LABEL}: {sheet.commune.name} (mã {sheet.commune.code})", bold)
    days = f"từ {sheet.valid_from:%d/%m/%Y} đến hết {sheet.valid_to:%d/%m/%Y}"
    if sheet.valid_from == sheet.valid_to:
        days = f"ngày {sheet.valid_to:%d/%m/%Y}"
    page.write_string(2, 0, f"Thời gian phát: {days}. Mức độ: {sheet.level}.", bold)
    page.write_string(3, 0, f"{PACKAGE_LABEL}: {sheet.package} (không sửa dòng này)", plain)
    for line, words in enumerate(_HINTS, 4):
        page.write_string(line, 0, words, hint)
    header = 4 + len(_HINTS)
    style = book.add_format(
        {"bold": True, "bg_color": "#DCE6F1", "border": 1, "text_wrap": True, "valign": "vcenter", "align": "center"}
    )
    for place, (name, width) in enumerate(COLUMNS.values()):
        page.set_column(place, place, width)
        page.write_string(header, place, name, style)
    page.set_row(header, 32)
    return header


def _rows(book: Any, page: Any, sheet: Sheet, header: int) -> int:
    """Writes the rows. Returns the last one's number, from 0."""
    look = {"border": 1, "valign": "vcenter", "text_wrap": True}
    # codes, dates and times as text: a code keeps its zeros, a date its day before its month
    fixed = book.add_format({**look, "num_format": "@", "bg_color": "#F2F2F2"})
    text, number = book.add_format({**look, "num_format": "@"}), book.add_format({**look, "num_format": "0"})
    row = header
    for row, filled in enumerate([*_planned(sheet), *({} for _ in range(_SPARE))], header + 1):
        # a pen needs room, a long name a second line
        lines = max(_lines(str(filled.get(name, "")), width - 1) for name, (_, width) in COLUMNS.items())
        page.set_row(row, max(21, 15 * lines))
        for place, name in enumerate(COLUMNS):
            said = filled.get(name, "")
            if isinstance(said, int):
                page.write_number(row, place, said, number)
            else:
                style = fixed if said else number if name == "seconds" else text
                page.write_string(row, place, said, style) if said else page.write_blank(row, place, None, style)
    return row


def _lines(words: str, width: float) -> int:
    """About how many lines a text takes in a cell that so many characters fit into."""
    return max(1, -int(-len(words) // width))


def _planned(sheet: Sheet) -> Iterator[dict[str, str | int]]:
    for cluster in sheet.clusters or ("",):
        for language in sheet.languages:
            for slot in sheet.slots or (None,):
                yield {
                    "code": sheet.commune.code,
                    "commune": sheet.commune.name,
                    "cluster": cluster,
                    "language": language_name(language),
                    "slot": f"{slot:%H:%M}" if slot else "",
                    "seconds": sheet.seconds.get(language, ""),
                }


def _choices(page: Any, sheet: Sheet, first: int, last: int) -> None:
    """Lists to choose from, and what a cell takes."""
    names = list(COLUMNS)

    def rule(name: str, **options: Any) -> None:
        page.data_validation(first, names.index(name), last, names.index(name), {"ignore_blank": True, **options})

    rule(
        "result",
        validate="list",
        source=list(RESULTS),
        error_title="Kết quả",
        error_message="Hãy chọn: " + " hoặc ".join(RESULTS),
    )
    # another reason, or another day, may be written as well
    rule("reason", validate="list", source=list(REASONS), show_error=False)
    days = [
        f"{sheet.valid_from + timedelta(days=number):%d/%m/%Y}"
        for number in range((sheet.valid_to - sheet.valid_from).days + 1)
    ]
    if len(",".join(days)) <= _LONGEST_LIST:
        rule("date", validate="list", source=days, show_error=False)
    if len(sheet.languages) > 1:
        rule("language", validate="list", source=[language_name(one) for one in sheet.languages], show_error=False)
    rule(
        "seconds",
        validate="integer",
        criteria="between",
        minimum=1,
        maximum=MOST_SECONDS,
        error_title="Thời lượng",
        error_message=f"Hãy ghi số giây, từ 1 đến {MOST_SECONDS}, như 120.",
    )


def _page(page: Any, sheet: Sheet, header: int, last: int) -> None:
    page.freeze_panes(header + 1, 2)
    page.ignore_errors({"number_stored_as_text": f"A{header + 2}:{chr(ord('A') + len(COLUMNS) - 1)}{last + 1}"})
    page.set_landscape()
    page.set_paper(9)  # A4
    page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    page.fit_to_pages(1, 0)
    page.repeat_rows(header)
    page.print_area(0, 0, last, len(COLUMNS) - 1)
    # "&" begins a code there, and a footer of more than 255 characters is left out whole
    name = sheet.commune.name[:60].replace("&", "&&")
    page.set_footer(f"&L{sheet.package[:100]}&C{name}&RTrang &P/&N")
