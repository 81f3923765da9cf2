"""Dates, times of day, and ranges of both, as Vietnamese says them."""

from __future__ import annotations

import calendar
import re

from loa.loudspeaker.lexicon import Lexicon
from loa.loudspeaker.reading.numbers import cardinal, month, ordinal, roman
from loa.loudspeaker.reading.segments import Rule, always

_EDGE = r"(?<![\w/.,-])"
_END = r"(?![\w/]|[.,-]\d)"
_DASH = r"\s?[-–—]\s?"
_DAY = r"(?P<day>\d{1,2})"
_MONTH = r"(?P<month>\d{1,2})"
_YEAR = r"(?P<year>\d{4})"
# what follows "3/4" when it is a share and not the third of April
_SHARE_OF = (
    r"(?=\s+(?:số|tổng|dân số|diện tích|xã|phường|hộ|thôn|xóm|bản|tổ|người|đơn vị|cơ quan|hồ sơ|thủ tục|chỉ tiêu|"
    r"tiêu chí|nhiệm vụ|đại biểu|địa phương)\b)"
)


def _real(day: int, number: int, year: int | None = None) -> bool:
    # 29 February exists where no year is given
    return 1 <= number <= 12 and 1 <= day <= calendar.monthrange(year or 2024, number)[1]


def _dated(day: str, number: str, year: str | None) -> str | None:
    if not _real(int(day), int(number), int(year) if year else None):
        return None
    said = f"{cardinal(int(day))} tháng {month(int(number))}"
    return f"{said} năm {cardinal(int(year))}" if year else said


def _date(match: re.Match[str], lexicon: Lexicon) -> str | None:
    said = _dated(match["day"], match["month"], match["year"])
    return said and f"{match['lead'] or 'ngày '}{said}"


