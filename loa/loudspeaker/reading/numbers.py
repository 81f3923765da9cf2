"""Vietnamese number words, the northern broadcast form: nghìn, linh, mốt, tư, lăm, tỷ."""

from __future__ import annotations

import re

MOST = 10**12

_DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
# after "mươi" three digits change their word; after "mười" only five does
_AFTER_TENS = {1: "mốt", 4: "tư", 5: "lăm"}

# A number as it is written here: dots between thousands, a comma before the decimals.
WRITTEN = r"(?:\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+(?:,\d+)?)"


def digits(written: str) -> str:
    """Digit by digit: `1022` -> `một không hai hai`. Everything else in `written` is left out."""
    return " ".join(_DIGITS[int(char)] for char in written if char.isdigit())


def cardinal(number: int) -> str:
    """A whole number in words, 0 to 10^12: 1,000,005 -> `một triệu không trăm linh năm`.

    Raises `ValueError` outside that range: no bulletin says more, so it is a slip of the pen.
    """
    if not 0 <= number <= MOST:
        raise ValueError(number)
    if number == 0:
        return _DIGITS[0]
    billions, rest = divmod(number, 10**9)
    words = [f"{cardinal(billions)} tỷ"] if billions else []
    for size, name in ((10**6, "triệu"), (10**3, "nghìn"), (1, "")):
        group, rest = divmod(rest, size)
        if group:
            # a group that stands behind others says its hundreds, even when there are none
            words.append(f"{_below_thousand(group, full=bool(words))} {name}".strip())
    return " ".join(words)


def _below_thousand(number: int, *, full: bool) -> str:
    hundreds, rest = divmod(number, 100)
    words = []
    if hundreds or full:
        words.append(f"{_DIGITS[hundreds]} trăm")
    if 0 < rest < 10:
        words.append(f"linh {_DIGITS[rest]}" if words else _DIGITS[rest])
    elif rest >= 10:
        words.append(_tens(rest))
    return " ".join(words)


def _tens(number: int) -> str:
    tens, unit = divmod(number, 10)
    if tens == 1:
        return "mười" if unit == 0 else f"mười {'lăm' if unit == 5 else _DIGITS[unit]}"
    return f"{_DIGITS[tens]} mươi" + (f" {_AFTER_TENS.get(unit, _DIGITS[unit])}" if unit else "")


def ordinal(number: int) -> str:
    """What stands after “thứ”: nhất, hai, ba, tư, năm ..."""
    return {1: "nhất", 4: "tư"}.get(number) or cardinal(number)


def month(number: int) -> str:
    """What stands after “tháng” and “quý”: the fourth is “tư”."""
    return "tư" if number == 4 else cardinal(number)


def amount(written: str) -> str | None:
    """A number as it is written (`1.234,5`) in words; `None` where it is no such number, or over 10^12.

    Decimals of one or two digits are read as a number (`1,25` -> `một phẩy hai mươi lăm`), longer ones and those
    that start with a zero digit by digit.
    """
    if not re.fullmatch(WRITTEN, written):
        return None
    whole, _, decimals = written.partition(",")
    value = int(whole.replace(".", ""))
    if value > MOST:
        return None
    if not decimals:
        return cardinal(value)
    as_number = len(decimals) <= 2 and not decimals.startswith("0")
    return f"{cardinal(value)} phẩy {cardinal(int(decimals)) if as_number else digits(decimals)}"


_ROMAN = re.compile(r"(?=[IVXL])(?:XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50}


def roman(written: str) -> int | None:
    """A Roman numeral up to 89 (chapters, quarters, congresses); `None` where it is none."""
    if not _ROMAN.fullmatch(written):
        return None
    values = [_ROMAN_VALUES[char] for char in written]
    following = [*values[1:], 0]
    return sum(-value if value < after else value for value, after in zip(values, following, strict=True))
