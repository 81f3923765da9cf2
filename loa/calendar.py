"""When things happen: editions, waves, hours. Pure: the clock is passed in. All days are Vietnam's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from loa.model.campaign import Campaign, Wave
from loa.model.clock import VIETNAM
from loa.model.settings import Hours


def current_year(campaign: Campaign, now: datetime) -> int:
    """The year of the edition that is coming or under way: the anchor's own, else the next whose waves are not over.

    An edition is over when its last wave can no longer be released.
    """
    if campaign.anchor.year is not None:
        return campaign.anchor.year
    year = now.astimezone(VIETNAM).year
    # a wave may lie up to a year before its anchor or after it
    for candidate in range(year - 1, year + 3):
        if any(wave.closes_at > now for wave in waves(campaign, candidate)):
            return candidate
    return year + 2


def waves(campaign: Campaign, year: int) -> tuple[Wave, ...]:
    """The waves of one year in the order they go out."""
    made = (campaign.wave(spec, year) for spec in campaign.waves)
    return tuple(sorted(made, key=lambda wave: wave.send_at))


def is_past(wave: Wave, now: datetime) -> bool:
    """Whether a wave can no longer be prepared or released."""
    return now > wave.closes_at


def within(hours: Hours, moment: datetime) -> bool:
    """Whether people may be written to at a moment. The end itself is too late."""
    local = moment.astimezone(VIETNAM).time()
    return hours.start <= local < hours.end


def closing(hours: Hours, moment: datetime) -> datetime:
    """When the hours of a moment's day end: until then a message sent at that moment may still arrive."""
    return datetime.combine(moment.astimezone(VIETNAM).date(), hours.end, tzinfo=VIETNAM)


def open_time(hours: Hours, start: datetime, until: datetime) -> timedelta:
    """How much of the time between two moments lies within the hours; nothing where `until` is before `start`."""
    first, last = start.astimezone(VIETNAM), until.astimezone(VIETNAM)
    days = (last.date() - first.date()).days
    return max(timedelta(), days * _length(hours) + _passed(hours, last) - _passed(hours, first))


def finish(hours: Hours, start: datetime, work: timedelta) -> datetime | None:
    """When work is done that starts at a moment and rests outside the hours; nothing where it takes over a year.

    Work that fills a day is done when the day's hours end, not when the next day's begin.
    """
    if work <= timedelta():
        return start
    days, rest = divmod(_passed(hours, start) + work, _length(hours))
    if not rest:
        days, rest = days - 1, _length(hours)
    return None if days > 366 else _opening(hours, start) + timedelta(days=days) + rest


def _opening(hours: Hours, moment: datetime) -> datetime:
    return datetime.combine(moment.astimezone(VIETNAM).date(), hours.start, tzinfo=VIETNAM)


def _passed(hours: Hours, moment: datetime) -> timedelta:
    """How much of the hours of a moment's day has gone by."""
    opens = _opening(hours, moment)
    return min(max(moment, opens), closing(hours, moment)) - opens


def _length(hours: Hours) -> timedelta:
    return datetime.combine(date.min, hours.end) - datetime.combine(date.min, hours.start)


def next_day_opens(hours: Hours, moment: datetime) -> datetime:
    """When the hours open the next time; also at a moment within them, when they are too far gone to begin."""
    local = moment.astimezone(VIETNAM)
    day = local.date() if local.time() < hours.start else local.date() + timedelta(days=1)
    return datetime.combine(day, hours.start, tzinfo=VIETNAM)


def moment_words(moment: datetime) -> str:
    """`08:30 ngày 10/09/2027`: a moment as officers write it."""
    return f"{moment.astimezone(VIETNAM):%H:%M ngày %d/%m/%Y}"


def upcoming(all_waves: Sequence[Wave], now: datetime) -> tuple[Wave, ...]:
    return tuple(wave for wave in all_waves if not is_past(wave, now))
