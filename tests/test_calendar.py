"""The arithmetic of the allowed hours, against somebody who looks at the clock every minute."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loa import calendar
from loa.model.clock import VIETNAM
from loa.model.settings import Hours

DAY = Hours(**{"from": time(7), "to": time(22)})
MINUTE = timedelta(minutes=1)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2027, 9, day, hour, minute, tzinfo=VIETNAM)


@pytest.mark.parametrize(
    ("start", "hours_of_work", "done"),
    [
        (at(10, 8), 0, at(10, 8)),
        (at(10, 8), 5, at(10, 13)),
        (at(10, 8), 14, at(10, 22)),  # to the end of the day, not to the next one's beginning
        (at(10, 8), 15, at(11, 8)),
        (at(10, 5), 1, at(10, 8)),  # nothing happens before seven
        (at(10, 22), 1, at(11, 8)),
        (at(10, 23), 15, at(11, 22)),
        (at(10, 21), 16.7, at(12, 7, 42)),  # two million in three parts each, at 100 a second
        (at(29, 21), 31, datetime(2027, 10, 1, 22, tzinfo=VIETNAM)),
    ],
)
def test_work_rests_outside_the_hours(start: datetime, hours_of_work: float, done: datetime) -> None:
    assert calendar.finish(DAY, start, timedelta(hours=hours_of_work)) == done


def test_what_takes_longer_than_a_year_has_no_end_that_anybody_could_use() -> None:
    assert calendar.finish(DAY, at(10, 8), timedelta(days=400)) is None
    assert calendar.finish(DAY, at(10, 8), timedelta(hours=15 * 365)) is not None


@pytest.mark.parametrize(
    ("start", "until", "open_for"),
    [
        (at(10, 8), at(10, 14), 6),
        (at(10, 8), at(11, 8), 15),
        (at(10, 20), at(12, 9), 2 + 15 + 2),
        (at(10, 22), at(11, 7), 0),
        (at(10, 14), at(10, 8), 0),
        (at(10, 23), at(10, 22, 30), 0),
    ],
)
def test_only_the_allowed_hours_between_two_moments_count(start: datetime, until: datetime, open_for: float) -> None:
    assert calendar.open_time(DAY, start, until) == timedelta(hours=open_for)


hours = st.tuples(st.integers(0, 1439), st.integers(0, 1439)).filter(lambda pair: pair[0] < pair[1])
moments = st.integers(0, 3 * 1440).map(lambda minutes: at(10, 0) + minutes * MINUTE)


def minutes_open(allowed: Hours, start: datetime, until: datetime) -> int:
    """Somebody counts the minutes in which people may be written to."""
    count, moment = 0, start
    while moment < until:
        count += calendar.within(allowed, moment)
        moment += MINUTE
    return count


def made(pair: tuple[int, int]) -> Hours:
    return Hours(**{"from": time(*divmod(pair[0], 60)), "to": time(*divmod(pair[1], 60))})


@settings(max_examples=200)
@given(hours, moments, moments)
def test_the_open_time_is_what_counting_minutes_gives(pair: tuple[int, int], start: datetime, until: datetime) -> None:
    allowed = made(pair)
    assert calendar.open_time(allowed, start, until) == minutes_open(allowed, start, until) * MINUTE


@settings(max_examples=200)
@given(hours, moments, st.integers(1, 900))
def test_the_finish_is_the_first_minute_by_which_enough_has_passed(
    pair: tuple[int, int], start: datetime, minutes: int
) -> None:
    allowed = made(pair)
    minutes = min(minutes, 3 * (pair[1] - pair[0]))  # a few days at most: somebody counts
    left, moment = minutes, start
    while left:
        left -= calendar.within(allowed, moment)
        moment += MINUTE
    assert calendar.finish(allowed, start, minutes * MINUTE) == moment
