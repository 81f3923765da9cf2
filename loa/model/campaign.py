"""A campaign as an officer writes it: waves, deliverables, and the plan clauses they serve.

Every type here is frozen and forbids unknown keys, so a slip of the pen is an error and never a default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from loa.model.clock import VIETNAM


class Written(BaseModel):
    """Base of all that is read from a person's file: frozen, unknown keys refused, text trimmed."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


_SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
_TEMPLATE = r"^[a-z0-9]+(-[a-z0-9]+)*(/[a-z0-9]+(-[a-z0-9]+)*)*$"
LANGUAGE = r"^[a-z]{2,3}(-[A-Z][a-z]{3})?$"
_CLAUSE = r"^[0-9IVX]+(\.[0-9a-zđ]+)*$"
_PORTAL = r"^https://[^\s/]+"
DAY_MONTH = r"^(0[1-9]|[12]\d|3[01])-(0[1-9]|1[0-2])$"
HOST = r"^[a-z0-9-]+(\.[a-z0-9-]+)+$"

# what to write, for whoever wrote something else
EXAMPLES: Mapping[str, str] = {
    _SLUG: "dvc-10-10",
    _TEMPLATE: "dvc-10-10/mo-dau",
    LANGUAGE: "vi, en, tyz",
    _CLAUSE: "3.4, III.2",
    _PORTAL: "https://dichvucong.gov.vn",
    DAY_MONTH: "25-11",
    HOST: "dichvucong.gov.vn",
}

# lower-case words joined by hyphens: safe in file names, addresses and Prefect's names
Slug = Annotated[str, StringConstraints(pattern=_SLUG, max_length=60)]
# a template's name is a path of slugs below its channel's folder: never absolute, never upwards
TemplateName = Annotated[str, StringConstraints(pattern=_TEMPLATE, max_length=120)]
# BCP 47 tags as far as the field needs them: vi, en, tyz, hmv, mww-Latn
Language = Annotated[str, StringConstraints(pattern=LANGUAGE)]
Clause = Annotated[str, StringConstraints(pattern=_CLAUSE)]


def _clock_time(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        raise ValueError("giờ:phút, như 08:30 / hours and minutes, like 08:30")
    return value


HourMinute = Annotated[time, BeforeValidator(_clock_time)]


class Localised(Written):
    """The same words in Vietnamese and English."""

    vi: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def __str__(self) -> str:
        return f"{self.vi} / {self.en}"

    def get(self, language: str) -> str:
        """English for English; Vietnamese for every other language, since that is what everybody can be shown."""
        return self.en if language == "en" else self.vi


class MessageClass(StrEnum):
    """What the law takes a message for (Decree 91/2020, art. 3): chosen by the officer, approved, never guessed."""

    NOTICE = "notice"
    ADVERTISING = "advertising"


class Anchor(Written):
    """The day that waves are counted from: every year, or one year only."""

    day: int = Field(ge=1, le=31)
    month: int = Field(ge=1, le=12)
    year: int | None = None

    def in_year(self, year: int) -> date:
        return date(year, self.month, self.day)


def _anchor(value: object) -> object:
    """`"10-10"` (day-month, every year) or `2026-10-10` (once)."""
    if isinstance(value, date):
        return {"day": value.day, "month": value.month, "year": value.year}
    if not isinstance(value, str):
        return value
    try:
        if match := re.fullmatch(r"(\d{1,2})-(\d{1,2})", value):
            day, month = (int(group) for group in match.groups())
            date(2023, month, day)  # 2023 is not a leap year: 29 February would not come every year
            return {"day": day, "month": month}
        moment = date.fromisoformat(value)
    except ValueError:
        raise ValueError("ngày-tháng như 10-10, hoặc năm-tháng-ngày như 2027-10-10 / 10-10 or 2027-10-10") from None
    return {"day": moment.day, "month": moment.month, "year": moment.year}


class WaveSpec(Written):
    """One wave as written: so many days from the anchor, at an hour."""

    id: Slug
    title: Localised
    days: int = Field(ge=-366, le=366, description="days from the anchor; negative is before it")
    at: HourMinute
    prepare_days: int = Field(default=10, ge=0, le=120, description="prepare this many days before")
    late_hours: int = Field(default=6, ge=0, le=240, description="a release later than this is refused")


class Wave(BaseModel):
    """One wave of one year, its moments worked out (Vietnam's time)."""

    model_config = ConfigDict(frozen=True)

    campaign: str
    id: str
    year: int
    title: Localised
    anchor: date
    send_at: datetime
    prepare_at: datetime
    closes_at: datetime

    @property
    def key(self) -> str:
        """`campaign/year/wave`: the name of this wave in the ledger, in addresses and in folders."""
        return f"{self.campaign}/{self.year}/{self.id}"

    @property
    def slug(self) -> str:
        return self.key.replace("/", "-")

    @property
    def days_left(self) -> int:
        """Days from the wave to the anchor; 0 on the day itself, negative after it."""
        return (self.anchor - self.send_at.astimezone(VIETNAM).date()).days


def wave_in(campaign: str, spec: WaveSpec, anchor: Anchor, year: int) -> Wave:
    """The moments of a wave in a year."""
    day = anchor.in_year(year)
    send_at = datetime.combine(day + timedelta(days=spec.days), spec.at, tzinfo=VIETNAM)
    return Wave(
        campaign=campaign,
        id=spec.id,
        year=year,
        title=spec.title,
        anchor=day,
        send_at=send_at,
        prepare_at=send_at - timedelta(days=spec.prepare_days),
        closes_at=send_at + timedelta(hours=spec.late_hours),
    )


def _unique(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise ValueError("mỗi giá trị một lần / each value once")
    return values


# Communes by their official code, or every commune that the plan applies to.
Places = Literal["all"] | tuple[str, ...]


class Deliverable(Written):
    """One thing to make for a wave, in one channel. Each channel adds its own fields in a subclass."""

    id: Slug
    channel: str
    title: Localised
    waves: Annotated[tuple[Slug, ...], Field(min_length=1), AfterValidator(_unique)]
    clauses: Annotated[tuple[Clause, ...], Field(min_length=1), AfterValidator(_unique)]
    topic: Clause
    template: TemplateName
    languages: Annotated[tuple[Language, ...], Field(min_length=1), AfterValidator(_unique)]

    @property
    def audience_name(self) -> str | None:
        """The audience whose bytes this deliverable's approval covers; none where it addresses places."""
        return None

    @property
    def whereto(self) -> Places | None:
        """The places whose list this deliverable's approval covers; none where it addresses people."""
        return None


class Campaign(Written):
    """One campaign file."""

    id: Slug
    title: Localised
    plan: Slug
    issuer: Localised
    hotline: str = Field(min_length=2, max_length=30)
    portal: str = Field(pattern=_PORTAL)
    message_class: MessageClass
    anchor: Annotated[Anchor, BeforeValidator(_anchor)]
    waves: Annotated[tuple[WaveSpec, ...], Field(min_length=1)]
    deliverables: Annotated[tuple[Deliverable, ...], Field(min_length=1)]

    def spec(self, wave: str) -> WaveSpec | None:
        return next((spec for spec in self.waves if spec.id == wave), None)

    def wave(self, spec: WaveSpec, year: int) -> Wave:
        return wave_in(self.id, spec, self.anchor, year)

    def deliverables_of(self, wave: str) -> tuple[Deliverable, ...]:
        return tuple(item for item in self.deliverables if wave in item.waves)
