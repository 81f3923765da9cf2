"""The texts of a deliverable: one for each distinct context, rendered once, not once a person."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from loa.channel import Desk, Job
from loa.model.artefact import Artefact, canonical
from loa.model.audience import AudienceInfo, Recipient
from loa.model.errors import ContentError, Refused
from loa.sms.deliverable import SmsDeliverable
from loa.sms.parts import split
from loa.text.context import PER_COMMUNE, values
from loa.text.normal import unaccent
from loa.text.render import Templates

KIND = "sms"


@dataclass(frozen=True, slots=True)
class Body:
    """One text as it is sent. `accented` is what an approver compares it with; `key` names it in the ledger."""

    key: str
    language: str
    commune: str
    text: str
    accented: str
    parts: int
    units: int
    left: int
    alphabet: str
    recipients: int


@dataclass(frozen=True, slots=True)
class Bodies:
    """All texts of one deliverable, and which of them a recipient gets."""

    texts: tuple[Body, ...]
    per_commune: frozenset[str]
    languages: tuple[str, ...]

    def context(self, recipient: Recipient) -> tuple[str, str]:
        """(language, commune): what decides a recipient's text."""
        language = recipient.language if recipient.language in self.languages else self.languages[0]
        return language, recipient.commune if language in self.per_commune else ""

    def by_context(self) -> Mapping[tuple[str, str], Body]:
        return {(body.language, body.commune): body for body in self.texts}

    def by_key(self) -> Mapping[str, Body]:
        return {body.key: body for body in self.texts}

    def to_bytes(self) -> bytes:
        return canonical(
            {
                "texts": [asdict(body) for body in self.texts],
                "per_commune": sorted(self.per_commune),
                "languages": list(self.languages),
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Bodies:
        made: Mapping[str, Any] = json.loads(data)
        return cls(
            tuple(Body(**body) for body in made["texts"]),
            frozenset(made["per_commune"]),
            tuple(made["languages"]),
        )


def audience_of(job: Job, desk: Desk) -> AudienceInfo:
    """The imported audience of a deliverable.

    Raises `ContentError` where it was never imported, `Refused` where another one was approved.
    """
    name = job.deliverable.audience_name or ""
    info = desk.store.audiences.find(name)
    if info is None:
        i = job.campaign.deliverables.index(job.deliverable)
        where = desk.workspace.line_of(job.campaign.id, ("deliverables", i, "audience"))
        known = ", ".join(desk.store.audiences.names()) or "-"
        raise ContentError.at("audience-missing", where.file, where.line, where.field, name=name, known=known)
    if job.people and info.sha256 != job.people:
        raise Refused("audience-not-approved", {"name": name, "wave": job.wave.key})
    return info


def addressed(job: Job, desk: Desk, info: AudienceInfo) -> Iterator[Recipient]:
    """The people of the audience that the deliverable is for."""
    groups = sms_of(job).groups
    for recipient in desk.store.audiences.people(info):
        if not groups or recipient.group in groups:
            yield recipient


def sms_of(job: Job) -> SmsDeliverable:
    if not isinstance(job.deliverable, SmsDeliverable):
        raise TypeError(f"{job.subject} is not an SMS deliverable")
    return job.deliverable


def compose(job: Job, desk: Desk, people: Iterable[Recipient]) -> tuple[Bodies, Mapping[str, str]]:
    """Renders one text for each distinct context. Returns them with the SHA-256 of each language's template."""
    templates = Templates(desk.workspace.templates, desk.workspace.name_of)
    item = sms_of(job)
    per_commune = frozenset(
        language for language in item.languages if templates.placeholders(KIND, item.template, language) & PER_COMMUNE
    )
    empty = Bodies((), per_commune, item.languages)
    counts: dict[tuple[str, str], int] = {
        (language, ""): 0 for language in item.languages if language not in per_commune
    }
    for recipient in people:
        context = empty.context(recipient)
        counts[context] = counts.get(context, 0) + 1
    made: list[Body] = []
    hashes: dict[str, str] = {}
    for (language, commune), recipients in sorted(counts.items()):
        place = desk.workspace.communes.get(commune)
        rendered = templates.render(
            KIND, item.template, language, "j2", values(job.campaign, job.wave, language, place)
        )
        hashes[language] = rendered.sha256
        made.append(_body(" ".join(rendered.text.split()), item.encoding, language, commune, recipients))
    return Bodies(tuple(made), per_commune, item.languages), hashes


def _body(accented: str, encoding: str, language: str, commune: str, recipients: int) -> Body:
    text = unaccent(accented) if encoding == "unaccented" else accented
    parts = split(text)
    return Body(
        key=hashlib.sha256(parts.text.encode()).hexdigest()[:16],
        language=language,
        commune=commune,
        text=parts.text,
        accented=accented,
        parts=parts.count,
        units=parts.units,
        left=parts.left,
        alphabet=parts.alphabet.value,
        recipients=recipients,
    )


def read(artefacts: Sequence[Artefact], desk: Desk) -> Bodies:
    """The texts back from the artefacts that were approved."""
    artefact = next(item for item in artefacts if item.role == "bodies")
    return Bodies.from_bytes(desk.store.artefacts.read(artefact))
