"""What an English voice needs: dates in words, numbers to dial digit by digit, Vietnamese names without marks.

English voices read plain numbers, times and percentages well enough, so those stay as they are written.
"""

from __future__ import annotations

import re

from loa.loudspeaker.lexicon import Lexicon
from loa.loudspeaker.reading.segments import Rule, always
from loa.text.normal import unaccent

_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def digits(written: str) -> str:
    """Digit by digit, a breath between groups: `1800 1096` -> `one eight zero zero, one zero nine six`."""
    groups = re.findall(r"\d+", written)
    if len(groups) == 1 and len(groups[0]) == 8:
        groups = [groups[0][:4], groups[0][4:]]
    return ", ".join(" ".join(_DIGITS[int(char)] for char in group) for group in groups)


def _dial(match: re.Match[str], lexicon: Lexicon) -> str:
    return digits(match[0])


def _cued(match: re.Match[str], lexicon: Lexicon) -> str:
    return f"{match['cue']}{digits(match['number'])}"


def _date(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """Day first, as Vietnam writes it: `10/10/2027` -> `10 October 2027`."""
    day, month = int(match["day"]), int(match["month"])
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return None
    return " ".join([str(day), _MONTHS[month - 1], *([match["year"]] if match["year"] else [])])


def _always_open(match: re.Match[str], lexicon: Lexicon) -> str:
    return "twenty-four hours a day, seven days a week"


def _plain_name(match: re.Match[str], lexicon: Lexicon) -> str:
    return unaccent(match[0])


def _number(match: re.Match[str], lexicon: Lexicon) -> str | None:
    return match[0]


_END = r"(?![\w/:]|[.,-]\d)"
_CUE = r"(?P<cue>(?:hotline|help line|call|dial|phone|number)(?: number| us on| on)?:? )"

RULES = (
    Rule("time", always(r"(?<![\w/])24/7(?![\w/])"), _always_open),
    Rule("date", always(r"(?<![\w/.])(?P<day>\d{1,2})/(?P<month>\d{1,2})(?:/(?P<year>\d{4}))?(?![\w/])"), _date),
    Rule("phone", always(r"(?<![\w+.,/:])(?:\+84|0)\d{0,3}(?:[ .-]?\d{2,7}){1,4}(?![\w/]|[.,]\d)"), _dial),
    Rule("hotline", always(r"(?<![\w./])1[89]00[ .]?(?:\d{6}|\d{4}|\d{2}[ .]\d{2})(?![\w/])"), _dial),
    Rule("hotline", lambda lexicon: lexicon.hotlines_pattern, _dial),
    Rule("hotline", always(rf"{_CUE}(?P<number>\d{{3,6}}){_END}", re.IGNORECASE), _cued),
    Rule("lexicon", lambda lexicon: lexicon.words_pattern, lambda match, lexicon: lexicon.word(match[0])),
    Rule("name", always(r"[^\W\d_]*[^\W\d_a-zA-Z][^\W\d_]*"), _plain_name),
    Rule("time", always(rf"(?<![\w/.,:-])\d{{1,2}}:[0-5]\d{_END}"), _number),
    Rule(
        "number",
        always(rf"(?<![\w/.,:-])(?:\d{{1,3}}(?:,\d{{3}})*|\d{{4,}})(?:\.\d+)?(?:\s?%)?{_END}"),
        _number,
    ),
)
