"""What is read is understood as what was written: a listener turns it back, whatever the date, time or number."""

from __future__ import annotations

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loa.loudspeaker.lexicon import read_lexicon
from loa.loudspeaker.speakable import speakable

from .listener import day, days, dialled, times, understood
from .tables import ROOT, cases

VI = read_lexicon(ROOT / "assets", "vi")
DATES = st.dates(date(1945, 1, 1), date(2100, 12, 31))
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))


def said(text: str) -> str:
    return speakable(text, "vi", VI)


@given(DATES, st.sampled_from(["{:%d/%m/%Y}", "{:%d-%m-%Y}", "{:%d.%m.%Y}", "ngày {:%d/%m/%Y}", "{:%Y-%m-%d}"]))
def test_a_date_is_understood_in_every_form(when: date, form: str) -> None:
    assert day(said(form.format(when))) == when


@given(DATES)
def test_a_date_without_zeros_is_understood(when: date) -> None:
    assert day(said(f"{when.day}/{when.month}/{when.year}")) == when
    assert day(said(f"ngày {when.day} tháng {when.month} năm {when.year}")) == when
    assert days(said(f"ngày {when.day}/{when.month}")) == [(when.day, when.month, None)]


@given(DATES, DATES, st.sampled_from([" - ", "-", " – ", " đến ", " đến ngày "]))
def test_both_ends_of_a_range_are_understood(first: date, last: date, between: str) -> None:
    heard = days(said(f"từ {first:%d/%m/%Y}{between}{last:%d/%m/%Y}"))
    assert [date(year or 0, month, number) for number, month, year in heard] == [first, last]


@given(TIMES, st.sampled_from(["{0}h{1:02}", "{0:02}:{1:02}", "{0:02}h{1:02}", "{0}g{1:02}", "{0} giờ {1:02} phút"]))
def test_a_time_of_day_is_understood_in_every_form(at: time, form: str) -> None:
    assert times(said(form.format(at.hour, at.minute))) == [(at.hour, at.minute)]


@given(TIMES, TIMES, st.sampled_from(["-", " - ", " đến "]), st.sampled_from("h:"))
def test_both_ends_of_opening_hours_are_understood(first: time, last: time, between: str, sign: str) -> None:
    ends = (f"{at.hour}{sign}{at.minute:02}" for at in (first, last))
    assert times(said(between.join(ends))) == [(first.hour, first.minute), (last.hour, last.minute)]


@given(
    st.integers(0, 10**12),
    st.sampled_from([(" đồng", " đồng"), ("đ", " đồng"), ("%", " phần trăm"), (" kg", " ki lô gam")]),
)
def test_an_amount_is_understood_with_dots_between_thousands(amount: int, unit: tuple[str, str]) -> None:
    written, spoken = unit
    words = said(f"{amount:,}".replace(",", ".") + written)
    assert words.endswith(spoken)
    assert understood(words.removesuffix(spoken)) == amount


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_range_is_understood_or_refused_where_it_goes_down(low: int, high: int) -> None:
    low, high = sorted((low, high))
    first, last = said(f"{low:,}-{high:,} %".replace(",", ".")).removesuffix(" phần trăm").split(" đến ")
    assert (understood(first), understood(last)) == (low, high)


@given(
    st.sampled_from(["03", "05", "07", "08", "09"]),
    st.text("0123456789", min_size=8, max_size=8),
    st.sampled_from(["", " ", ".", "-"]),
)
def test_a_mobile_number_is_dialled_as_it_is_written(prefix: str, rest: str, sign: str) -> None:
    number = prefix + rest
    assert dialled(said(sign.join((number[:4], number[4:7], number[7:])))) == number


@pytest.mark.parametrize(("number", "words"), cases("numbers.vi.tsv"))
def test_the_listener_understands_what_an_announcer_says(number: str, words: str) -> None:
    """The listener is held against the table too, not only against our reader."""
    assert understood(words) == int(number)
