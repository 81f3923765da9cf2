"""The SMS channel: prepare texts, check them, send them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from loa.channel import Delivery, Desk, Job
from loa.model.artefact import Artefact
from loa.model.campaign import Deliverable, Localised
from loa.model.finding import Finding
from loa.model.ledger import Terms
from loa.sms import bodies as texts
from loa.sms.deliverable import SmsDeliverable
from loa.sms.planning import counted, planned
from loa.sms.prices import budget_of, prices_of


class SmsChannel:
    """Implements `loa.channel.Channel`."""

    name = "sms"
    title = Localised(vi="Tin nhắn SMS", en="SMS")
    deliverable: type[Deliverable] = SmsDeliverable

    def lint(self, job: Job, desk: Desk) -> tuple[Finding, ...]:
        """Reads the prices, and renders each language once, for nobody; as if in some commune, where it names one."""
        from loa.sms.checks import text_findings

        prices_of(job, desk)
        shape = texts.blank(job, desk)
        codes = [unit.code for unit in desk.workspace.communes_of(job.plan)] if shape.per_commune else []
        somewhere = codes[0] if codes else ""
        contexts = ((name, somewhere if name in shape.per_commune else "") for name in shape.languages)
        made, _ = texts.compose(job, desk, {context: {} for context in contexts})
        return tuple(text_findings(job, made, desk))

    def prepare(self, job: Job, desk: Desk) -> tuple[Artefact, ...]:
        """One artefact: all texts of the deliverable, with how many people get each.

        Texts are quick to make, so there is no recipe: the same texts are the same bytes.
        """
        info = texts.audience_of(job, desk)
        made, hashes = texts.compose(job, desk, counted(job, desk))
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
        """One row per recipient, each with its approved text. Done once for a bundle: later it costs nothing."""
        ledger, now = desk.store.ledger, desk.clock.now()
        if not desk.store.figures.to_expand(job.wave.key, job.deliverable.id, job.bundle):
            return 0
        added = ledger.expand_frames(job.key, job.bundle, planned(job, artefacts, desk), now)
        ledger.drop_left_over(job.key, job.bundle, now)
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
