"""Money, units, percentages, and plain numbers with their signs and ranges."""

from __future__ import annotations

import re
from decimal import Decimal

from loa.loudspeaker.lexicon import Lexicon
from loa.loudspeaker.reading.numbers import WRITTEN, amount, cardinal, digits
from loa.loudspeaker.reading.segments import Rule, always

# glued to the word before (a hyphenated word) or to another figure, it is not a number by itself
_EDGE = r"(?<![\w.,/])(?<!\w-)(?<!\d:)"
_END = r"(?![\w/]|[.,:]\d|\.\w)"
_RANGE = rf"{_EDGE}(?P<sign>[-−]|(?:>=|<=|[≥≤><±~])\s?)?(?P<low>{WRITTEN})(?:\s?[-–—]\s?(?P<high>{WRITTEN}))?"
_SCALE = r"(?:\s(?P<scale>nghìn|ngàn|triệu|tỷ|tỉ|trăm)(?!\w))?(?:\s(?P<scale2>tỷ|tỉ)(?!\w))?"
_EACH = (
    r"(?:/(?P<each>tháng|quý|năm|ngày|tuần|giờ|phút|giây|buổi|đợt|người|hộ|lần|lượt|xã|phường|kg|tấn|lít|hồ sơ|giấy|"
    r"m³|m3|m²|m2|ha|km|kWh|thẻ|quyển|bản|tờ|trang|suất|học sinh|trường hợp)(?!\w))?"
    r"(?:(?<!\d)/(?P<each2>tháng|quý|năm|ngày|tuần|giờ|lần)(?!\w))?"
)

_SIGNS = {
    "-": "âm ", "−": "âm ", "≥": "ít nhất ", "≤": "nhiều nhất ", ">": "trên ", "<": "dưới ",
    ">=": "ít nhất ", "<=": "nhiều nhất ", "±": "cộng trừ ", "~": "khoảng ",
}  # fmt: skip


def _spoken(match: re.Match[str]) -> str | None:
    """The number or range of a match in words, with its sign."""
    low = amount(match["low"])
    high = amount(match["high"]) if match["high"] else ""
    if low is None or high is None or (high and not match["sign"] and _value(match["high"]) < _value(match["low"])):
        return None  # a range that goes down is something else: a date, a code
    sign = _SIGNS.get((match["sign"] or "").strip(), "")
    return f"{sign}{low} đến {high}" if high else f"{sign}{low}"


def _value(written: str) -> Decimal:
    return Decimal(written.replace(".", "").replace(",", "."))


def _with(match: re.Match[str], lexicon: Lexicon, unit: str) -> str | None:
    said = _spoken(match)
    if said is None:
        return None
    groups = match.groupdict()
    scale = " ".join(word for word in (groups.get("scale"), groups.get("scale2")) if word)
    each = (f"mỗi {lexicon.units.get(groups[name], groups[name])}" for name in ("each", "each2") if groups.get(name))
    return " ".join(part for part in (said, scale, unit, *each) if part)


def _percent(match: re.Match[str], lexicon: Lexicon) -> str | None:
    return _with(match, lexicon, "phần trăm")


def _money(match: re.Match[str], lexicon: Lexicon) -> str | None:
    return _with(match, lexicon, lexicon.money[match["unit"]])


def _unit(match: re.Match[str], lexicon: Lexicon) -> str | None:
    return _with(match, lexicon, lexicon.units[match["unit"]])


