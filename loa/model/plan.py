"""A provincial plan as data: what must be done, by whom, by when, each with its clause.

A plan is kept apart from the province: since 1 July 2025 one province may carry two plans with different cadences.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from loa.model.campaign import DAY_MONTH, Clause, Localised, Slug, Written

Cadence = Literal["continuous", "weekly", "monthly", "quarterly", "half-yearly", "yearly", "october"]
DayMonth = Annotated[str, StringConstraints(pattern=DAY_MONTH)]


class Years(Written):
    start: int = Field(alias="from", ge=2024, le=2045)
    end: int = Field(alias="to", ge=2024, le=2045)


class AppliesTo(Written):
    """A province of today that the plan holds in, or a part of one."""

    province_code: str
    note: str | None = None


class Topic(Written):
    id: Clause
    title: str


class Group(Written):
    id: Slug
    title: str
    clause: Clause


class Target(Written):
    """A figure the plan sets. Uptake is reported by officers, never worked out from what was sent."""

    clause: Clause
    year: int
    subject: str
    value: float
    unit: str
    comparison: Literal["at_least", "exactly"]


class Task(Written):
    """One row of the plan's task list. `manual`: no channel of Loa serves it, an officer records its results."""

    clause: Clause
    title: str
    lead: tuple[str, ...]
    support: tuple[str, ...] = ()
    period: Years
    channel: str
    cadence: Cadence
    parts: tuple[str, ...] = ()


class Duty(Written):
    clause: Clause
    who: str
    what: str


class Reporting(Written):
    clause: Clause
    cadence: Cadence
    before: DayMonth
    to: str
    by: str


class Plan(Written):
    """One plan file."""

    id: Slug
    title: Localised
    number: str
    date: dt.date
    issuer: str
    decision: str
    applies_to: Annotated[tuple[AppliesTo, ...], Field(min_length=1)]
    lead_agency: str
    period: Years
    topics: tuple[Topic, ...]
    groups: tuple[Group, ...]
    targets: tuple[Target, ...]
    tasks: Annotated[tuple[Task, ...], Field(min_length=1)]
    duties: tuple[Duty, ...] = ()
    reporting: tuple[Reporting, ...]
    sources: tuple[str, ...]

    def task(self, clause: str) -> Task | None:
        return next((task for task in self.tasks if task.clause == clause), None)
