"""A listener: turns what is read back into numbers, days and times.

It is written from the words up and shares nothing with the reader.
"""

from __future__ import annotations

import re
from datetime import date

_VALUES = {
    "không": 0, "một": 1, "mốt": 1, "hai": 2, "ba": 3, "bốn": 4, "tư": 4, "năm": 5, "lăm": 5, "sáu": 6, "bảy": 7,
    "tám": 8, "chín": 9,
}  # fmt: skip
_NUMBER = rf"(?:(?:{'|'.join(_VALUES)}|mười|mươi|trăm|linh|nghìn|triệu|tỷ)\b ?)+"


def understood(words: str) -> int:
    """The number that a listener takes the words for."""
    if words.endswith(" tỷ"):
        return understood(words.removesuffix(" tỷ")) * 10**9
    if " tỷ " in words:
        billions, rest = words.split(" tỷ ", 1)
        return understood(billions) * 10**9 + understood(rest)
    total = group = last = 0
    for word in words.split():
        if word in ("triệu", "nghìn"):
            total += (group + last) * (10**6 if word == "triệu" else 1000)
            group = last = 0
        elif word == "trăm":
            group, last = last * 100, 0
        elif word == "mươi":
            group, last = group + last * 10, 0
        elif word == "mười":
            group += 10
        elif word != "linh":
            last = _VALUES[word]
    return total + group + last


def dialled(words: str) -> str:
    """The digits that a listener writes down."""
    return "".join(str(_VALUES[word]) for word in re.findall(r"\w+", words))


def days(words: str) -> list[tuple[int, int, int | None]]:
    """Day, month and year (where it is said) of each date that is heard."""
    found = re.finditer(
        r"ngày (?P<day>[^,]+?) tháng (?P<month>.+?)(?: năm (?P<year>(?:một|hai) nghìn.*?))?(?= đến |$)", words
    )
    return [
        (understood(one["day"]), understood(one["month"]), understood(one["year"]) if one["year"] else None)
        for one in found
    ]


def day(words: str) -> date:
    """The one full date that is heard."""
    [(number, month, year)] = days(words)
    assert year is not None
    return date(year, month, number)


def times(words: str) -> list[tuple[int, int]]:
    """Hour and minute of each time of day that is heard."""
    found = re.finditer(rf"(?P<hour>{_NUMBER})giờ(?: (?P<minute>{_NUMBER})phút)?", words)
    return [(understood(one["hour"]), understood(one["minute"] or "không")) for one in found]