def _date_range(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """`01-15/10/2027`, `01/10 - 15/10/2027`."""
    last = _dated(match["day"], match["month"], match["year"])
    first_month = match["month0"]
    first = int(match["day0"])
    if last is None or not _real(first, int(first_month or match["month"])):
        return None
    said = cardinal(first) + (f" tháng {month(int(first_month))}" if first_month else "")
    return f"{match['lead'] or 'ngày '}{said} đến ngày {last}"


def _month_year(match: re.Match[str], lexicon: Lexicon) -> str | None:
    if not 1 <= int(match["month"]) <= 12:
        return None
    return f"{match['lead'] or 'tháng '}{month(int(match['month']))} năm {cardinal(int(match['year']))}"


def _named_month(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """`tháng 4`, `quý 4`: the fourth is “tư”."""
    return f"{match['lead']}{month(int(match['number']))}"


def _quarter(match: re.Match[str], lexicon: Lexicon) -> str | None:
    written = match["number"]
    number = int(written) if written.isdigit() else roman(written)
    if number is None or not 1 <= number <= 4:
        return None
    return f"{match['lead']}{month(number)}" + (f" năm {cardinal(int(match['year']))}" if match["year"] else "")


def _ordinal(match: re.Match[str], lexicon: Lexicon) -> str | None:
    written = match["number"]
    number = int(written) if written.isdigit() else roman(written)
    return None if number is None else f"{match['lead']}{ordinal(number)}"


def _chapter(match: re.Match[str], lexicon: Lexicon) -> str | None:
    number = roman(match["number"])
    return None if number is None else f"{match['lead']}{cardinal(number)}"


def _share(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """`3/4 số hộ` -> `ba phần tư`; `45/92 xã` -> `bốn mươi lăm trên chín mươi hai`."""
    part, whole = match["part"], match["whole"]
    if part.startswith("0") or whole.startswith("0") or int(part) > int(whole):
        return None
    if int(whole) < 10:
        return f"{cardinal(int(part))} phần {month(int(whole))}"
    return f"{cardinal(int(part))} trên {cardinal(int(whole))}"


def _clock(hour: str, minute: str | None) -> str | None:
    if minute is not None and (int(hour) > 24 or int(minute) > 59):
        return None
    said = f"{cardinal(int(hour))} giờ"
    return said if not minute or int(minute) == 0 else f"{said} {cardinal(int(minute))} phút"


def _time(match: re.Match[str], lexicon: Lexicon) -> str | None:
    return _clock(match["hour"], match["minute"])


def _time_range(match: re.Match[str], lexicon: Lexicon) -> str | None:
    first, last = _clock(match["hour0"], match["minute0"]), _clock(match["hour"], match["minute"])
    return f"{first} đến {last}" if first and last else None


def _always_open(match: re.Match[str], lexicon: Lexicon) -> str | None:
    return "hai mươi bốn giờ mỗi ngày" + (", bảy ngày mỗi tuần" if match["days"] == "7" else "")


_LEAD = r"(?P<lead>\b[Nn]gày\s+)?"
_CLOCK0 = r"(?P<hour0>\d{1,2})\s?(?:h|:|giờ)\s?(?P<minute0>\d{2})?"
_H_CLOCK = r"(?P<hour>\d{1,2})\s?(?:h|giờ)(?:\s?(?P<minute>\d{2})(?:\s?(?:phút|ph|p)\b)?)?"
_COLON_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})"

DATES = (
    Rule("time", always(rf"{_EDGE}24\s?(?:h|giờ)?/(?P<days>7|24)(?:\s?(?:h|giờ|ngày))?(?![\w/])"), _always_open),
    Rule(
        "date-range",
        always(
            rf"{_LEAD}{_EDGE}(?P<day0>\d{{1,2}})(?:/(?P<month0>\d{{1,2}}))?{_DASH}{_DAY}/{_MONTH}(?:/{_YEAR})?{_END}"
        ),
        _date_range,
    ),
    Rule("date", always(rf"{_LEAD}{_EDGE}{_DAY}(?P<sep>[/.-]){_MONTH}(?P=sep){_YEAR}{_END}"), _date),
    Rule("date", always(rf"(?P<lead>\b[Tt]háng\s+)?{_EDGE}{_MONTH}[/-]{_YEAR}{_END}"), _month_year),
    Rule("share", always(rf"{_EDGE}(?P<part>\d{{1,4}})/(?P<whole>\d{{1,4}})(?![\w/]|[.,-]\d){_SHARE_OF}"), _share),
    Rule("date", always(rf"{_LEAD}{_EDGE}{_DAY}/{_MONTH}(?P<year>){_END}"), _date),
    Rule("share", always(rf"{_EDGE}(?P<part>\d{{1,4}})/(?P<whole>\d{{1,4}}){_END}"), _share),
    Rule("month", always(rf"(?P<lead>\b[Tt]háng\s+){_EDGE}(?P<number>0?[1-9]|1[0-2]){_END}"), _named_month),
    Rule("time-range", always(rf"{_EDGE}{_CLOCK0}{_DASH}{_H_CLOCK}(?![\w/])"), _time_range),
    Rule("time-range", always(rf"{_EDGE}{_CLOCK0}{_DASH}{_COLON_CLOCK}(?![\w/])"), _time_range),
    Rule("time", always(rf"{_EDGE}{_H_CLOCK}(?![\w/])"), _time),
    Rule("time", always(rf"{_EDGE}{_COLON_CLOCK}(?![\w/:])"), _time),
    Rule("quarter", always(rf"(?P<lead>\b[Qq]uý\s+)(?P<number>[IV]+|[1-4])(?:/{_YEAR})?(?![\w/])"), _quarter),
    Rule("ordinal", always(rf"(?P<lead>\b[Tt]hứ\s+)(?P<number>[IVXL]+|\d{{1,3}}){_END}"), _ordinal),
    Rule(
        "roman",
        always(
            r"(?P<lead>\b(?:chương|phần|khoá|khóa|mục|kỳ|điều|khoản|cấp|hạng|thế kỷ|giai đoạn|bậc|loại|tập|đợt)\s+)"
            r"(?P<number>(?-i:[IVXL]+))(?!\w)",
            re.IGNORECASE,
        ),
        _chapter,
    ),
)
