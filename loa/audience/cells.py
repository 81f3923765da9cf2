"""Cells of a table that a spreadsheet may open: none of them may run as a formula, all of them come back as they were.

A cell that begins with = + - @ (or a tab, or a full-width form of one) is a formula to a spreadsheet, and a list of
people comes from outside. `guard` puts an apostrophe before it, `unguard` takes one away; the pair is exact, so that a
table which Loa wrote is read as it was. Numbers (`+84 912 000 123`, `-`) are left alone: digits and separators can do
nothing, and an officer mends them without an apostrophe in the way.
"""

from __future__ import annotations

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_GUARDED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+\-]?[0-9 ().\-]*")


def guard(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    if not _FORMULA.match(cell) or _NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}"


def unguard(cell: str) -> str:
    """What was guarded. A cell that never was stays as it is, but for one apostrophe before a formula's sign."""
    return cell[1:] if cell.startswith("'") and _GUARDED.match(cell) else cell
