"""Reads the words of a campaign - templates, scripts, copy - without making anything of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from loa import calendar
from loa.channel import Desk, Job
from loa.model.campaign import Campaign
from loa.model.errors import ContentError, Mistake
from loa.model.finding import Finding
from loa.registry import CHANNELS


def check_templates(desk: Desk, campaign: Campaign) -> tuple[Finding, ...]:
    """What is to be said of the words of every deliverable, without making anything; once where waves share them.

    Raises `ContentError` for every deliverable whose words cannot be found or read.
    """
    plan = desk.workspace.plan(campaign.plan)
    year = calendar.current_year(campaign, desk.clock.now())
    mistakes: list[Mistake] = []
    findings: dict[tuple[str, ...], Finding] = {}
    for spec in campaign.waves:
        for item in campaign.deliverables_of(spec.id):
            job = Job(campaign, plan, campaign.wave(spec, year), item)
            try:
                with at_its_line(desk, job):
                    for found in CHANNELS[item.channel].lint(job, desk):
                        # the same text in another wave differs by its date at most
                        same = (found.code, found.subject.removeprefix(job.wave.key), str(dict(found.fields)))
                        findings.setdefault(same, found)
            except ContentError as error:
                mistakes += error.mistakes
    if mistakes:
        raise ContentError(_distinct(mistakes))
    return tuple(findings.values())


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
