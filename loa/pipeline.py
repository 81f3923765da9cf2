"""The whole path, from top to bottom: a campaign and a date -> prepare -> review -> release -> receipts -> figures.

Everything here is plain Python with its time, its database and its environment passed in; Prefect (`loa.orchestrator`,
`flows/`), the command line and the pages are faces that call it. A face may wrap each piece of work - a deliverable,
a batch - in something of its own (a Prefect task, a progress bar) by passing `step`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from loa import calendar, gate
from loa.channel import Desk, Job
from loa.delivering import Step, deliver_all, gone_out, plainly
from loa.model.campaign import Campaign
from loa.model.clock import Clock, RehearsalClock, SystemClock
from loa.model.errors import ContentError, Refused
from loa.model.ledger import Change
from loa.model.review import Bundle, Decision
from loa.model.sentences import Words, words
from loa.model.states import RowState
from loa.outlook import Outlook, look_ahead
from loa.registry import CHANNELS, deliverable_types
from loa.sms import gateways, replies
from loa.sms import receipts as sms_receipts
from loa.store import Store
from loa.words import at_its_line
from loa.workspace import Workspace

# --- the desk ----------------------------------------------------------------------------------------------------


def open_desk(root: Path, environ: Mapping[str, str], clock: Clock | None = None) -> Desk:
    """Everything a command works with, for the workspace at `root`.

    The clock is the machine's unless one is passed or the workspace rehearses; a rehearsal is refused as soon as one of
    its lanes reaches people. Raises `ContentError`, `Refused` or `StoreError`.
    """
    workspace = Workspace.at(root)
    settings = workspace.settings
    if clock is None:
        rehearsal = settings.rehearsal
        clock = RehearsalClock(rehearsal.starts_at - rehearsal.set_at) if rehearsal else SystemClock()
    url = environ.get("LOA_DATABASE_URL") or settings.store.url
    desk = Desk(workspace, Store.open(url, workspace.root, clock), clock, environ)
    if settings.rehearsal is not None:
        for lane in settings.sms.lanes:
            if gateways.limits_of(lane).reaches_people:
                raise Refused("rehearsal-with-people", {"lane": lane.name})
    return desk


# --- a campaign and a date ---------------------------------------------------------------------------------------


def load_campaign(desk: Desk, campaign_id: str) -> Campaign:
    """One campaign, every mistake in its file named."""
    return desk.workspace.campaign(campaign_id, deliverable_types())


def occasion(desk: Desk, campaign_id: str, wave_id: str, year: int | None = None) -> gate.Occasion:
    """The wave a person means: of the year given, else of the edition that is coming or under way.

    Raises `ContentError` for a wave that the campaign does not have, or that has no deliverables.
    """
    campaign = load_campaign(desk, campaign_id)
    spec = campaign.spec(wave_id)
    file = desk.workspace.line_of(campaign_id, ("waves",))
    if spec is None:
        known = ", ".join(item.id for item in campaign.waves)
        raise ContentError.at("wave-missing", file.file, file.line, file.field, name=wave_id, known=known)
    if year is not None and campaign.anchor.year not in {None, year}:
        where = desk.workspace.line_of(campaign_id, ("anchor",))
        anchor = campaign.anchor.year
        raise ContentError.at("year-not-anchor", where.file, where.line, where.field, anchor=anchor, year=year)
    if year is not None and not 2020 <= year <= 2100:
        raise ContentError.at("wrong-value", f"--year {year}", value=year, expected="2020 … 2100")
    wave = campaign.wave(spec, year or calendar.current_year(campaign, desk.clock.now()))
    deliverables = campaign.deliverables_of(wave_id)
    if not deliverables:
        raise ContentError.at("wave-no-deliverable", file.file, file.line, file.field, wave=wave_id)
    plan = desk.workspace.plan(campaign.plan)
    return gate.Occasion(campaign, plan, wave, tuple(Job(campaign, plan, wave, item) for item in deliverables))


def refuse_past(desk: Desk, found: gate.Occasion) -> None:
    """Raises `ContentError` for a wave that can no longer go out, at the line of its anchor."""
    now = desk.clock.now()
    if not calendar.is_past(found.wave, now):
        return
    coming = calendar.upcoming(calendar.waves(found.campaign, found.wave.year), now)
    where = desk.workspace.line_of(found.campaign.id, ("anchor",))
    raise ContentError.at(
        "wave-past",
        where.file,
        where.line,
        where.field,
        wave=found.wave.id,
        send_at=calendar.moment_words(found.wave.send_at),
        now=calendar.moment_words(now),
        known=", ".join(wave.id for wave in coming) or "-",
    )


# --- prepare, check ----------------------------------------------------------------------------------------------


async def prepare_one(desk: Desk, job: Job) -> gate.Prepared:
    """Makes one deliverable and checks it. The second time with the same inputs nothing is made again."""
    channel = CHANNELS[job.deliverable.channel]
    with at_its_line(desk, job):
        artefacts = await asyncio.to_thread(channel.prepare, job, desk)
    findings = await asyncio.to_thread(channel.check, job, artefacts, desk)
    return gate.Prepared(job, artefacts, findings)


async def prepare(desk: Desk, found: gate.Occasion, by: str, step: Step = plainly) -> Bundle:
    """Makes every deliverable of a wave, checks it, and puts the whole up for review as one bundle.

    Raises `ContentError` where something cannot be made; then nothing is put up.
    """
    if not by.strip():
        raise Refused("actor-missing")
    refuse_past(desk, found)
    made: list[gate.Prepared] = []
    for job in found.jobs:

        async def work(job: Job = job) -> gate.Prepared:
            return await prepare_one(desk, job)

        made.append(await step(job.deliverable.id, work))
    manifest = gate.manifest_of(desk, found, made)
    return desk.store.reviews.open(gate.digest_of(manifest), found.wave.key, manifest, by, desk.clock.now())


def forecast(desk: Desk, found: gate.Occasion, bundle: Bundle | None = None) -> Outlook:
    """What a wave would reach and cost and when it would be done; see `loa.outlook`. Raises as `prepare` does."""
    refuse_past(desk, found)
    return look_ahead(desk, found, bundle)


# --- release -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Released:
    """What a release did, in rows. `held` says why it stopped before everything was out; empty when it is complete."""

    wave: str
    done: int
    left: int
    held: str = ""


async def admit(desk: Desk, found: gate.Occasion) -> Bundle:
    """The gate. Returns the approved bundle, or raises `Refused`: not approved, changed since, too early, held.

    What would go out is made again (from the recipes, so it costs little), checked again, and held against the
    approved digest.
    """
    bundles = desk.store.reviews.of_wave(found.wave.key)
    if not bundles:
        raise Refused("review-none", _named(found))
    bundle = bundles[0]
    if bundle.decision is Decision.CHANGES:
        raise Refused("review-changes", {"bundle": bundle.short, "reason": bundle.reason})
    if bundle.decision is not Decision.APPROVED:
        deadline = calendar.moment_words(found.wave.send_at)
        raise Refused("review-open", {**_named(found), "bundle": bundle.short, "deadline": deadline})
    made = [await prepare_one(desk, job) for job in found.jobs]
    manifest = gate.manifest_of(desk, found, made)
    if not gate.holds(bundle, manifest):
        raise Refused("review-lapsed", {"approved": bundle.short, "bundle": gate.digest_of(manifest)[:12]})
    return bundle


async def release(
    desk: Desk, found: gate.Occasion, step: Step = plainly, patience: timedelta | None = None
) -> Released:
    """Delivers what was approved: every row that the ledger says is left, in batches.

    Safe to call at any time and any number of times: what is out is out, and a wave that is complete is left alone.
    `patience` is how long to wait for lanes that are all out of order, before `GatewayError`; none given, as long as
    the wave may go out.
    """
    bundle = await admit(desk, found)
    number = desk.store.reviews.number(bundle.digest)
    jobs = tuple(replace(job, bundle=number, people=gate.people_of(bundle, job.deliverable.id)) for job in found.jobs)
    if _complete(desk, jobs):
        return Released(found.wave.key, 0, 0)
    _refuse_untimely(desk, found, jobs)
    for job in jobs:  # all of them before the first byte leaves: what is approved now is what goes out later
        artefacts = gate.artefacts_of(bundle, job.deliverable.id)
        await asyncio.to_thread(CHANNELS[job.deliverable.channel].expand, job, artefacts, desk)
    by_channel: dict[str, list[Job]] = {}
    for job in jobs:
        by_channel.setdefault(job.deliverable.channel, []).append(job)
    # side by side: messages that wait for a lane keep no bulletin waiting
    groups = await asyncio.gather(*(deliver_all(desk, bundle, group, step, patience) for group in by_channel.values()))
    failed = [error for _, errors in groups for error in errors]
    if failed:
        raise failed[0]
    progress = [item for done, _ in groups for item in done]
    held = next((item.held for item in progress if item.held), "")
    return Released(found.wave.key, sum(item.done for item in progress), sum(item.left for item in progress), held)


def _complete(desk: Desk, jobs: Sequence[Job]) -> bool:
    """Whether every deliverable was expanded from this very bundle and nothing of it is left to send."""
    for job in jobs:
        counts = desk.store.figures.counts(job.wave.key, job.deliverable.id)
        moving = {RowState.PLANNED, RowState.SENDING}
        if not counts or any(count.state in moving for count in counts):
            return False
    return desk.store.figures.expanded(jobs[0].wave.key, [job.deliverable.id for job in jobs], jobs[0].bundle)


def _refuse_untimely(desk: Desk, found: gate.Occasion, jobs: Sequence[Job]) -> None:
    now, wave = desk.clock.now(), found.wave
    fields = {**_named(found), "now": calendar.moment_words(now)}
    held = desk.store.ledger.held(wave.key)
    if held == "cancelled":
        raise Refused("wave-cancelled", fields)
    if held == "errors":
        raise Refused("wave-stopped", fields)
    if held:
        raise Refused("wave-held", fields)
    if now < wave.send_at:
        raise Refused("too-early", {**fields, "send_at": calendar.moment_words(wave.send_at)})
    if calendar.is_past(wave, now):
        left = sum(desk.store.figures.waiting(job.wave.key, job.deliverable.id, job.bundle)[0] for job in jobs)
        raise Refused("too-late", {**fields, "closes_at": calendar.moment_words(wave.closes_at), "left": left})


def _named(found: gate.Occasion) -> dict[str, object]:
    return {"wave": found.wave.key, "campaign": found.campaign.id, "id": found.wave.id}


# --- holding, afterwards ----------------------------------------------------------------------------------------------


async def receipts(desk: Desk) -> int:
    """Fetches what the networks say, and tells people who want nothing more that they were heard.

    Returns how many rows moved.
    """
    try:
        return await sms_receipts.collect(desk)
    finally:  # a lane that is down keeps nobody on another from being answered
        await replies.confirm(desk)


@dataclass(frozen=True)
class Held:
    """What a hold did: `stopped` rows will not go out, `out` have gone and cannot be called back."""

    wave: str
    stopped: int
    out: int
    words: Words


def hold(desk: Desk, found: gate.Occasion, kind: str, by: str, reason: str = "") -> Held:
    """Pauses (`paused`), resumes (empty) or cancels (`cancelled`) a wave, for a `reason` that is kept.

    A cancelled wave cannot go on.
    """
    now, wave = desk.clock.now(), found.wave.key
    if kind != "cancelled" and desk.store.ledger.held(wave) == "cancelled":
        raise Refused("wave-cancelled", _named(found))
    stopped = 0
    if kind == "cancelled":
        # for good, so only what somebody has prepared: next year's wave has the same short name
        if not desk.store.reviews.of_wave(wave):
            raise Refused("review-none", _named(found))
        stopped = desk.store.ledger.cancel(wave, by, now)
    else:
        desk.store.ledger.hold(wave, kind, by, now)
    detail = {"stopped": stopped, "reason": reason.strip()}
    desk.store.audit.note(by, f"wave-{kind or 'resumed'}", wave, detail, now)
    counts = desk.store.figures.counts(wave)
    out = sum(gone_out(desk, job) for job in found.jobs)
    left = sum(count.rows for count in counts if count.state is RowState.PLANNED)
    return Held(wave, stopped, out, words(f"hold-{kind or 'resumed'}", {"out": out, "left": left, "stopped": stopped}))


def resolve(desk: Desk, row: str, outcome: str, by: str, reason: str) -> None:
    """An officer settles one row in doubt, on grounds that are kept.

    `outcome` is delivered, undelivered, cancelled, or resend (planned again). Raises `Refused` where the row is not in
    doubt or no reason is given.
    """
    if not reason.strip():
        raise Refused("reason-missing")
    state = RowState.PLANNED if outcome == "resend" else RowState(outcome)
    now = desk.clock.now()
    of = next((item.wave for item in desk.store.figures.in_doubt() if item.id == row), "")
    if outcome == "resend" and desk.store.ledger.held(of) == "cancelled":
        raise Refused("wave-cancelled", {"wave": of})
    if not desk.store.ledger.settle([Change(row, state, "officer", raw=reason.strip()[:200])], now):
        raise Refused("row-not-in-doubt", {"row": row})
    desk.store.audit.note(by, f"row-{outcome}", row, {"reason": reason.strip()}, now)
