"""Reconciling: what is in doubt, what is missing, what has stood still for too long, what does not add up.

It settles what somebody can know, and lists the rest for a person. Safe to run at any time, and every night.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from loa import calendar, gate, pipeline
from loa.channel import Desk, Job
from loa.model.errors import ContentError, LoaError
from loa.model.ledger import Count
from loa.model.review import Decision
from loa.model.states import RowState
from loa.registry import CHANNELS
from loa.sms import bodies, gateways
from loa.sms import receipts as sms_receipts
from loa.store.figures import Orphans, Stuck

# how long a row may stand in a state before somebody should look
TOO_LONG = {
    RowState.SENDING: timedelta(minutes=10),  # a worker answers within seconds, and a dead one's rows go into doubt
    RowState.PLANNED: timedelta(hours=24),
    RowState.ACCEPTED: timedelta(hours=48),  # receipts come within the validity of a message, or not at all
}
BATCH = 20_000
FORGOTTEN = timedelta(days=90)  # a receipt that has found no row by then never will


@dataclass(frozen=True)
class Missing:
    """People of an approved deliverable who have no row in the ledger."""

    wave: str
    deliverable: str
    rows: int


@dataclass(frozen=True)
class Reconciled:
    """What reconciling did and found.

    `settled` rows, rows still `in_doubt`, counters that are `mismatched` with their rows (none, unless there is a bug),
    people `missing` from the ledger, rows `stuck` in a state, receipts of nobody (`orphans`), and lanes that have rows
    to settle but are no longer in `loa.toml` (`lanes_gone`): nobody fetches their receipts.
    """

    settled: int
    in_doubt: int
    mismatched: tuple[Count, ...]
    missing: tuple[Missing, ...] = ()
    stuck: tuple[Stuck, ...] = ()
    orphans: tuple[Orphans, ...] = ()
    lanes_gone: tuple[str, ...] = ()
    failed: tuple[LoaError, ...] = ()


async def reconcile(desk: Desk) -> Reconciled:
    """Settles what is in doubt with whoever can know, fetches receipts, and holds what is there against what should be.

    A lane that cannot be asked is in `failed`; all others have been.
    """
    failed: list[LoaError] = []
    settled = 0
    for work in (sms_receipts.settle, _settle_packages, pipeline.receipts):
        try:
            moved = await work(desk)
            settled += 0 if work is pipeline.receipts else moved
        except LoaError as error:  # what cannot be asked is no reason not to look at the rest
            failed.append(error)
    desk.store.ledger.forget_orphans(desk.clock.now() - FORGOTTEN)
    mismatched: list[Count] = []
    for wave in desk.store.figures.waves():
        kept = set(desk.store.figures.counts(wave))
        mismatched += sorted(kept ^ set(desk.store.figures.recounted(wave)), key=str)
    stuck = tuple(_stuck(desk))
    known = {lane.name for lane in desk.workspace.settings.sms.lanes}
    waiting = {found.lane for found in stuck} | {row.lane for row in desk.store.figures.in_doubt()}
    gone = sorted(lane for lane in waiting if lane and "/" not in lane and lane not in known)
    return Reconciled(
        settled=settled,
        in_doubt=len(desk.store.figures.in_doubt()),
        mismatched=tuple(mismatched),
        missing=tuple(_missing(desk)),
        stuck=stuck,
        orphans=desk.store.figures.orphans(),
        lanes_gone=tuple(gone),
        failed=tuple(failed),
    )


async def _settle_packages(desk: Desk) -> int:
    """Asks the other channels about their rows in doubt: they know their own outbox."""
    settled = 0
    for wave, deliverable in sorted({(row.wave, row.deliverable) for row in desk.store.figures.in_doubt()}):
        channel = CHANNELS[desk.store.figures.channel_of(wave, deliverable)]
        if channel.name == "sms":
            continue  # its gateways were asked already, all waves at once
        bundle = desk.store.reviews.of_wave(wave)[0]
        number = desk.store.reviews.number(bundle.digest)
        for job in _occasion(desk, wave).jobs:
            if job.deliverable.id == deliverable:
                # with the bundle's number: a package says who approved it
                approved = replace(job, bundle=number)
                settled += await channel.settle(approved, gate.artefacts_of(bundle, deliverable), desk)
    return settled


def _stuck(desk: Desk) -> Iterator[Stuck]:
    """Rows that have stood still for too long. A lane that never says what became of its messages keeps nobody up."""
    now = desk.clock.now()
    silent = {
        lane.name
        for lane in desk.workspace.settings.sms.lanes
        if lane.gateway in gateways.catalogue() and not gateways.limits_of(lane).gives_receipts
    }
    for found in desk.store.figures.stuck({state: now - after for state, after in TOO_LONG.items()}):
        package = desk.store.figures.channel_of(found.wave, found.deliverable) != "sms"
        if found.state is RowState.ACCEPTED and (package or found.lane in silent):
            continue
        yield found


def _missing(desk: Desk) -> Iterator[Missing]:
    """People who were approved and have no row, for waves that can still go out or have just been."""
    for wave in desk.store.figures.waves():
        try:
            found = _occasion(desk, wave)
        except ContentError:  # its file has gone, or it never had one
            continue
        bundles = desk.store.reviews.of_wave(wave)
        if not bundles or bundles[0].decision is not Decision.APPROVED:
            continue
        if calendar.is_past(found.wave, desk.clock.now() - timedelta(days=1)):
            continue
        number = desk.store.reviews.number(bundles[0].digest)
        for job in found.jobs:
            if bodies.is_sms(job) and desk.store.figures.expanded(wave, [job.deliverable.id], number):
                rows = _without_row(desk, job, gate.people_of(bundles[0], job.deliverable.id))
                if rows:
                    yield Missing(wave, job.deliverable.id, rows)


def _without_row(desk: Desk, job: Job, people: str) -> int:
    info = desk.store.audiences.find(job.deliverable.audience_name or "")
    if info is None or info.sha256 != people:
        return 0  # other people stand under that name by now: the approval has lapsed, and the release says so
    groups = bodies.sms_of(job).groups
    frame = desk.store.audiences.frame(info)
    if groups:
        frame = frame.filter(frame["group"].is_in(groups))
    batches = (part["phone"].to_list() for part in frame.select("phone").iter_slices(BATCH))
    return desk.store.figures.missing(job.wave.key, job.deliverable.id, batches)


def _occasion(desk: Desk, wave: str) -> gate.Occasion:
    campaign, year, wave_id = wave.split("/")
    return pipeline.occasion(desk, campaign, wave_id, int(year))
