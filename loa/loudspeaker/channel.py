"""The loudspeaker channel: bulletins for the communes' radio stations (truyền thanh cơ sở).

`prepare` makes the bulletins of each language - one for all communes, or one for each where the words name the
commune; `release` lays a package for every commune in the outbox, and pushes it to the stations that can be reached.
What was really broadcast is known only from the air log that comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from loa import handover
from loa.channel import Desk, Job
from loa.loudspeaker import station_list
from loa.loudspeaker.order import LoudspeakerDeliverable, ordered
from loa.loudspeaker.words import wording
from loa.model.artefact import Artefact
from loa.model.campaign import Deliverable, Localised, Places
from loa.model.finding import Finding
from loa.model.ledger import PlannedRow

if TYPE_CHECKING:
    from loa.loudspeaker.package import Approval, Order
    from loa.loudspeaker.speech.catalogue import Needs
    from loa.loudspeaker.speech.engine import Engine
    from loa.loudspeaker.targets.base import Target
    from loa.model.places import Station

    TargetFactory = Callable[[str], Target]
    EngineFactory = Callable[[Needs], tuple[Engine, ...]]


class LoudspeakerChannel(handover.ByPackage):
    """See `loa.channel.Channel`."""

    name = "loudspeaker"
    title = Localised(vi="Truyền thanh cơ sở", en="Village loudspeakers")
    deliverable: type[Deliverable] = LoudspeakerDeliverable

    def __init__(self, engines: EngineFactory | None = None, targets: TargetFactory | None = None) -> None:
        """`engines` makes the voices of one run, `targets` what a target's name stands for; by default those of the
        catalogues."""
        self._engines = engines
        self._targets = targets

    def lint(self, job: Job, desk: Desk) -> tuple[Finding, ...]:
        """Renders the script of each language, turns it into what is read aloud, and looks at both."""
        from loa.loudspeaker.checks import folded, order_findings, word_findings

        found = [*order_findings(job, desk)]
        for language in job.deliverable.languages:
            source, subject = wording(job, desk, language), f"{job.subject} [{language}]"
            found += folded(
                (
                    words.commune.name if words.commune else "",
                    word_findings(
                        source.source, words.script.printed, words.spoken.printed, subject, source.rules(words.commune)
                    ),
                )
                for words in source.all()
            )
        return tuple(found)

    def prepare(self, job: Job, desk: Desk) -> tuple[Artefact, ...]:
        """Scripts, spoken words and sound of each language.

        A piece that was made stays as it is: to replace a draft, take `espeak` out of `speech.engines` in loa.toml and
        prepare again.
        """
        from loa.loudspeaker.making import made, workshop
        from loa.loudspeaker.recordings import StoreShelf
        from loa.loudspeaker.speech.cache import StoreCache
        from loa.loudspeaker.speech.catalogue import Needs, engines_for

        workspace, cache = desk.workspace, StoreCache(desk.store.artefacts)
        shelf = StoreShelf.of(job, desk)
        needs = Needs(workspace.settings.speech, cache, workspace.root, workspace.name_of, shelf=shelf)
        # one set for all languages: an engine that fails is not asked again in this run
        engines = (self._engines or engines_for)(needs)
        shop = workshop(job, desk, engines)
        return (
            station_list.kept(job, desk),
            *(piece for language in job.deliverable.languages for piece in made(shop, wording(job, desk, language))),
        )

    def check(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> tuple[Finding, ...]:
        from loa.loudspeaker.checks import order_findings
        from loa.loudspeaker.looking import look

        return (*order_findings(job, desk), *look(job, artefacts, desk))

    def places(self, job: Job) -> Places:
        return ordered(job).places

    def planned(self, job: Job, artefacts: Sequence[Artefact], body: str, desk: Desk) -> tuple[PlannedRow, ...]:
        """One row per commune whose station broadcasts in one of the languages that were made."""
        known = station_list.read(artefacts, desk)
        return tuple(
            row
            for row in handover.commune_rows(job, self.places(job), body, desk)
            if _own(artefacts, known[row.recipient])
        )

    def carrier(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> handover.Carrier:
        from loa.loudspeaker.pushing import Pusher

        approval = approval_of(job, desk)
        overrides = approval.overrides if approval else {}
        return Pusher(job, desk, station_list.read(artefacts, desk), self._targets, overrides)

    def own(self, job: Job, artefacts: Sequence[Artefact], desk: Desk, recipient: str) -> Mapping[str, bytes]:
        from loa.loudspeaker.package import parcel

        station = station_list.read(artefacts, desk)[recipient]
        files = [(item, desk.store.artefacts.read(item)) for item in _own(artefacts, station)]
        return parcel(order_for(job, desk, station), files)


def _own(artefacts: Sequence[Artefact], station: Station) -> list[Artefact]:
    """What one commune is given: its own pieces and those for all, in the languages of its station."""
    return [
        item
        for item in artefacts
        if item.language and item.place in {"", station.commune} and item.language in station.languages
    ]


def order_for(job: Job, desk: Desk, station: Station) -> Order:
    """What one commune's station is to broadcast."""
    from loa.loudspeaker.making import title_of
    from loa.loudspeaker.package import Order

    item = ordered(job)
    valid_from, valid_to = item.validity(job.wave.send_at)
    return Order(
        id=package_id(job),
        title=Localised(vi=title_of(job, "vi"), en=title_of(job, "en")),
        campaign=job.campaign.title,
        issuer=job.campaign.issuer,
        plan=job.plan.number,
        clauses=item.clauses,
        level=item.level,
        valid_from=valid_from,
        valid_to=valid_to,
        times=item.times,
        body_times=item.body_times,
        commune=desk.workspace.communes[station.commune],
        station=station,
        approval=approval_of(job, desk),
    )


def package_id(job: Job) -> str:
    """What a package is called in its manifest and on its air log."""
    return f"{job.wave.slug}-{job.deliverable.id}"


def approval_of(job: Job, desk: Desk) -> Approval | None:
    """Who approved what is going out; nobody before a release."""
    from loa.loudspeaker.package import Approval

    bundle = desk.store.reviews.numbered(job.bundle) if job.bundle else None
    if bundle is None or bundle.decided_at is None:
        return None
    return Approval(bundle.decided_by, bundle.decided_at, bundle.digest, dict(bundle.overrides or {}))
