"""A file of numbers that want nothing more: the national do-not-call list, what a hotline noted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import polars as pl

from loa.audience.columns import WHY, Columns
from loa.audience.numbers import e164
from loa.audience.places import Places
from loa.audience.reading import read
from loa.audience.records import PLACE
from loa.audience.rejects import summary
from loa.model.audience import Reject
from loa.model.errors import ContentError


@dataclass(frozen=True)
class Listed:
    """The numbers of a file (E.164, each once) and what of it is none. `added`: how many were not noted before.

    `reasons`: how many rows by what is wrong in them; `first` are the first of those rows, their numbers hidden.
    """

    phones: Sequence[str]
    rows: int
    rejected: int
    reasons: Mapping[str, int]
    first: tuple[Reject, ...]
    added: int = 0


def read_numbers(file: BinaryIO, name: str, most: int) -> Listed:
    """Reads a list of numbers, with column names or without; up to `most` of the rows that hold none are described.

    Raises `ContentError` as a list of people does, and opt-out-no-number where there is none in it.
    """
    sheet = read(file, name, bare=True)
    columns = Columns({"phone": sheet.columns["phone"]}, sheet.header, Places({}, ()))
    rows = pl.concat(columns.decide(frame) for frame in sheet.frames())
    wrong = rows.filter(pl.col("phone").is_null())
    phones = rows["phone"].drop_nulls().unique(maintain_order=True)
    if not len(phones):
        raise ContentError.at("opt-out-no-number", name, rows=rows.height)
    shown = wrong.head(most)
    none = shown.select("phone", why=pl.lit("", WHY), other=pl.lit(None, pl.UInt32))
    first: list[Reject] = []
    for frame in sheet.frames_at(shown.select(PLACE)):
        first += summary(columns.describe(frame.hstack(none)).hstack(frame.select("number")), most)
    reasons = columns.codes.gather(wrong["bad"]).value_counts()
    return Listed(e164(phones).to_list(), rows.height, wrong.height, dict(sorted(reasons.iter_rows())), tuple(first))
