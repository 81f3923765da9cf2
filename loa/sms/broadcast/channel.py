"""The channel of operators' own broadcasts: a request package for each operator, laid out for the office to send.

`prepare` makes all that the operators get, so an approver approves the very letter; `release` lays it in the outbox.
That the operators have sent anything is known only from their letters (`results.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from loa import handover
from loa.channel import Desk, Job
from loa.model.artefact import Artefact, canonical
from loa.model.campaign import Deliverable, Localised, Places
from loa.model.errors import ContentError
from loa.model.finding import Finding
from loa.model.ledger import PlannedRow
from loa.sms.broadcast.deliverable import OperatorPackageDeliverable
from loa.sms.broadcast.request import (
    Area,
    Region,
    Request,
    Text,
    Times,
    addressee,
    company,
    in_sentence,
    times,
)
from loa.sms.parts import sendable, split
from loa.store.broadcasts import CHANNEL
from loa.text.context import PER_COMMUNE, values
from loa.text.normal import slug, unaccent
from loa.text.render import Rendered, Templates

KIND = "sms"  # the templates are those of the SMS channel
DAILY = frozenset({"days_left", "send_day"})
"""Placeholders that are true on one day only."""


class OperatorPackageChannel(handover.ByPackage):
    """See `loa.channel.Channel`."""

    name = CHANNEL
    title = Localised(vi="Đề nghị nhà mạng nhắn tin", en="Operators' own broadcast")
    deliverable: type[Deliverable] = OperatorPackageDeliverable

    def lint(self, job: Job, desk: Desk) -> tuple[Finding, ...]:
        """Renders the text and looks at it."""
        from loa.sms.broadcast.checks import text_findings

        text, _ = text_of(job, desk)
        return tuple(text_findings(job, text, desk))

    def prepare(self, job: Job, desk: Desk) -> tuple[Artefact, ...]:
        """The text as it is approved, then each operator's letter, form and data.

        Quick to make, so there is no recipe: the same request is the same bytes. Where no place is named there is
        nothing to write a letter about; the checks say so.
        """
        text, rendered = text_of(job, desk)
        told = {"template": rendered.path, "template_sha256": rendered.sha256, "plan": job.plan.number}
        made = [_put(desk, "bodies", f"{job.deliverable.id}.json", "application/json", _bodies(text), told)]
        requests = requests_of(job, desk, text)
        return (*made, *_files(desk, requests, told)) if requests else tuple(made)

    def check(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> tuple[Finding, ...]:
        from loa.sms.broadcast.checks import check

        return tuple(check(job, artefacts, desk))

    def places(self, job: Job) -> Places:
        return ordered(job).places

    def planned(self, job: Job, artefacts: Sequence[Artefact], body: str, desk: Desk) -> tuple[PlannedRow, ...]:
        """One row per operator and area; its parts are those of one message."""
        parts, areas = approved_text(artefacts, desk).parts, region_of(job, desk).areas
        return tuple(
            PlannedRow(f"{operator}/{area.code}", operator, area.commune, "vi", body, parts)
            for operator in ordered(job).operators
            for area in areas
        )

    def package(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> Mapping[str, bytes]:
        """A folder for each operator, with the texts in every one of them, and the office's guide beside them."""
        read = desk.store.artefacts.read
        files = {item.name: read(item) for item in artefacts if item.role == "guide"}
        shared = [item for item in artefacts if item.role == "text"]
        for operator in ordered(job).operators:
            own = [item for item in artefacts if item.provenance.get("operator") == operator]
            files |= {f"{slug(operator)}/{item.name}": read(item) for item in (*own, *shared)}
        return files


def ordered(job: Job) -> OperatorPackageDeliverable:
    if not isinstance(job.deliverable, OperatorPackageDeliverable):
        raise TypeError(f"{job.subject} is not an operator-package deliverable")
    return job.deliverable


def times_of(job: Job) -> Times:
    return times(job.wave.send_at, ordered(job))


