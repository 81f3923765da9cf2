"""The SMS channel: prepare texts, check them, send them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from loa.channel import Desk, Job
from loa.model.artefact import Artefact
from loa.model.campaign import Deliverable, Localised
from loa.model.finding import Finding
from loa.model.ledger import PlannedRow, Progress
from loa.model.states import RowState
from loa.sms import bodies as texts
from loa.sms.deliverable import SmsDeliverable
from loa.sms.route import operators_of


class SmsChannel:
    """Implements `loa.channel.Channel`."""

    name = "sms"
    title = Localised(vi="Tin nhắn SMS", en="SMS")
    deliverable: type[Deliverable] = SmsDeliverable

    def lint(self, job: Job, desk: Desk) -> None:
        """Renders each language once, for nobody."""
        texts.compose(job, desk, ())

    def prepare(self, job: Job, desk: Desk) -> tuple[Artefact, ...]:
        """One artefact: all texts of the deliverable, with how many people get each.

        Texts are quick to make, so there is no recipe: the same texts are the same bytes.
        """
        info = texts.audience_of(job, desk)
        made, hashes = texts.compose(job, desk, texts.addressed(job, desk, info))
        provenance = {f"template-{language}": sha256 for language, sha256 in sorted(hashes.items())}
        provenance |= {"audience": info.name, "audience-sha256": info.sha256, "encoding": texts.sms_of(job).encoding}
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

    async def release(self, job: Job, artefacts: Sequence[Artefact], desk: Desk, limit: int) -> Progress:
        """Sends up to `limit` messages through each lane, all lanes at once."""
        from loa.sms.dispatch import dispatch

        made = texts.read(artefacts, desk).by_key()
        lanes = desk.workspace.settings.sms.lanes
        operators = sorted(
            {
                count.operator
                for count in desk.store.figures.counts(job.wave.key, job.deliverable.id)
                # rows that a dead process left in `sending` are put in doubt when their lane is taken
                if count.state in {RowState.PLANNED, RowState.SENDING}
            }
        )
        at_work = [(lane, serves) for lane in lanes if (serves := operators_of(lanes, lane, operators))]
        # side by side: a slow lane does not keep the networks of another waiting
        answers = await asyncio.gather(
            *(dispatch(job, lane, serves, made, desk, limit) for lane, serves in at_work), return_exceptions=True
        )
        for answer in answers:
            if isinstance(answer, BaseException):  # the others have done their part by now
                raise answer
        progress = [answer for answer in answers if isinstance(answer, Progress)]
        done = sum(item.done for item in progress)
        left, due = desk.store.figures.waiting(job.wave.key, job.deliverable.id, job.bundle)
        wait = max((item.wait_seconds for item in progress), default=0.0)
        if due is not None and not done:
            wait = max(wait, (due - desk.clock.now()).total_seconds())
        return Progress(done, left, wait, next((item.held for item in progress if item.held), ""))

    async def settle(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> int:
        """Asks the gateways about the rows of this deliverable that are in doubt."""
        from loa.sms.receipts import settle

        return await settle(desk, job.wave.key, job.deliverable.id)
