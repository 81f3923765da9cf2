"""`loa.model.phone.parse` over a column: the spellings that nearly all rows have, decided with a few sums a row.

What is not decided here is null and goes to `parse`, which stays the rule: wherever this gives a number, `parse` gives
the same one. A number is kept as its nine national digits (UInt32, `+84912000123` as 912000123), the key of everything
that is done to millions of them.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from loa.model.phone import Number, prefixes

_SUBSCRIBER = 10_000_000  # seven digits after the prefix
_NINE, _TEN = (100_000_000, 1_000_000_000), (1_000_000_000, 3_000_000_000)  # digits of today; of before 2018
# (what stands before the national digits, how many digits there are with it, the range of those digits): as a whole
# number, so that 84912000123 lies between 84·10⁹ + 10⁸ and 84·10⁹ + 10⁹. The zeros before it a whole number loses.
_FORMS = (
    (0, 9, _NINE),
    (0, 10, _TEN),
    (84_000_000_000, 11, _NINE),
    (840_000_000_000, 12, _NINE),
    (840_000_000_000, 12, _TEN),
    (8_400_000_000_000, 13, _TEN),
)
# Of what people put between digits only what is common, and nothing that `parse` takes for the end of a number.
_LEFT_OUT = (" ", "\u00a0", ".", ",", "-", "(", ")")


def national(cells: pl.Series) -> pl.Series:
    """The nine digits (UInt32) of each number that is plain to see; null for every other cell, empty ones too."""
    # most are digits and nothing else, with a plus or without
    odd = cells.cast(pl.Int64, strict=False).is_null().arg_true()
    digits = cells.clone().scatter(odd, _digits_of(cells.gather(odd)))
    read = pl.select(
        value=digits.str.strip_prefix("+").cast(pl.Int64, strict=False),
        plus=digits.str.starts_with("+"),
        length=digits.str.len_bytes().cast(pl.Int32),
    ).with_columns(pl.col("length") - pl.col("plus"))
    found = read.select(_national()).to_series()
    lead = _leads().gather((found // _SUBSCRIBER).cast(pl.UInt32))
    return (lead.cast(pl.Int64) * _SUBSCRIBER + found % _SUBSCRIBER).cast(pl.UInt32)


def _digits_of(cells: pl.Series) -> pl.Series:
    """Without what stands between digits; null where a floating number's ".0" would be two more of them."""
    text = cells.str.strip_chars()
    digits = text.str.replace_many([*_LEFT_OUT, "o", "O"], [*[""] * len(_LEFT_OUT), "0", "0"])
    return digits.scatter(text.str.ends_with(".0").arg_true(), None)


def e164(numbers: pl.Series) -> pl.Series:
    """`+84` and nine digits, as text."""
    return pl.select(pl.concat_str(pl.lit("+84"), numbers.cast(pl.String))).to_series()


def of_e164(phones: pl.Series) -> pl.Series:
    return phones.str.slice(3).cast(pl.UInt32)


def of_number(number: Number) -> int:
    return int(number.e164[3:])


def operators(numbers: pl.Series) -> pl.Series:
    """Who was given each number's prefix, as text."""
    table = prefixes().operators
    names = pl.Series([table.get(f"{lead:02}", "") for lead in range(100)], dtype=pl.String)
    return names.gather(numbers // _SUBSCRIBER)


def _national() -> pl.Expr:
    """The national digits, nine or ten of them; null where the whole is no number's form."""
    value, length, plus = pl.col("value"), pl.col("length"), pl.col("plus")
    found = pl.lit(None, dtype=pl.Int64)
    for before, count, (least, beyond) in _FORMS:
        zeros = length - count
        # with the country's code 84912…, +84912… and 0084912…; without it 912… and 0912…
        lead = (zeros == 0) | ((zeros == 2) & ~plus) if before else ((zeros == 0) | (zeros == 1)) & ~plus
        fits = lead & (value >= before + least) & (value < before + beyond)
        found = pl.when(fits).then(value - before).otherwise(found)
    return found


@cache
def _leads() -> pl.Series:
    """The prefix of today by the two digits (today) or three (before 2018) after the zero; null where nobody has it."""
    table = prefixes()
    return pl.Series(
        [
            int(lead) if lead in table.operators else None
            for lead in (table.renumbered.get(f"{n}", "") if n >= 100 else f"{n:02}" for n in range(300))
        ],
        dtype=pl.UInt32,
    )
