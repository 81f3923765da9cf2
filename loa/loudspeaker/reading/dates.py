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
    """`01-15/10/2027`, `01/10 - 15/10/2027`, `25/12/2026 - 05/01/2027`."""
    last = _dated(match["day"], match["month"], match["year"])
    first = _dated(match["day0"], match["month0"] or match["month"], match["year0"])
    if last is None or first is None:
        return None
    said = first if match["month0"] else cardinal(int(match["day0"]))
    return f"{match['lead'] or 'ngày '}{said} đến ngày {last}"


def _dashed_day(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """`ngày 20-10`: a date, as newspapers write it. `ngày 5-10` may be days 5 to 10 and is left as a range."""
    said = _dated(match["day"], match["month"], None)
    return f"{match['lead']}{said}" if said and int(match["day"]) > int(match["month"]) else None


def _named_day(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """`ngày 01 tháng 7`: the zero is not said."""
    return f"{match['lead']}{cardinal(int(match['number']))}"


def _from_day(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """`từ 01 đến 15/10`: the first of the two is a day as well."""
    return f"{match['lead']}ngày {cardinal(int(match['day']))}"


def _month_range(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """`tháng 9-10`, `tháng 4-10/2026`."""
    first, last = int(match["first"]), int(match["last"])
    if not 1 <= first < last <= 12:
        return None
    said = f"{match['lead']}{month(first)} đến tháng {month(last)}"
    return f"{said} năm {cardinal(int(match['year']))}" if match["year"] else said


def _month_years(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """`tháng 12/2026 - 01/2027`."""
    ends = [(int(match["first"]), int(match["year0"])), (int(match["last"]), int(match["year"]))]
    if not all(1 <= number <= 12 for number, _ in ends):
        return None
    said = " đến tháng ".join(f"{month(number)} năm {cardinal(year)}" for number, year in ends)
    return f"{match['lead'] or 'tháng '}{said}"


def _months(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """`tháng 3, 4`: the fourth is “tư” in a list as well."""
    return match["lead"] + re.sub(r"\d+", lambda number: month(int(number[0])), match["list"])


def _stroke(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """`số nhà 15/3`, `lớp 1/2`: no dates."""
    between = " " if match["lead"].lower().startswith("lớp") else " trên "
    return match["lead"] + between.join(cardinal(int(number)) for number in match["number"].split("/"))


def _weekdays(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """`thứ 2 - thứ 6`, `thứ 2-6`, `thứ 2, 4, 6`."""
    days = [ordinal(int(day)) for day in re.findall(r"\d", match["days"])]
    ranged = re.search("[-–—]", match["days"])
    return match["lead"] + (" đến thứ " if ranged else ", ").join(days)


def _month_year(match: re.Match[str], lexicon: Lexicon) -> str | None:
    if not 1 <= int(match["month"]) <= 12:
        return None
    return f"{match['lead'] or 'tháng '}{month(int(match['month']))} năm {cardinal(int(match['year']))}"


def _named_month(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """`tháng 4`, `quý 4`: the fourth is “tư”."""
    return f"{match['lead']}{month(int(match['number']))}"


def _quarter(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """`quý II/2026`, `quý I, II`, `quý III-IV/2026`."""
    signs = re.findall(r"\w+", match["number"])
    numbers = [int(sign) if sign.isdigit() else roman(sign) for sign in signs]
    if not all(number and 1 <= number <= 4 for number in numbers):
        return None
    between = " đến quý " if re.search("[-–—]", match["number"]) else ", "
    said = match["lead"] + between.join(month(number) for number in numbers if number)
    return f"{said} năm {cardinal(int(match['year']))}" if match["year"] else said


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


def _hours(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """`8-17h`."""
    last = _clock(match["hour"], match["minute"])
    return f"{cardinal(int(match['hour0']))} đến {last}" if last and int(match["hour0"]) <= 24 else None


def _time_range(match: re.Match[str], lexicon: Lexicon) -> str | None:
    first, last = _clock(match["hour0"], match["minute0"]), _clock(match["hour"], match["minute"])
    return f"{first} đến {last}" if first and last else None


def _always_open(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """`24/7`; but `ngày 24/7` and `từ 20/7 đến 24/7` are the 24th of July."""
    before, after = match.string[: match.start()], match.string[match.end() :]
    if match["days"] == "7" and (re.search(_DAY_BEFORE, before) or re.match(_DAY_AFTER, after)):
        return None
    return "hai mươi bốn giờ mỗi ngày" + (", bảy ngày mỗi tuần" if match["days"] == "7" else "")


_LEAD = r"(?P<lead>\b[Nn]gày\s+)?"
# the south writes g for giờ; only with minutes, else it is gam
_HOUR = r"(?:[hH]|giờ|g(?=\d{2}))"
_CLOCK0 = rf"(?P<hour0>\d{{1,2}})\s?(?:{_HOUR}|:)\s?(?P<minute0>\d{{2}})?"
_H_CLOCK = rf"(?P<hour>\d{{1,2}})\s?{_HOUR}(?:\s?(?P<minute>\d{{2}})(?:\s?(?:(?:phút|ph|p)\b|['’′]))?)?"
_COLON_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})"
_QUARTERS = r"[IV]+(?:(?:,\s|\s?[-–—]\s?)[IV]+)*"
_DATED = r"(?:/\d{4})?(?![\w/])"
# the end of a list that nothing counted follows
_LISTED = r"(?=\s*(?:$|[.,;:)!?]|(?:hằng|hàng|trong|tại|từ|và|lúc|năm)(?!\w)))"
_MONTHS = rf"(?:0?[1-9]|1[0-2])(?:(?:,\s|\svà\s)(?:0?[1-9]|1[0-2])(?![\w/]|[.,-]\d))+{_LISTED}"
_STROKE = (
    r"(?P<lead>\b(?:(?:số nhà|ngõ|ngách|hẻm|kiệt|lớp)|số(?=\s\d{1,4}/\d{1,4}\s(?:đường|phố|ngõ|ấp|khu|tổ)\b))\s+)"
    r"(?P<number>\d{1,4}/\d{1,4})(?![\w/])"
)
# a range, or a list that nothing counted follows ("thứ 2, 4 người" is no list)
_WEEKDAYS = (
    r"[2-7]\s?[-–—]\s?(?:thứ\s)?[2-7]"
    rf"|[2-7](?:,\s[2-7])+{_LISTED}"
)
_DAY_AFTER = r"\s+(?:đến|và)\s+(?:hết\s+)?(?:ngày\s+)?\d{1,2}/\d"
_DAY_BEFORE = r"(?<!cả )(?<!mỗi )(?<!hằng )(?<!hàng )(?<!suốt )\b[Nn]gày\s+$|\d/\d{1,2}\s+(?:đến|và)\s+$"

DATES = (
    Rule("time", always(rf"{_EDGE}24\s?(?:h|giờ)?/(?P<days>7|24)(?:\s?(?:h|giờ|ngày))?(?![\w/])"), _always_open),
    Rule(
        "date-range",
        always(
            rf"{_LEAD}{_EDGE}(?P<day0>\d{{1,2}})(?:/(?P<month0>\d{{1,2}})(?:/(?P<year0>\d{{4}}))?)?"
            rf"{_DASH}{_DAY}/{_MONTH}(?:/{_YEAR})?{_END}"
        ),
        _date_range,
    ),
    Rule(
        "quarter",
        always(rf"(?P<lead>\b[Qq]uý\s+)(?P<number>{_QUARTERS}|[1-4](?:[-–][1-4])?)(?:/{_YEAR})?(?![\w/])"),
        _quarter,
    ),
    Rule(
        "date",
        always(rf"(?P<lead>\b[Tt]ừ\s+){_EDGE}{_DAY}(?=\sđến\s(?:hết\s)?(?:ngày\s)?\d{{1,2}}/\d{{1,2}}{_DATED})"),
        _from_day,
    ),
    Rule(
        "month-range",
        always(rf"(?P<lead>\b[Tt]háng\s+){_EDGE}(?P<first>\d{{1,2}}){_DASH}(?P<last>\d{{1,2}})(?:/{_YEAR})?{_END}"),
        _month_range,
    ),
    Rule(
        "month-range",
        always(
            rf"(?P<lead>\b[Tt]háng\s+)?{_EDGE}(?P<first>\d{{1,2}})/(?P<year0>\d{{4}}){_DASH}(?:tháng\s+)?"
            rf"(?P<last>\d{{1,2}})/{_YEAR}{_END}"
        ),
        _month_years,
    ),
    Rule("month", always(rf"(?P<lead>\b[Tt]háng\s+){_EDGE}(?P<list>{_MONTHS})"), _months),
    Rule("stroke", always(_STROKE, re.IGNORECASE), _stroke),
    Rule("date", always(rf"{_LEAD}{_EDGE}{_YEAR}-(?P<month>\d{{2}})-(?P<day>\d{{2}}){_END}"), _date),
    Rule("date", always(rf"(?P<lead>\b[Nn]gày\s+){_EDGE}{_DAY}-{_MONTH}{_END}"), _dashed_day),
    Rule("date", always(rf"{_LEAD}{_EDGE}{_DAY}(?P<sep>[/.-]){_MONTH}(?P=sep){_YEAR}{_END}"), _date),
    Rule("date", always(rf"(?P<lead>\b[Tt]háng\s+)?{_EDGE}{_MONTH}[/-]{_YEAR}{_END}"), _month_year),
    Rule("share", always(rf"{_EDGE}(?P<part>\d{{1,4}})/(?P<whole>\d{{1,4}})(?![\w/]|[.,-]\d){_SHARE_OF}"), _share),
    Rule("date", always(rf"{_LEAD}{_EDGE}{_DAY}/{_MONTH}(?P<year>){_END}"), _date),
    Rule("share", always(rf"{_EDGE}(?P<part>\d{{1,4}})/(?P<whole>\d{{1,4}}){_END}"), _share),
    Rule("day", always(rf"(?P<lead>\b[Nn]gày\s+){_EDGE}(?P<number>0[1-9]|[12]?\d|3[01]){_END}"), _named_day),
    Rule("month", always(rf"(?P<lead>\b[Tt]háng\s+){_EDGE}(?P<number>0?[1-9]|1[0-2]){_END}"), _named_month),
    Rule("time-range", always(rf"{_EDGE}{_CLOCK0}{_DASH}{_H_CLOCK}(?![\w/])"), _time_range),
    Rule("time-range", always(rf"{_EDGE}{_CLOCK0}{_DASH}{_COLON_CLOCK}(?![\w/])"), _time_range),
    Rule("time-range", always(rf"{_EDGE}(?P<hour0>\d{{1,2}})[-–]{_H_CLOCK}(?![\w/])"), _hours),
    Rule("time", always(rf"{_EDGE}{_H_CLOCK}(?![\w/])"), _time),
    Rule("time", always(rf"{_EDGE}{_COLON_CLOCK}(?![\w/:])"), _time),
    Rule("weekdays", always(rf"(?P<lead>\b[Tt]hứ\s+){_EDGE}(?P<days>{_WEEKDAYS}){_END}"), _weekdays),
    Rule("ordinal", always(rf"(?P<lead>\b[Tt]hứ\s+)(?P<number>[IVXL]+|\d{{1,3}}){_END}"), _ordinal),
    # a heading: "II. Yêu cầu"
    Rule("roman", always(r"^(?P<lead>[ \t]*)(?P<number>[IVX]+)(?=\.[ \t])", re.MULTILINE), _chapter),
    Rule(
        "roman",
        always(
            r"(?P<lead>\b(?:chương|phần|khoá|khóa|mục|kỳ|đại hội|điều|khoản|cấp|hạng|thế kỷ|giai đoạn|bậc|loại|tập|"
            r"đợt)\s+)"
            r"(?P<number>(?-i:[IVXL]+))(?!\w)",
            re.IGNORECASE,
        ),
        _chapter,
    ),
)
