"""Rows that were decided one by one, put together: each number once, and nobody against their word.

A row is a few whole numbers here, so that millions of them are gone through at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from loa.audience.columns import WHY, Columns
from loa.audience.numbers import e164, of_e164, operators
from loa.audience.records import PLACE
from loa.store.audiences import COLUMNS as PEOPLE


@dataclass(frozen=True)
class Gathered:
    """`people`: the columns of `PEOPLE`, all text, those that were known first, then in the order of the file.

    `rejects`: a row for each row that came to nothing, in the order of the file: `PLACE`, and `phone`, `why` and
    `other` as `Columns.describe` takes them. `reasons`: how many rows by the first thing that is wrong in each.
    """

    people: pl.DataFrame
    rejects: pl.DataFrame
    reasons: Mapping[str, int]
    groups_dropped: int
    kept: int
    """How many of those who were known are still there."""


def gather(
    decided: Sequence[pl.DataFrame], columns: Columns, known: pl.DataFrame | None, opted_out: pl.Series
) -> Gathered:
    """Each number once: the first good row has it. `known` (of `PEOPLE`) are there already, and have it before any row.

    A row that repeats somebody known in every field is no reject: it was taken before. A number that any row says no
    for gets nothing, whatever another row says; one in `opted_out` (UInt32) gets nothing, whatever is said.
    """
    said = columns.said
    rows = pl.concat(decided, rechunk=True)
    code = pl.when(rows["bad"] != 0).then(rows["bad"]).otherwise(said["code"].gather(rows["said"]))
    rows = rows.with_columns(code=code, why=pl.lit("", WHY), other=pl.lit(None, pl.UInt32))
    silent = _among(rows["phone"], opted_out)
    out = _because("phone-opted-out", rows.filter(silent))
    faulty = rows.filter(~silent & (pl.col("code") != 0))
    good = rows.filter(~silent & (pl.col("code") == 0))
    dropped = int(said["group_dropped"].gather(good["said"]).sum())

    differing = rows.clear()
    if known is not None:
        before = _among(good["phone"], of_e164(known["phone"]))
        differing = _because("phone-known", _differing(good.filter(before), said, known))
        good = good.filter(~before)
    first = good["phone"].is_first_distinct()
    again = _because("phone-duplicate", good.filter(~first), good.filter(first))
    good = good.filter(first)

    no = rows.filter(said["said_no"].gather(rows["said"]) & pl.col("phone").is_not_null())
    no = no.unique("phone", keep="first", maintain_order=True)
    taken_back = _among(good["phone"], no["phone"])
    contradicted = _because("consent-contradicted", good.filter(taken_back), no)
    people, kept = _people(good.filter(~taken_back), said), 0
    if known is not None:
        still = known.select(PEOPLE).filter(~_among(of_e164(known["phone"]), no["phone"]))
        people, kept = pl.concat([still, people]), still.height

    rejects = pl.concat([out, faulty, differing, again, contradicted]).sort("seq")
    named = columns.codes.gather(rejects["code"])
    reasons = pl.select(pl.when(rejects["why"] != "").then(rejects["why"].cast(pl.String)).otherwise(named)).to_series()
    return Gathered(
        people=people,
        rejects=rejects.select(*PLACE, "phone", "why", "other"),
        reasons=dict(sorted(reasons.value_counts().iter_rows())),
        groups_dropped=dropped,
        kept=kept,
    )


def _among(phones: pl.Series, others: pl.Series) -> pl.Series:
    return phones.is_in(others.implode()).fill_null(False)


def _because(why: str, rows: pl.DataFrame, of: pl.DataFrame | None = None) -> pl.DataFrame:
    """The rows with the reason why they are rejects. `of`: the rows, a number each, that this speaks of."""
    rows = rows.with_columns(why=pl.lit(why, WHY))
    if of is None:
        return rows
    spoken_of = of.select("phone", other="number")
    return rows.drop("other").join(spoken_of, on="phone", how="left", maintain_order="left").select(rows.columns)


def _differing(rows: pl.DataFrame, said: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Those rows of people who are known that say something else of them."""
    mine = _people(rows, said)
    theirs = mine.select("phone").join(known, on="phone", how="left", maintain_order="left").select(PEOPLE)
    return rows.filter(~pl.select(pl.all_horizontal(mine[name] == theirs[name] for name in PEOPLE)).to_series())


def _people(rows: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """A person for each row: the columns of `PEOPLE`."""
    told = said.select("commune", "language", "group").select(pl.all().gather(rows["said"]))
    return pl.DataFrame([e164(rows["phone"]).alias("phone"), operators(rows["phone"]).alias("operator"), *told])
