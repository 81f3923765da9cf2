"""Days, hours and lengths as clerks write them in a cell, and as spreadsheets keep them. Pure.

The day stands before the month. A year that is left out is the one that brings the day nearest to the package's first.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, time, timedelta

from loa.filled import whole_number
from loa.loudspeaker.airlog_reading.words import LONGEST
from loa.text.normal import fold

_SERIAL_ZERO = date(1899, 12, 30)  # spreadsheets count days from here (1900 was no leap year, but they think so)
_SERIALS = range(40_000, 60_000)  # 2009 to 2064
_NO_DAY = re.compile(r"(?:1899-12-3[01]|1900-01-0[01]|1904-01-01)[ t](?=\d)")  # a time of day alone
_SECONDS_A_DAY = 86_400


@dataclass(frozen=True, slots=True)
class When:
    """What a cell says: a day, an hour, or both."""

    day: date | None = None
    time: time | None = None


def read_when(text: str, near: date) -> When | None:
    """A day, an hour or both; none where the cell says something else, or a day or an hour that there is not.

    `5/10/2027`, `ngày 5 tháng 10`, `17h00 ngày 5/10`, `2027-10-05 17:00:00`, `46300.708`, `5h30 chiều`, …
    """
    words = _NO_DAY.sub("", _words(text))
    if (serial := _serial(words)) is not None:
        return serial
    try:
        for form in _DAYS:
            if match := form.search(words):
                rest = f"{words[: match.start()]} {_NO_HOUR.sub('', words[match.end() :])}"
                rest = _BETWEEN.sub(" ", rest).strip(" ,;-.")
                moment = _time(rest) if rest else None
                return None if rest and moment is None else When(_day(match, near), moment)
        moment = _time(words)
    except ValueError:
        return None
    return When(None, moment) if moment is not None else None


def read_hour(text: str, near: date) -> When | None:
    """The same where an hour is asked for: `17` is one there.

    `17h`, `17h00`, `17:00`, `17.00`, `5 giờ 30 chiều`, `5:30 CH`, `17h00 - 17h15` (its start), a day's fraction.
    """
    said = read_when(text, near)
    words = _words(text).removesuffix(".0")
    if said is None and re.fullmatch(r"\d{1,2}", words) and int(words) < 24:
        return When(None, time(int(words)))
    return said


def read_seconds(text: str, *, minutes: bool = False) -> int | None:
    """A length in seconds: `120`, `120 giây`, `2 phút`, `1 phút 30`, `1,5 phút`, `2'05"`, `2:00`; or none.

    `minutes`: the column is in minutes. `2:00` is two minutes, and what a spreadsheet makes of it - two o'clock - too.
    """
    words = _NO_DAY.sub("", _words(text)).replace("’", "'").replace("”", '"').replace("''", '"')
    words = re.sub(r"^(?:khoang|gan|hon)\s+", "", words)
    if re.fullmatch(r"\d{1,3}[., ]\d{3}", words):
        return whole_number(words)
    if match := re.fullmatch(r"(\d+(?:[.,]\d{1,2})?)", words):
        return _rounded(match[1], 60 if minutes else 1)
    if match := re.fullmatch(r"(\d+(?:[.,]\d{1,2})?)\s*(?:giay|s|sec|secs|\")", words):
        return _rounded(match[1], 1)
    if match := re.fullmatch(r"(\d+[.,]\d{1,2})\s*(?:phut|p|ph|min|mins|m|')", words):
        return _rounded(match[1], 60)
    if match := re.fullmatch(r"(\d{1,3})\s*(?:phut|p|ph|min|mins|m|')\s*(?:(\d{1,2})\s*(?:giay|s|\")?)?", words):
        return int(match[1]) * 60 + int(match[2] or 0)
    if match := re.fullmatch(r"(\d{1,3}):([0-5]\d)", words):
        return int(match[1]) * 60 + int(match[2])
    if match := re.fullmatch(r"(\d{1,2}):([0-5]\d):([0-5]\d)(?:\.\d+)?", words):
        hours, more, rest = (int(part) for part in match.groups())
        # typed as 2:00 into a spreadsheet it becomes two hours; no bulletin is that long
        return hours * 60 + more if hours and not rest else hours * 3600 + more * 60 + rest
    return None


def _rounded(number: str, unit: int) -> int:
    return round(float(number.replace(",", ".")) * unit)


def _words(text: str) -> str:
    if len(text) > LONGEST:
        return ""
    plain = fold(unicodedata.normalize("NFKC", text)).replace("–", "-").replace("—", "-").strip(" .,;")
    return re.sub(r"^(?:(?:thu\s+(?:hai|ba|tu|nam|sau|bay|[2-7])|t[2-7]|chu nhat|cn)\b[\s,;.-]*)", "", plain)


_BETWEEN = re.compile(r"[,;.\s-]*\b(?:ngay|luc|vao|hoi)\b\s*")
_NO_HOUR = re.compile(r"^[t\s]+00:00:00(?:\.0+)?$")  # a spreadsheet's day alone
_END = r"(?![\d/])"
_BEGIN = r"(?<![\d/.:h-])"
_DAYS = tuple(
    re.compile(form)
    for form in (
        rf"{_BEGIN}(?P<year>20\d\d)[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}}){_END}",
        rf"{_BEGIN}(?P<day>\d{{1,2}})\s*(?P<mark>[/.-])\s*(?P<month>\d{{1,2}})\s*(?P=mark)\s*(?P<year>\d{{4}}|\d{{2}}){_END}",
        rf"{_BEGIN}(?P<day>\d{{1,2}})\s*thang\s*(?P<month>\d{{1,2}})(?:[\s,]*nam\s*(?P<year>\d{{4}}))?{_END}",
        # without a year: a point or a stroke alone would be an hour, or two of them
        rf"{_BEGIN}(?P<day>\d{{1,2}})\s*/\s*(?P<month>\d{{1,2}}){_END}",
        rf"(?<=ngay )(?P<day>\d{{1,2}})\s*[.-]\s*(?P<month>\d{{1,2}}){_END}",
    )
)  # fmt: skip


def _day(match: re.Match[str], near: date) -> date:
    """Raises `ValueError` for a day that no calendar has."""
    said = match.groupdict()
    day, month, year = int(said["day"]), int(said["month"]), said.get("year")
    if year:
        return date(int(year) + (2000 if len(year) == 2 else 0), month, day)
    found = []
    for one in (near.year - 1, near.year, near.year + 1):
        if not (day == 29 and month == 2 and one % 4):
            found.append(date(one, month, day))
    if not found:
        raise ValueError("no such day")
    # a package is played after it is made: what lies a little before it is a slip, to be told as such
    return min(found, key=lambda one: abs((one - near).days - 90))


_HALVES = r"am|pm|sa|ch|sang|trua|chieu|toi"
_MINUTE = r"(?P<minute>\d{2})?\s*(?:p(?:hut)?|')?"
_HOUR = rf"(?P<hour>\d{{1,2}})\s*(?:(?:[:h.,]|g(?:io)?)\s*{_MINUTE}|(?=\s*(?:{_HALVES})\b))(?::\d{{2}}(?:\.\d+)?)?"
_TIME = re.compile(rf"{_HOUR}(?:\s*(?P<half>{_HALVES}))?")
_UNTIL = re.compile(r"\s*(?:-|den|toi)\s*(?=\d)")
_AFTERNOON = {"pm", "ch", "trua", "chieu", "toi"}


def _time(words: str) -> time | None:
    """An hour, or the first of two. Raises `ValueError` for one that no clock shows."""
    first, *others = _UNTIL.split(re.sub(r"^(?:tu|luc|vao|hoi|t)\s*(?=\d)", "", words.strip()))
    found = [_one_time(one) for one in (first, *others[:1])]
    return None if None in found or len(others) > 1 else found[0]


def _one_time(words: str) -> time | None:
    match = _TIME.fullmatch(words.strip())
    if match is None:
        return None
    hour, minute, half = int(match["hour"]), int(match["minute"] or 0), match["half"] or ""
    if half in _AFTERNOON and hour < 12 and not (half == "trua" and hour > 9):
        hour += 12
    elif half in {"am", "sa"} and hour == 12:
        hour = 0
    return time(hour, minute)


def _serial(words: str) -> When | None:
    """A spreadsheet's number: days, and their fraction."""
    match = re.fullmatch(r"\d{5}(?:[.,]\d+)?|0[.,]\d+", words)
    if match is None:
        return None
    number = float(words.replace(",", "."))
    days = int(number)
    seconds = round((number - days) * _SECONDS_A_DAY)
    minute = (seconds + 30) // 60 % 1440
    moment = time(minute // 60, minute % 60) if seconds else None
    if days in _SERIALS:
        return When(_SERIAL_ZERO + timedelta(days=days), moment)
    return When(None, moment) if days == 0 and moment is not None else None
