"""The SMS channel: prepare texts, check them, send them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from loa.channel import Delivery, Desk, Job
from loa.model.artefact import Artefact
from loa.model.campaign import Deliverable, Localised
from loa.model.finding import Finding
from loa.model.ledger import PlannedRow, Terms
from loa.sms import bodies as texts
from loa.sms.deliverable import SmsDeliverable
from loa.sms.prices import budget_of, prices_of


class SmsChannel:
    """Implements `loa.channel.Channel`."""

    name = "sms"
    title = Localised(vi="Tin nhắn SMS", en="SMS")
    deliverable: type[Deliverable] = SmsDeliverable

    def lint(self, job: Job, desk: Desk) -> None:
        """Renders each language once, for nobody."""
        texts.compose(job, desk, {(language, ""): {} for language in job.deliverable.languages})

    def prepare(self, job: Job, desk: Desk) -> tuple[Artefact, ...]:
        """One artefact: all texts of the deliverable, with how many people get each.

        Texts are quick to make, so there is no recipe: the same texts are the same bytes.
        """
        info = texts.audience_of(job, desk)
        counts = texts.count(job, desk.store.audiences.frame(info), texts.blank(job, desk))
        made, hashes = texts.compose(job, desk, counts)
        provenance = {f"template-{language}": sha256 for language, sha256 in sorted(hashes.items())}
        provenance |= {"audience": info.name, "audience-sha256": info.sha256, "encoding": texts.sms_of(job).encoding}
        # nothing in the texts comes of the prices, but whoever approves the texts approves what they cost
        provenance["prices-sha256"] = prices_of(job, desk).digest
        artefact = desk.store.artefacts.put(
            made.to_bytes(),
            name=f"{job.deliverable.id}.json",
            media_type="application/json",
            role="bodies",
            language=",".join(job.deliverable.languages),
            provenance=provenance,
        )
        return (artefact,)

    def check(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> tuple[Finding, ...]:
        from loa.sms.checks import check

        return tuple(check(job, artefacts, desk))

    def expand(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> int:
        """One row per recipient, each with its approved text."""
        made = texts.read(artefacts, desk)
        by_context = made.by_context()
        info = texts.audience_of(job, desk)

        rows = (
            PlannedRow(person.phone, person.operator, person.commune, body.language, body.key, body.parts)
            for person in texts.addressed(job, desk, info)
            for body in (by_context[made.context(person)],)
        )
        now = desk.clock.now()
        added = desk.store.ledger.expand(job.key, job.bundle, rows, now)
        desk.store.ledger.drop_left_over(job.key, job.bundle, now)
        return added

    def delivery(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> AbstractAsyncContextManager[Delivery]:
        """The approved texts on the lanes of `loa.toml`."""
        from loa.sms.delivery import deliver
        from loa.sms.turn import Sending

        cap = desk.workspace.settings.sms.cap
        counts = desk.store.figures.counts(job.wave.key, job.deliverable.id)
        budget = budget_of(job, desk, {count.operator for count in counts if count.operator})
        terms = Terms(cap.messages, cap.hours, job.wave.closes_at, budget)
        made = texts.read(artefacts, desk).by_key()
        return deliver(Sending(job.key, job.bundle, made, job.wave.closes_at, terms), desk)

    async def settle(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> int:
        """Asks the gateways about the rows of this deliverable that are in doubt."""
        from loa.sms.receipts import settle

        return await settle(desk, job.wave.key, job.deliverable.id)
