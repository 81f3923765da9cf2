"""Vietnamese number words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loa.loudspeaker.reading.numbers import MOST, amount, cardinal, digits, roman

from .listener import understood
from .tables import cases


@pytest.mark.parametrize(("number", "words"), cases("numbers.vi.tsv"))
def test_a_number_is_said_as_an_announcer_says_it(number: str, words: str) -> None:
    assert cardinal(int(number)) == words


@given(st.integers(0, MOST))
def test_every_number_up_to_a_million_million_is_understood_as_itself(number: int) -> None:
    assert understood(cardinal(number)) == number


@given(st.integers(0, MOST))
def test_mốt_and_lăm_stand_only_after_tens(number: int) -> None:
    assert not re.search(r"(?<!mươi )mốt|(?<!mươi )(?<!mười )lăm", cardinal(number))


@pytest.mark.parametrize("number", [-1, MOST + 1])
def test_what_no_bulletin_says_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match=str(number)):
        cardinal(number)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("3.000", "ba nghìn"),
        ("1.234.567", "một triệu hai trăm ba mươi tư nghìn năm trăm sáu mươi bảy"),
        ("1,5", "một phẩy năm"),
        ("1,25", "một phẩy hai mươi lăm"),
        ("0,05", "không phẩy không năm"),
        ("3,141", "ba phẩy một bốn một"),
        ("12.34", None),
        ("1.000.000.000.001", None),
    ],
)
def test_dots_part_thousands_and_a_comma_the_decimals(written: str, words: str | None) -> None:
    assert amount(written) == words


def test_digits_are_said_one_by_one() -> None:
    assert digits("18-00") == "một tám không không"


@pytest.mark.parametrize(
    ("written", "number"), [("I", 1), ("IV", 4), ("XIV", 14), ("XLIX", 49), ("IIII", None), ("", None)]
)
def test_roman_numerals(written: str, number: int | None) -> None:
    assert roman(written) == number
