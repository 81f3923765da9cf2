"""The texts of a deliverable: one for each distinct context, rendered once, not once a person."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from loa.channel import Desk, Job
from loa.model.artefact import Artefact, canonical
from loa.model.audience import AudienceInfo, Recipient
from loa.model.errors import ContentError, Refused
from loa.sms.deliverable import SmsDeliverable
from loa.sms.parts import sendable, split
from loa.text.context import PER_COMMUNE, values
from loa.text.normal import unaccent
from loa.text.render import Templates

if TYPE_CHECKING:
    import polars as pl

KIND = "sms"

Context = tuple[str, str]
"""(language, commune): what decides a recipient's text; the commune is empty where the text does not name it."""

Counts = Mapping[Context, Mapping[str, int]]
"""How many recipients there are in each context, by operator."""


@dataclass(frozen=True, slots=True)
class Body:
    """One text as it is sent. `accented` is what an approver compares it with; `key` names it in the ledger.

    `operators` says how many of its recipients are on each (guessed) network.
    """

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
    operators: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bodies:
    """All texts of one deliverable, and which of them a recipient gets."""

    texts: tuple[Body, ...]
    per_commune: frozenset[str]
    languages: tuple[str, ...]

    def context(self, recipient: Recipient) -> Context:
        language = recipient.language if recipient.language in self.languages else self.languages[0]
        return language, recipient.commune if language in self.per_commune else ""

    def context_columns(self) -> tuple[pl.Expr, pl.Expr]:
        """`context` for a whole frame of people at once: the columns `language` and `commune` as it gives them."""
        import polars as pl

        known = pl.col("language").is_in(list(self.languages))
        language = pl.when(known).then(pl.col("language")).otherwise(pl.lit(self.languages[0]))
        named = language.is_in(sorted(self.per_commune))
        commune = pl.when(named).then(pl.col("commune")).otherwise(pl.lit(""))
        return language.alias("language"), commune.alias("commune")

    def counts(self) -> Counts:
        """How many recipients each text has, by operator."""
        return {(body.language, body.commune): body.operators for body in self.texts}

    def operators(self) -> tuple[str, ...]:
        """The (guessed) networks of all recipients."""
        return tuple(sorted({operator for body in self.texts for operator in body.operators}))

    def by_context(self) -> Mapping[Context, Body]:
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
        i = [item.id for item in job.campaign.deliverables].index(job.deliverable.id)
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


def is_sms(job: Job) -> bool:
    return isinstance(job.deliverable, SmsDeliverable)


def sms_of(job: Job) -> SmsDeliverable:
    if not isinstance(job.deliverable, SmsDeliverable):
        raise TypeError(f"{job.subject} is not an SMS deliverable")
    return job.deliverable


def blank(job: Job, desk: Desk) -> Bodies:
    """The languages of a deliverable and which of their texts name the commune; no texts yet.

    Raises `ContentError` for a template that is missing or broken.
    """
    templates, item = _templates(desk), sms_of(job)
    per_commune = frozenset(
        language for language in item.languages if templates.placeholders(KIND, item.template, language) & PER_COMMUNE
    )
    return Bodies((), per_commune, item.languages)


def count(job: Job, people: pl.DataFrame, shape: Bodies) -> Counts:
    """How many of the people (columns of `loa.store.audiences`) that the deliverable is for are in each context.

    `shape` says what a context is. The columns are counted as wholes: a province is millions of people and a few
    hundred contexts.
    """
    import polars as pl

    language, commune = shape.context_columns()
    groups = sms_of(job).groups
    lazy = people.lazy().filter(pl.col("group").is_in(list(groups))) if groups else people.lazy()
    found = lazy.select(language, commune, "operator").group_by("language", "commune", "operator").len().collect()
    counts: dict[Context, dict[str, int]] = {}
    for spoken, code, operator, number in found.sort("language", "commune", "operator").iter_rows():
        counts.setdefault((spoken, code), {})[operator] = number
    return counts


def compose(job: Job, desk: Desk, counts: Counts) -> tuple[Bodies, Mapping[str, str]]:
    """Renders one text for each context. Returns them with the SHA-256 of each language's template.

    A text that names no commune is made also where nobody gets it, so that an approver sees every language.
    """
    shape, templates = blank(job, desk), _templates(desk)
    item = sms_of(job)
    same_for_all: Counts = {(language, ""): {} for language in item.languages if language not in shape.per_commune}
    made: list[Body] = []
    hashes: dict[str, str] = {}
    for (language, commune), operators in sorted({**same_for_all, **counts}.items()):
        place = desk.workspace.communes.get(commune)
        rendered = templates.render(
            KIND, item.template, language, "j2", values(job.campaign, job.wave, language, place)
        )
        if not sendable(rendered.text):
            raise ContentError.at("text-not-sendable", rendered.path)
        hashes[language] = rendered.sha256
        made.append(body_of(" ".join(rendered.text.split()), item.encoding, (language, commune), operators))
    return Bodies(tuple(made), shape.per_commune, item.languages), hashes


def _templates(desk: Desk) -> Templates:
    return Templates(desk.workspace.templates, desk.workspace.name_of)


def body_of(accented: str, encoding: str, context: Context, operators: Mapping[str, int]) -> Body:
    """One text as it goes out; `encoding` is a deliverable's."""
    text = unaccent(accented) if encoding == "unaccented" else accented
    parts = split(text)
    return Body(
        key=hashlib.sha256(parts.text.encode()).hexdigest()[:16],
        language=context[0],
        commune=context[1],
        text=parts.text,
        accented=accented,
        parts=parts.count,
        units=parts.units,
        left=parts.left,
        alphabet=parts.alphabet.value,
        recipients=sum(operators.values()),
        operators=operators,
    )


def read(artefacts: Sequence[Artefact], desk: Desk) -> Bodies:
    """The texts back from the artefacts that were approved."""
    artefact = next(item for item in artefacts if item.role == "bodies")
    return Bodies.from_bytes(desk.store.artefacts.read(artefact))