def _mixed(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """One capital letter with a figure: `A4`, `H5`, `3D`. More letters than one belong in the lexicon."""
    letter = lexicon.letters.get(match["letter"] or match["letter2"])
    number = match["number"] or match["number2"]
    if letter is None:
        return None
    return f"{letter} {cardinal(int(number))}" if match["letter"] else f"{cardinal(int(number))} {letter}"


def _leading_zero(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """`01 bộ hồ sơ` counts one; any other number that starts with a zero is a code."""
    counts = len(match["digits"]) == 2 and match["digits"] != "00" and match["counted"] is not None
    return cardinal(int(match["digits"])) if counts else digits(match["digits"])


def _measured(match: re.Match[str], lexicon: Lexicon, spoken: str) -> str | None:
    """A sign that stands between two quantities: `0,8m x 1,8m`, `5.000đ - 10.000đ`."""
    before = match.string[: match.start()]
    unit = rf"\s?(?:{lexicon.units_choice}|{lexicon.money_choice})"
    return spoken if re.search(rf"\d(?:{unit})?$", before) else None


def _times(match: re.Match[str], lexicon: Lexicon) -> str | None:
    return _measured(match, lexicon, " nhân ")


def _to(match: re.Match[str], lexicon: Lexicon) -> str | None:
    return None if match.string[: match.start()][-1:].isdigit() else _measured(match, lexicon, " đến ")


def _so_often(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """`02 tin nhắn/năm`, `20 người/xã`: after a number a stroke says how often; without one it says "or"."""
    left = match["what"].split()[-1].lower()
    if left in _PLACES and match["each"] in _PLACES:
        return None
    said = _spoken(match)
    if said is None or (match["each"] == "lần" and left not in _TIMES):
        return None
    often = f"{said}{match['what']} {'một' if match['each'] == 'lần' else 'mỗi'} {match['each']}"
    return f"{often} mỗi {match['each2']}" if match["each2"] else often


def _plain(match: re.Match[str], lexicon: Lexicon) -> str | None:
    return _with(match, lexicon, "")


def _dotted(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """A version or a clause: `2.0` -> `hai chấm không`."""
    parts = match[0].split(".")
    if re.fullmatch(WRITTEN, match[0]):
        return None  # thousands, and too many of them
    return " chấm ".join(cardinal(int(part)) for part in parts) if all(len(part) <= 4 for part in parts) else None


_PLACES = ("xã", "phường", "thôn", "xóm", "bản", "tổ", "huyện", "tỉnh", "trường", "lớp", "đơn", "cơ")
_TIMES = ("ngày", "tuần", "tháng", "quý", "năm", "giờ", "phút")
SO_OFTEN = Rule(
    "so-often",
    always(
        rf"{_RANGE}(?P<what>(?:,?\s+[^\W\d_]+){{1,4}})\s?/\s?(?:0?1\s+)?"
        r"(?P<each>tháng|quý|năm|ngày|tuần|giờ|phút|buổi|đợt|kỳ|lần|hộ|người|xã|phường|thôn|xóm|tổ|huyện|tỉnh|"
        r"trường|lớp|đơn vị|cơ quan)(?!\w)(?:/(?P<each2>giờ|ngày|tuần|tháng|quý|năm|người)(?!\w))?"
    ),
    _so_often,
)
TIMES = Rule("times", always(r"\s?[x×]\s?(?=\d)"), _times)
TO = Rule("to", always(r"\s?[-–—]\s?(?=\d)"), _to)
MONEY = Rule(
    "money", lambda lexicon: re.compile(rf"{_RANGE}{_SCALE}\s?(?P<unit>{lexicon.money_choice})(?!\w){_EACH}"), _money
)
PERCENT = Rule("percent", always(rf"{_RANGE}\s?%(?!\w){_EACH}"), _percent)
PERCENT_RANGE = Rule(
    "percent",
    always(rf"{_EDGE}(?P<sign>(?:>=|<=|[≥≤><±~])\s?)?(?P<low>{WRITTEN})\s?%\s?[-–—]\s?(?P<high>{WRITTEN})\s?%(?!\w)"),
    _percent,
)
UNIT = Rule("unit", lambda lexicon: re.compile(rf"{_RANGE}\s?(?P<unit>{lexicon.units_choice})(?!\w){_EACH}"), _unit)
MIXED = Rule(
    "mixed",
    always(
        r"(?<![\w/.-])(?:(?P<letter>[A-ZĐ])(?P<number>\d{1,3})|(?P<number2>\d{1,3})(?P<letter2>[A-ZĐ]))(?![\w/]|[.,]\d)"
    ),
    _mixed,
)
NUMBERS = (
    Rule("code", always(rf"{_EDGE}(?P<digits>0\d+)(?P<counted>(?=\s+[^\W\d_]))?{_END}"), _leading_zero),
    Rule("number", always(rf"{_RANGE}{_EACH}{_END}"), _plain),
    Rule("number", always(rf"{_EDGE}\d+(?:\.\d+)+{_END}"), _dotted),
)
