"""A plan's quota, counted from air logs alone."""

from __future__ import annotations

from datetime import date

import pytest

from loa.loudspeaker.quota import Period, count, period, periods
from loa.model.plan import Cadence
from loa.store.airings import Played

OCTOBER = Period("2027-10", date(2027, 10, 1), date(2027, 10, 31))
ALL = ("a", "b", "c", "d", "e")


def test_every_commune_stands_in_one_group() -> None:
    played = {"a": Played(2), "b": Played(1, 3), "c": Played(0, 1), "x": Played(9)}
    found = count(ALL, OCTOBER, 2, played, {"a", "b", "c", "d"})
    assert (found.met, found.short, found.failed, found.silent, found.without) == (
        ("a",), ("b",), ("c",), ("d",), ("e",)
    )  # fmt: skip
    assert (found.communes, found.missing, found.reached) == (5, ("b", "c", "d", "e"), False)


def test_once_in_every_commune_is_met_when_every_commune_played_once() -> None:
    assert count(ALL, OCTOBER, 1, dict.fromkeys(ALL, Played(1)), ()).reached
    assert not count(ALL, OCTOBER, 1, dict.fromkeys(ALL[1:], Played(5)), ALL).reached
    assert not count((), OCTOBER, 1, {}, ()).reached, "nobody has met nothing"


@pytest.mark.parametrize(
    ("text", "name", "first", "last"),
    [
        ("2027-10", "2027-10", date(2027, 10, 1), date(2027, 10, 31)),
        ("10/2027", "2027-10", date(2027, 10, 1), date(2027, 10, 31)),
        ("2028-2", "2028-02", date(2028, 2, 1), date(2028, 2, 29)),
        ("2027-Q4", "2027-Q4", date(2027, 10, 1), date(2027, 12, 31)),
        ("2027q1", "2027-Q1", date(2027, 1, 1), date(2027, 3, 31)),
        ("2027", "2027", date(2027, 1, 1), date(2027, 12, 31)),
    ],
    ids=str,
)
def test_a_period_as_officers_write_it(text: str, name: str, first: date, last: date) -> None:
    assert period(text) == Period(name, first, last)


@pytest.mark.parametrize("text", ["2027-13", "2027-0", "2027-Q5", "tháng 10", "1999", "27-10", ""])
def test_anything_else_is_no_period(text: str) -> None:
    assert period(text) is None


@pytest.mark.parametrize(
    ("cadence", "asked", "names"),
    [
        ("monthly", "2027-10", ["2027-10"]),
        ("monthly", "2027-Q4", ["2027-10", "2027-11", "2027-12"]),
        ("monthly", "2027", [f"2027-{month:02d}" for month in range(1, 13)]),
        ("quarterly", "2027-11", ["2027-Q4"]),
        ("quarterly", "2027", ["2027-Q1", "2027-Q2", "2027-Q3", "2027-Q4"]),
        ("half-yearly", "2027-Q4", ["2027-H2"]),
        ("yearly", "2027-10", ["2027"]),
        ("continuous", "2027-Q4", ["2027-Q4"]),
        ("october", "2027", ["2027-10"]),
        ("weekly", "2027-02", ["2027-W05", "2027-W06", "2027-W07", "2027-W08"]),
        ("weekly", "2027-10", ["2027-W39", "2027-W40", "2027-W41", "2027-W42", "2027-W43"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_cadence_has_its_periods(cadence: Cadence, asked: str, names: list[str]) -> None:
    span = period(asked)
    assert span is not None
    assert [one.name for one in periods(cadence, span)] == names


@pytest.mark.parametrize(
    ("text", "words"),
    [("2027-10", "tháng 10/2027"), ("2027-Q4", "quý IV/2027"), ("2027", "năm 2027")],
    ids=["month", "quarter", "year"],
)
def test_a_period_is_said_in_the_field_s_words(text: str, words: str) -> None:
    found = period(text)
    assert found is not None
    assert found.words == words
    assert periods("half-yearly", found)[0].words.startswith("từ ")