def text_of(job: Job, desk: Desk) -> tuple[Text, Rendered]:
    """The one text, as it is on the first day of the window.

    Raises `ContentError` for a template with a placeholder that is not the same for everybody and all days, or with
    half a character.
    """
    item, window = ordered(job), times_of(job)
    templates = Templates(desk.workspace.templates, desk.workspace.name_of)
    differing = PER_COMMUNE | (DAILY if window.days > 1 else frozenset())
    if own := sorted(templates.placeholders(KIND, item.template, "vi") & differing):
        path = desk.workspace.name_of(templates.path(KIND, item.template, "vi"))
        raise ContentError.at("broadcast-varies", path, name=", ".join(own))
    first_day = job.wave.model_copy(update={"send_at": window.start})
    rendered = templates.render(KIND, item.template, "vi", "j2", values(job.campaign, first_day, "vi"))
    if not sendable(rendered.text):
        raise ContentError.at("text-not-sendable", rendered.path)
    accented = " ".join(rendered.text.split())
    parts = split(unaccent(accented) if item.encoding == "unaccented" else accented)
    counted = parts.count, parts.units, parts.left
    return Text(parts.text, accented, item.encoding, parts.alphabet.value, *counted), rendered


def region_of(job: Job, desk: Desk) -> Region:
    """Where. Raises `ContentError` for a code that is not one of the plan's communes."""
    places = ordered(job).places
    communes = handover.communes_for(job, places, desk)
    provinces = {commune.province_code: in_sentence(commune.province) for commune in communes}
    if places == "all":
        areas = tuple(Area(code, name) for code, name in provinces.items())
    else:
        areas = tuple(Area(commune.code, commune.name, commune.code) for commune in communes)
    return Region(tuple(provinces.values()), areas, places == "all")


def requests_of(job: Job, desk: Desk, text: Text) -> tuple[Request, ...]:
    """One request for each operator; none where there is no place."""
    item, region = ordered(job), region_of(job, desk)
    if not region.areas:
        return ()
    return tuple(
        Request(
            id=f"{job.wave.slug}-{item.id}-{slug(operator)}",
            wave=job.wave.key,
            deliverable=item.id,
            operator=operator,
            addressee=addressee(operator, item, region.seat) or "…………",
            company=company(operator),
            issuer=job.campaign.issuer.vi,
            office=desk.workspace.settings.office.name,
            campaign=job.campaign.title,
            message_class=job.campaign.message_class.value,
            plan=job.plan,
            clauses=item.clauses,
            text=text,
            sender=item.sender,
            region=region,
            times=times_of(job),
            contact=item.contact,
            sign_as=item.sign_as,
        )
        for operator in item.operators
    )


def approved_text(artefacts: Sequence[Artefact], desk: Desk) -> Text:
    """The text back from the artefacts that were approved."""
    artefact = next(item for item in artefacts if item.role == "bodies")
    kept: dict[str, Any] = json.loads(desk.store.artefacts.read(artefact))["texts"][0]
    return Text(
        payload=kept["text"],
        accented=kept["accented"],
        encoding=kept["encoding"],
        alphabet=kept["alphabet"],
        parts=kept["parts"],
        units=kept["units"],
        left=kept["left"],
    )


def _bodies(text: Text) -> bytes:
    """As the SMS channel keeps its texts, so that a review shows both forms. Whom it reaches only operators know."""
    kept = {
        "language": "vi", "commune": "", "text": text.payload, "accented": text.accented, "encoding": text.encoding,
        "alphabet": text.alphabet, "parts": text.parts, "units": text.units, "left": text.left, "recipients": None,
    }  # fmt: skip
    return canonical({"texts": [kept]})


def _files(desk: Desk, requests: Sequence[Request], told: Mapping[str, str]) -> list[Artefact]:
    from loa.sms.broadcast.package import GUIDE, MEDIA, guide, own_files, texts

    made = [_put(desk, "guide", GUIDE, MEDIA["txt"], guide(requests), told)]
    made += [_put(desk, "text", name, MEDIA["txt"], data, told) for name, data in texts(requests[0]).items()]
    for request in requests:
        own = {**told, "operator": request.operator}
        for role, (name, data) in own_files(request).items():
            made.append(_put(desk, role, name, MEDIA[name.rpartition(".")[2]], data, own))
    return made


def _put(desk: Desk, role: str, name: str, media_type: str, data: bytes, told: Mapping[str, str]) -> Artefact:
    return desk.store.artefacts.put(data, name=name, media_type=media_type, role=role, language="vi", provenance=told)
