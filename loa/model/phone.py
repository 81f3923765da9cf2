"""Mobile numbers of Vietnam as people type them -> E.164, or the reason why not. Pure; about a microsecond or two each.

Known spellings: 0912…, +84 91…, 84912…, 0084…, 0912.345.678, (091)…, nine digits (a spreadsheet took the zero), the
letter O for a zero, and the 11-digit numbers of before 2018. Nothing is guessed: a number that could be two is none.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("data") / "mobile-prefixes.toml"


@dataclass(frozen=True, slots=True)
class Number:
    """A mobile number: `e164` (`+84` and nine digits), and the operator its prefix was given to, which is a guess."""

    e164: str
    operator: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a text is no mobile number. `code` names a sentence, `fields` fill it in; the number itself is in neither."""

    code: str
    fields: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prefixes:
    """The prefix table by the two (new) or three (before 2018) digits after the zero."""

    operators: Mapping[str, str]
    renumbered: Mapping[str, str]


@cache
def prefixes() -> Prefixes:
    """The table of `data/mobile-prefixes.toml`, read once."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    operators = {prefix[1:]: row["name"] for row in table["operators"] for prefix in row["prefixes"]}
    renumbered = {old[1:]: new[1:] for old, new in table["renumbering"]["prefixes"].items()}
    return Prefixes(operators, renumbered)


def parse(text: str) -> Number | Problem:
    """The number that `text` spells, or what is wrong with it.

    Codes: phone-missing, phone-landline, phone-foreign, phone-unknown-prefix, phone-digits (too few or too many),
    phone-no-zero (ten that begin otherwise), phone-country-digits (too few or too many after +84), phone-rounded
    (9,12E+08), phone-fraction (912000123.5), phone-date (a spreadsheet took digits for a day), phone-several,
    phone-not-a-number.
    """
    shape = _SHAPE(text) or _SHAPE(_bare(text).translate(_BETWEEN_DIGITS))
    if shape is None:
        return _problem(_bare(text))
    national: str = shape[1]
    table = prefixes()
    if len(national) == 10:
        new = table.renumbered.get(national[:3])
        if new is None:
            return _unassigned(national)
        national = new + national[3:]
    operator = table.operators.get(national[:2])
    if operator is None:
        return _unassigned(national)
    return Number(f"+84{national}", operator)


def mask(phone: str) -> str:
    """A number as logs may show it: `+84 91x xxx x23`. Whatever is not E.164 of Vietnam is hidden whole."""
    if not re.fullmatch(r"\+84[0-9]{9}", phone):
        return "xxx"
    return f"+84 {phone[3:5]}x xxx x{phone[-2:]}"


def _bare(text: str) -> str:
    """Without what programs left around it."""
    bare = text.translate(_AROUND).strip()
    return bare if bare[-2:] != ".0" else _FLOAT.sub(r"\1", bare)


def _problem(bare: str) -> Problem:
    """What is wrong with a text of which no number could be made."""
    digits = bare.translate(_BETWEEN_DIGITS)
    count = sum(char in "0123456789" for char in digits)
    if not bare:
        return Problem("phone-missing")
    if _ROUNDED.fullmatch(bare):
        return Problem("phone-rounded")
    if _DATE.fullmatch(bare):
        return Problem("phone-date")
    if sum(len(re.sub(r"[^0-9]", "", part)) >= 9 for part in _BETWEEN_NUMBERS.split(bare)) > 1:
        return Problem("phone-several")
    if not re.fullmatch(r"\+?[0-9]+", digits):
        return Problem("phone-not-a-number")
    if count >= 18:  # two numbers with nothing but a space between
        return Problem("phone-several")
    if count >= 8 and re.match(r"\+(?!84)|00(?!84)", digits):
        return Problem("phone-foreign")
    if _FRACTION.fullmatch(bare):
        return Problem("phone-fraction")
    if country := re.match(r"(?:\+|00)840?", digits):
        return Problem("phone-country-digits", {"digits": len(digits) - country.end()})
    if count == 10 and not digits.startswith("0"):
        return Problem("phone-no-zero")
    return Problem("phone-digits", {"digits": count})


def _unassigned(national: str) -> Problem:
    """A number of the right length (nine digits, ten for landlines and before 2018) that no mobile operator holds."""
    if national[0] == "2":
        return Problem("phone-landline")
    return Problem("phone-unknown-prefix", {"prefix": "0" + national[: len(national) - 7]})


# What spreadsheets and web pages leave around a number: no-break and thin spaces, joiners, direction marks, a byte
# order mark, the apostrophe that makes a cell text, and the ="…" that makes a formula of a text.
_AROUND = {
    **dict.fromkeys([0x00A0, 0x2007, 0x2009, 0x202F, 0x3000], " "),
    **dict.fromkeys([0x00AD, 0x2060, 0xFEFF], None),
    **dict.fromkeys([*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A)], None),
    **dict.fromkeys(map(ord, "'\"’=`"), None),
    **{0xFF10 + n: str(n) for n in range(10)},
    0xFF0B: "+",
}
# What people put between digits, and the letter O, which goes for a zero where all else is a number.
_BETWEEN_DIGITS = {**dict.fromkeys(map(ord, " \t\r\n.,-‐‑‒–—−()[]_·"), None), ord("o"): "0", ord("O"): "0"}

# A program's whole number that passed through a floating one. Not over fewer digits: 0912.345.0 is somebody's typing.
_FLOAT = re.compile(r"^(\d{9,12})\.0$", re.ASCII)
# The country code with or without its plus; a zero after it ("+84 (0)91…") is the same number. Without a plus, 84 is a
# country code only where a whole number follows: nine digits that begin with 84 are prefix 084 without its zero.
# Nine digits are a number of today; ten begin with 1 (a mobile of before 2018) or 2 (a landline).
_SHAPE = re.compile(r"(?:(?:\+|00)840?|840?(?=\d{9,10}$)|0?)([1-9]\d{8}|[12]\d{9})", re.ASCII).fullmatch
# A program's number with decimals; people who put a point between digits begin with the zero.
_FRACTION = re.compile(r"[1-9]\d{7,}[.,]\d+", re.ASCII)
_ROUNDED = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE]\+?\d+", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?|\d{1,2}([/.-])\d{1,2}\4\d{4}", re.ASCII)
_BETWEEN_NUMBERS = re.compile(r"[/;,|&\n]|\bvà\b|\bhoặc\b|\band\b|\bor\b", re.IGNORECASE)
