"""How long an order may be broadcast."""

from __future__ import annotations

from datetime import date

import pytest

from loa.loudspeaker.order import last_day


@pytest.mark.parametrize(
    ("first", "days", "last"),
    [
        (date(2027, 9, 10), 1, date(2027, 9, 10)),
        (date(2027, 9, 10), 30, date(2027, 10, 9)),
        (date(2027, 2, 1), "month", date(2027, 2, 28)),
        (date(2028, 2, 29), "month", date(2028, 2, 29)),
        (date(2027, 12, 31), "month", date(2027, 12, 31)),
        (date(2027, 1, 31), "month", date(2027, 1, 31)),
    ],
    ids=str,
)
def test_a_month_ends_on_its_last_day(first: date, days: int | str, last: date) -> None:
    assert last_day(first, days) == last
