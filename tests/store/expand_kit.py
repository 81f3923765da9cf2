"""Short words for the tests of expanding by the thousand."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from loa.model.ledger import PlannedRow
from loa.store.expansion import planned_frame

OPERATORS = ("Viettel", "VinaPhone", "MobiFone")


def phone(index: int) -> str:
    """Nobody's number: no Vietnamese network begins with 0."""
    return f"+840{index:08d}"


def crowd(indexes: Iterable[int], body: str = "words-1", parts: int = 1) -> pl.DataFrame:
    """People by their index, as the ledger takes them."""
    return planned_frame([PlannedRow(phone(i), OPERATORS[i % 3], "05443", "vi", body, parts) for i in indexes])
