"""What a wave would come to if it went out, before anything is made or approved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from loa import calendar, gate
from loa.channel import Desk, Job
from loa.handover import communes_for
from loa.model.campaign import Deliverable, Wave
from loa.model.review import Bundle
from loa.model.states import RowState
from loa.sms.bodies import Bodies, is_sms, read
from loa.sms.deliverable import SmsDeliverable
from loa.sms.demand import Expected, of_wave
from loa.sms.route import lane_for


@dataclass(frozen=True)
class Outlook:
    """The messages of a wave, and how many places would get each of its packages."""

    wave: Wave
    messages: tuple[Expected, ...]
    packages: tuple[tuple[Deliverable, int], ...]


def look_ahead(desk: Desk, found: gate.Occasion, bundle: Bundle | None = None) -> Outlook:
    """Reach, parts, cost and finish times as of now; nothing has to be prepared.

    With a `bundle`, of the very texts and people that were put up for review. Raises `ContentError` where an audience
    was never imported or a template cannot be used, `Refused` where the people of a bundle are not the imported ones.
    """
    jobs = found.jobs if bundle is None else tuple(_as_put_up(found.jobs, bundle))
    approved: dict[str, Bodies] = {}
    if bundle is not None:
        approved = {
            job.deliverable.id: read(gate.artefacts_of(bundle, job.deliverable.id), desk) for job in jobs if is_sms(job)
        }
    places: Mapping[str, int] = {
        job.deliverable.id: len(communes_for(job, job.deliverable.whereto, desk))
        for job in jobs
        if job.deliverable.whereto is not None
    }
    return Outlook(
        found.wave,
        of_wave([job for job in jobs if is_sms(job)], desk, approved),
        tuple((job.deliverable, places[job.deliverable.id]) for job in jobs if job.deliverable.id in places),
    )


def done_at(desk: Desk, wave: str) -> datetime | None:
    """When what is still planned of a wave will be out, at the rates of the lanes that work now and within the hours.

    Nothing where nothing is planned, or where no lane can send it.
    """
    lanes, now = desk.workspace.settings.sms.lanes, desk.clock.now()
    outages = desk.store.lanes.outages(now)
    work: dict[str, float] = {}
    for count in desk.store.figures.counts(wave):
        if count.state is not RowState.PLANNED or not count.parts:
            continue
        lane = lane_for(lanes, count.operator, outages.keys())
        if lane is None:
            return None
        work[lane.name] = work.get(lane.name, 0.0) + count.parts / lane.parts_per_second
    if not work:
        return None
    return calendar.finish(desk.workspace.settings.hours, now, timedelta(seconds=max(work.values())))


def _as_put_up(jobs: Sequence[Job], bundle: Bundle) -> Iterator[Job]:
    """The deliverables of a bundle: the campaign may have more by now, and say other things of them."""
    written = {item["deliverable"]["id"]: item["deliverable"] for item in bundle.manifest["covered"]["deliverables"]}
    for job in jobs:
        name = job.deliverable.id
        if name in written:
            item = SmsDeliverable.model_validate(written[name]) if is_sms(job) else job.deliverable
            yield replace(job, deliverable=item, people=gate.people_of(bundle, name))
