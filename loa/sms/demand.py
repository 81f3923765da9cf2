"""What a wave's messages ask for: the texts, the people who would get them, and the forecast that follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from loa.channel import Desk, Job
from loa.model.errors import ContentError
from loa.model.settings import Hours, LaneSettings
from loa.sms import bodies as texts
from loa.sms import gateways
from loa.sms.bodies import Bodies, Counts
from loa.sms.forecast import Conditions, Demand, Encoding, Forecast, event_of, forecast
from loa.sms.parts import split
from loa.sms.prices import COSTING, prices_of, spent
from loa.sms.turn import ITS_QUEUE
from loa.text.normal import unaccent

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Expected:
    """One deliverable of a wave as it would go out now.

    `texts` is how many different texts there are, `lengths` how many parts the shortest and the longest have in each
    encoding. `opted_out` and `full` are people who would get nothing: they want nothing more, or have had what they may
    have in the hours that the cap looks at, to the end of the wave. `spent` is what rows that are out have cost so far,
    in đồng; nothing where none are, or a price is not known.
    """

    job: Job
    texts: int
    lengths: Mapping[Encoding, tuple[int, int]]
    opted_out: int
    full: int
    spent: int | None
    forecast: Forecast


def of_wave(jobs: Sequence[Job], desk: Desk, approved: Mapping[str, Bodies] | None = None) -> tuple[Expected, ...]:
    """What the SMS deliverables of one wave would come to, started now or at the wave's hour, one after the other.

    `approved` are texts that were made already, by deliverable. Raises `ContentError` where an audience was never
    imported or a template cannot be used, `Refused` where another audience was approved.
    """
    made: list[Expected] = []
    for job in jobs:
        start = _after(made[-1].forecast) if made else max(desk.clock.now(), job.wave.send_at)
        made.append(_expected(job, desk, (approved or {}).get(job.deliverable.id), start))
    return tuple(made)


def as_approved(job: Job, made: Bodies, desk: Desk) -> Forecast:
    """The forecast that a check goes by: of everybody in the audience, at the wave's own hour.

    It knows nothing of today's opt-outs and nothing of the hour: what was approved must come out the same at the
    release. Messages of the wave that go out before this one are counted from their templates.
    """
    start = job.wave.send_at
    for item in job.campaign.deliverables_of(job.wave.id):
        if item.id == job.deliverable.id:
            break
        if item.channel == job.deliverable.channel:
            other = Job(job.campaign, job.plan, job.wave, item)
            people = desk.store.audiences.frame(texts.audience_of(other, desk))
            composed, _ = texts.compose(other, desk, texts.count(other, people, texts.blank(other, desk)))
            start = _after(_forecast(other, composed, composed.counts(), desk, start))
    return _forecast(job, made, made.counts(), desk, start)


def _expected(job: Job, desk: Desk, made: Bodies | None, start: datetime) -> Expected:
    people = desk.store.audiences.frame(texts.audience_of(job, desk))
    if made is None:
        made, _ = texts.compose(job, desk, texts.count(job, people, texts.blank(job, desk)))
    out, full = _silent(job, people, desk)
    reached = people.filter(~(out | full)) if out.any() or full.any() else people
    return Expected(
        job=job,
        texts=len({body.key for body in made.texts}),
        lengths=_lengths(made),
        opted_out=_number(texts.count(job, people.filter(out), made)),
        full=_number(texts.count(job, people.filter(full & ~out), made)),
        spent=_spent(job, desk),
        forecast=_forecast(job, made, texts.count(job, reached, made), desk, start),
    )


def _lengths(made: Bodies) -> Mapping[Encoding, tuple[int, int]]:
    # an audience of nobody may have no texts at all
    accented = [split(body.accented).count for body in made.texts] or [0]
    unaccented = [split(unaccent(body.accented)).count for body in made.texts] or [0]
    return {"accented": (min(accented), max(accented)), "unaccented": (min(unaccented), max(unaccented))}


def _spent(job: Job, desk: Desk) -> int | None:
    counts = desk.store.figures.counts(job.wave.key, job.deliverable.id)
    if not any(item.state in COSTING for item in counts):
        return None
    try:
        return spent(counts, prices_of(job, desk), desk.workspace.settings.sms.lanes)
    except ContentError:  # a forecast has a finding that names what has no price
        return None


def _silent(job: Job, people: pl.DataFrame, desk: Desk) -> tuple[pl.Series, pl.Series]:
    """Two columns of true and false: who wants nothing more, and who will have had enough until the wave is over."""
    import polars as pl

    cap = desk.workspace.settings.sms.cap
    # whoever is free again before the wave closes waits, and gets the message later
    since = job.wave.closes_at - timedelta(hours=cap.hours)
    full = desk.store.caps.full(cap.messages, since, job.wave.key) if since < desk.clock.now() else ()
    out, enough = desk.store.audiences.opted_out(), pl.Series(full, dtype=pl.String)
    return people["phone"].is_in(out.implode()), people["phone"].is_in(enough.implode())


def _number(counts: Counts) -> int:
    return sum(sum(operators.values()) for operators in counts.values())


def _forecast(job: Job, made: Bodies, counts: Counts, desk: Desk, start: datetime) -> Forecast:
    item, settings = texts.sms_of(job), desk.workspace.settings
    lanes = settings.sms.lanes
    conditions = Conditions(
        lanes=lanes,
        hours={lane.name: _hours(lane, settings.hours) for lane in lanes},
        prices=prices_of(job, desk),
        start=start,
        closes_at=job.wave.closes_at,
        event=event_of(job.wave),
        budget=item.budget_vnd,
    )
    return forecast(demand_of(made, counts), item.encoding, conditions)


def demand_of(made: Bodies, counts: Counts) -> tuple[Demand, ...]:
    """Recipients and parts by network: each text counted once, in both encodings, times whoever gets it."""
    by_context = made.by_context()
    totals: dict[str, list[int]] = {}
    for context, operators in counts.items():
        body = by_context[context]
        accented, unaccented = split(body.accented).count, split(unaccent(body.accented)).count
        for operator, people in operators.items():
            total = totals.setdefault(operator, [0, 0, 0])
            total[0] += people
            total[1] += people * accented
            total[2] += people * unaccented
    return tuple(Demand(operator, *total) for operator, total in sorted(totals.items()))


def _hours(lane: LaneSettings, hours: Hours) -> Hours:
    """The hours a lane sends in: a provider that is not told how long a message may wait stops earlier."""
    try:
        told = gateways.limits_of(lane).validity
    except ContentError:  # a gateway that does not exist has a finding of its own
        told = True
    earlier = (datetime.combine(date.max, hours.end) - ITS_QUEUE).time()
    return hours if told or earlier <= hours.start else hours.model_copy(update={"end": earlier})


def _after(made: Forecast) -> datetime:
    """When the next deliverable's turn comes: when the last lane is done with this one, at the latest at the end."""
    terms = made.conditions
    if not made.chosen.lanes:
        return terms.start
    return max(terms.start, min(made.chosen.finish or terms.closes_at, terms.closes_at))
