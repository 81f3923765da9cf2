"""The quota of broadcasts that a plan sets - once a month in every commune - counted from the air log alone.

Pure: what was scheduled, or handed over, counts for nothing; it only says who could have played something.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from loa.model.plan import Cadence
from loa.store.airings import Played


@dataclass(frozen=True, slots=True)
class Period:
    """Some days, both ends included. `name` is how it is written: `2027-10`, `2027-Q4`, `2027`."""

    name: str
    first: date
    last: date

    @property
    def words(self) -> str:
        """As officers say it: `tháng 10/2027`, `quý IV/2027`, `năm 2027`."""
        if self.months not in _SPANS or self.first.day != 1:
            return f"từ {self.first:%d/%m/%Y} đến {self.last:%d/%m/%Y}"
        number = (self.first.month - 1) // self.months + 1
        return _SPANS[self.months].format(number=number, roman=_ROMAN[number % 5], year=self.first.year)

    @property
    def months(self) -> int:
        """How many months it covers, from the first one's first day to the last one's last."""
        return (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1


_SPANS: Mapping[int, str] = {1: "tháng {number}/{year}", 3: "quý {roman}/{year}", 12: "năm {year}"}
_ROMAN = ("", "I", "II", "III", "IV")
_MONTHS: Mapping[str, int] = {"monthly": 1, "quarterly": 3, "half-yearly": 6, "yearly": 12}


def period(text: str) -> Period | None:
    """`2027-10` (also `10/2027`), `2027-Q4`, `2027`; none for anything else."""
    if match := re.fullmatch(r"(20\d\d)", text):
        return _months(int(match[1]), 1, 12, text)
    if match := re.fullmatch(r"(20\d\d)-?[Qq]([1-4])", text):
        return _months(int(match[1]), int(match[2]) * 3 - 2, 3, f"{match[1]}-Q{match[2]}")
    if match := re.fullmatch(r"(20\d\d)-(0?[1-9]|1[0-2])", text):
        return _months(int(match[1]), int(match[2]), 1, f"{match[1]}-{int(match[2]):02d}")
    if match := re.fullmatch(r"(0?[1-9]|1[0-2])/(20\d\d)", text):
        return period(f"{match[2]}-{match[1]}")
    return None


def _months(year: int, month: int, number: int, name: str) -> Period:
    end = month + number - 1
    return Period(name, date(year, month, 1), date(year, end, calendar.monthrange(year, end)[1]))


def periods(cadence: Cadence, asked: Period) -> tuple[Period, ...]:
    """The periods of a cadence that touch the one asked about: the months of a quarter, the year of a month.

    `continuous` sets no rhythm: the time asked about is looked at as one. `october` is the Octobers in it.
    """
    if cadence == "continuous":
        return (asked,)
    if cadence == "weekly":
        monday = asked.first - timedelta(days=asked.first.weekday())
        weeks = range((asked.last - monday).days // 7 + 1)
        starts = [monday + timedelta(days=7 * number) for number in weeks]
        return tuple(Period(f"{one:%G-W%V}", one, one + timedelta(days=6)) for one in starts)
    if cadence == "october":
        return (_months(asked.first.year, 10, 1, f"{asked.first.year}-10"),)
    length = _MONTHS[cadence]
    first = (asked.first.month - 1) // length * length + 1
    return tuple(
        _months(asked.first.year, month, length, _name(asked.first.year, month, length))
        for month in range(first, asked.last.month + 1, length)
    )


def _name(year: int, month: int, length: int) -> str:
    number = (month - 1) // length + 1
    return {1: f"{year}-{month:02d}", 3: f"{year}-Q{number}", 6: f"{year}-H{number}"}.get(length, f"{year}")


@dataclass(frozen=True, slots=True)
class Quota:
    """How a quota of `times` broadcasts in every commune stood in a period. Communes by code, each in one group.

    `met` played at least `times`; `short` played, but not as often; `failed` reported only that they could not;
    `silent` have a package and said nothing; `without` had no package to play and said nothing.
    """

    period: Period
    times: int
    met: tuple[str, ...]
    short: tuple[str, ...]
    failed: tuple[str, ...]
    silent: tuple[str, ...]
    without: tuple[str, ...]

    @property
    def communes(self) -> int:
        return len(self.met) + len(self.missing)

    @property
    def missing(self) -> tuple[str, ...]:
        """Every commune that has not met it, for whatever reason."""
        return tuple(sorted((*self.short, *self.failed, *self.silent, *self.without)))

    @property
    def reached(self) -> bool:
        return bool(self.met) and not self.missing


def count(
    communes: Collection[str], span: Period, times: int, played: Mapping[str, Played], given: Collection[str]
) -> Quota:
    """Holds air logs against a quota.

    `communes` are those the plan applies to, `played` what their logs say of the period (`Airings.played`), `given`
    those that had a package which could be played in it.
    """
    groups: dict[str, list[str]] = {"met": [], "short": [], "failed": [], "silent": [], "without": []}
    for code in sorted(communes):
        said = played.get(code, Played())
        if said.broadcasts >= times:
            group = "met"
        elif said.broadcasts:
            group = "short"
        elif said.failed:
            group = "failed"
        else:
            group = "silent" if code in given else "without"
        groups[group].append(code)
    return Quota(span, times, **{name: tuple(codes) for name, codes in groups.items()})
