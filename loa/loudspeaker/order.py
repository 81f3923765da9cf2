"""A bulletin as an officer orders it in a campaign file."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal

from pydantic import Field, field_validator

from loa.channel import Job
from loa.loudspeaker.package import LevelName
from loa.loudspeaker.profile import DEFAULT
from loa.model.campaign import Deliverable, HourMinute, Places, Slug
from loa.model.clock import VIETNAM
from loa.model.languages import is_known, languages


def _known(tags: tuple[str, ...]) -> tuple[str, ...]:
    wrong = [tag for tag in tags if not is_known(tag)]
    if wrong:
        raise ValueError(f"không có ngôn ngữ {', '.join(wrong)} / no such language: {', '.join(languages())}")
    return tags


class LoudspeakerDeliverable(Deliverable):
    """A bulletin as an officer orders it."""

    channel: Literal["loudspeaker"]
    places: Places
    level: LevelName = "thong-thuong"
    seconds: int | None = Field(
        default=None, ge=15, le=1200, description="how long the whole should be; none: what its template says"
    )
    valid_days: Literal["month"] | Annotated[int, Field(ge=1, le=366)] = Field(
        default=1, description="days it may be broadcast, from the wave's own day on; month: to the end of its month"
    )
    times: int = Field(default=1, ge=1, le=100, description="at least so often in every commune")
    body_times: int = Field(default=2, ge=1, le=3, description="how often the body is heard in one broadcast")
    slots: tuple[HourMinute, ...] = Field(default=(), max_length=6, description="hours; none: each station's own")
    profile: Slug = DEFAULT

    @field_validator("languages")
    @classmethod
    def _listed(cls, tags: tuple[str, ...]) -> tuple[str, ...]:
        return _known(tags)

    @property
    def whereto(self) -> Places:
        return self.places

    def validity(self, send_at: datetime) -> tuple[datetime, datetime]:
        """From when to when it may be broadcast (Vietnam's time)."""
        start = send_at.astimezone(VIETNAM)
        return start, datetime.combine(last_day(start.date(), self.valid_days), time(23, 59), tzinfo=VIETNAM)


def last_day(first: date, valid_days: int | str) -> date:
    """The last day of so many, or of the month."""
    if valid_days == "month":
        return (first.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return first + timedelta(days=int(valid_days) - 1)


def ordered(job: Job) -> LoudspeakerDeliverable:
    """The deliverable of a job of this channel."""
    if not isinstance(job.deliverable, LoudspeakerDeliverable):
        raise TypeError(f"{job.subject} is not a loudspeaker deliverable")
    return job.deliverable
