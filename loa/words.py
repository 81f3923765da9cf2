"""Reads the words of a campaign - templates, scripts, copy - without making anything of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from loa import calendar
from loa.channel import Desk, Job
from loa.model.campaign import Campaign
from loa.model.errors import ContentError, Mistake
from loa.registry import CHANNELS


def check_templates(desk: Desk, campaign: Campaign) -> None:
    """Raises `ContentError` for every deliverable whose words cannot be found or read, without making anything."""
    plan = desk.workspace.plan(campaign.plan)
    year = calendar.current_year(campaign, desk.clock.now())
    mistakes: list[Mistake] = []
    for spec in campaign.waves:
        for item in campaign.deliverables_of(spec.id):
            job = Job(campaign, plan, campaign.wave(spec, year), item)
            try:
                with at_its_line(desk, job):
                    CHANNELS[item.channel].lint(job, desk)
            except ContentError as error:
                mistakes += error.mistakes
    if mistakes:
        raise ContentError(_distinct(mistakes))


def _distinct(mistakes: Sequence[Mistake]) -> list[Mistake]:
    """One mistake a place: a template serves several waves."""
    return list({(mistake.code, mistake.where): mistake for mistake in mistakes}.values())


@contextmanager
def at_its_line(desk: Desk, job: Job) -> Iterator[None]:
    """A template that is not there is a mistake in the campaign: named at the line that asks for it."""
    try:
        yield
    except ContentError as error:
        if error.code != "template-missing":
            raise
        i = job.campaign.deliverables.index(job.deliverable)
        where = desk.workspace.line_of(job.campaign.id, ("deliverables", i, "template"))
        raise ContentError(Mistake(error.code, where, error.fields)) from error
