"""Cells of a table that a spreadsheet may open: none of them may run as a formula, all of them come back as they were.

A cell that begins with = + - @ (or a tab, or a full-width form of one) is a formula to a spreadsheet, and a list of
people comes from outside. `guard` puts an apostrophe before it, `unguard` takes one away; the pair is exact, so that a
table which Loa wrote is read as it was. Numbers (`+84 912 000 123`, `-`) are left alone: digits and separators can do
nothing, and an officer mends them without an apostrophe in the way.

Both come twice, for one cell and for a column of them.
"""

from __future__ import annotations

import re

import polars as pl

_FORMULA = r"'*[=+\-@\t\r\n＝＋－＠]"
_GUARDED = r"'+[=+\-@\t\r\n＝＋－＠]"
_NUMBER = r"[+\-]?[0-9 ().\-]*"
_is_formula = re.compile(_FORMULA).match
_is_guarded = re.compile(_GUARDED).match
_is_number = re.compile(_NUMBER).fullmatch


def guard(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if _is_formula(cell) and not _is_number(cell) else cell


def unguard(cell: str) -> str:
    """What was guarded. A cell that never was stays as it is, but for one apostrophe before a formula's sign."""
    return cell[1:] if cell.startswith("'") and _is_guarded(cell) else cell


def written(cell: str, delimiter: str) -> str:
    """A guarded cell as it stands in a CSV file: in quotes where it needs them."""
    cell = guard(cell)
    return '"' + cell.replace('"', '""') + '"' if any(char in cell for char in f'{delimiter}"\r\n') else cell


def guarded(cells: pl.Series) -> pl.Series:
    """`guard` over a column of text."""
    formulas = cells.str.contains(f"^(?:{_FORMULA})").arg_true()
    some = cells.gather(formulas)
    run = ~some.str.contains(f"^(?:{_NUMBER})$")
    return cells.clone().scatter(formulas.filter(run), _joined("'", some.filter(run))) if run.any() else cells


def all_written(cells: pl.Series, delimiter: str) -> pl.Series:
    """`written` over a column of text."""
    cells = guarded(cells)
    needed = cells.str.contains_any([delimiter, '"', "\r", "\n"]).arg_true()
    if not len(needed):
        return cells
    doubled = cells.gather(needed).str.replace_all('"', '""', literal=True)
    return cells.clone().scatter(needed, _joined('"', doubled, '"'))


def _joined(*parts: pl.Series | str) -> pl.Series:
    return pl.select(pl.concat_str([pl.lit(part) for part in parts])).to_series()


def unguarded(cells: pl.DataFrame) -> pl.DataFrame:
    """`unguard` over a table of text."""
    begun = cells.select(pl.all().str.starts_with("'").any()).row(0)
    some = [column for column, yes in zip(cells.columns, begun, strict=True) if yes]
    return cells.with_columns(pl.col(some).str.replace(f"^'({_FORMULA})", "${1}")) if some else cells
