"""The poster channel: áp phích in print, for designers and for screens.

`prepare` makes one piece a format and language, the same for every commune; `release` lays the package where the
communes and printing houses fetch it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field

from loa import handover
from loa.channel import Desk, Job
from loa.model.artefact import Artefact
from loa.model.campaign import Deliverable, Localised, Places, Slug
from loa.model.finding import Finding

if TYPE_CHECKING:
    from loa.poster.order import Order
    from loa.poster.render import Pieces

NO_WORDS = "zxx"  # BCP 47 for what is in no language: font files


def _unique(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise ValueError("mỗi giá trị một lần / each value once")
    return values


class PosterDeliverable(Deliverable):
    """A poster as an officer orders it."""

    channel: Literal["poster"]
    formats: Annotated[tuple[Slug, ...], Field(min_length=1, max_length=40), AfterValidator(_unique)]
    places: Places
    theme: Slug

    @property
    def whereto(self) -> Places:
        return self.places


class PosterChannel(handover.ByPackage):
    """See `loa.channel.Channel`."""

    name = "poster"
    title = Localised(vi="Áp phích", en="Posters")
    deliverable: type[Deliverable] = PosterDeliverable

    def lint(self, job: Job, desk: Desk) -> tuple[Finding, ...]:
        """Reads every piece of the job - its tree, theme and copy - and looks at the words of each language."""
        from loa.text.lint import lint, rules_for

        rules = rules_for(job.campaign, desk.workspace.settings.links.allowed_hosts, job.deliverable.topic)
        words: dict[str, str] = {}
        for piece in _orders(job, desk):
            words[piece.copy.language] = "\n".join([*piece.copy.words.values(), *piece.copy.links.values()])
        return tuple(
            found for language, text in words.items() for found in lint(text, f"{job.subject} [{language}]", rules)
        )

    def prepare(self, job: Job, desk: Desk) -> tuple[Artefact, ...]:
        """Print PDF, deck, picture and record of each language and format, and the font files they use."""
        orders = tuple(_orders(job, desk))
        made = tuple(artefact for ordered in orders for artefact in _prepared(ordered, job, desk))
        return (*made, *_fonts(orders, desk))

    def check(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> tuple[Finding, ...]:
        """The findings of every piece, on the bytes that were made."""
        from loa.poster.checks import check_files
        from loa.text.lint import rules_for

        ordered = _ordered(job)
        rules = rules_for(job.campaign, desk.workspace.settings.links.allowed_hosts, ordered.topic)
        read = desk.store.artefacts.read
        found: list[Finding] = []
        for language in ordered.languages:
            for form in ordered.formats:
                name = f"{ordered.template.replace('/', '-')}-{form}-{language}"
                by_role = {item.role: item for item in artefacts if item.provenance.get("piece") == name}
                subject = f"{job.subject}/{name}"
                if not {"print", "design", "screen", "record"} <= by_role.keys():
                    found.append(Finding("poster-incomplete", subject))
                    continue
                kept: dict[str, Any] = json.loads(read(by_role["record"]))
                found += check_files(kept, read(by_role["print"]), read(by_role["screen"]), subject, rules)
        return tuple(found)

    def places(self, job: Job) -> Places:
        return _ordered(job).places

    def package(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> Mapping[str, bytes]:
        return package_files(job, desk, artefacts)


def package_files(job: Job, desk: Desk, artefacts: Sequence[Artefact]) -> Mapping[str, bytes]:
    """The package of a deliverable: file name -> bytes; the same for the same artefacts."""
    from loa.poster.package import Facts, build

    ordered = _ordered(job)
    facts = Facts(
        campaign=job.campaign.id,
        wave=job.wave.key,
        deliverable=ordered.id,
        title=ordered.title,
        issuer=job.campaign.issuer,
        plan=job.plan.number,
        clauses={clause: task.title for clause in ordered.clauses if (task := job.plan.task(clause))},
        languages=ordered.languages,
        formats=ordered.formats,
        theme=ordered.theme,
    )
    return build(facts, [(artefact, desk.store.artefacts.read(artefact)) for artefact in artefacts])


def _ordered(job: Job) -> PosterDeliverable:
    if not isinstance(job.deliverable, PosterDeliverable):
        raise TypeError(f"{job.subject} is not a poster deliverable")
    return job.deliverable


def _orders(job: Job, desk: Desk) -> Iterator[Order]:
    """Every piece of the job, read. All of them are read before the first is drawn: mistakes come first."""
    from loa.poster.order import take
    from loa.text.context import values

    ordered = _ordered(job)
    for language in ordered.languages:
        words = values(job.campaign, job.wave, language)
        for form in ordered.formats:
            yield take(desk.workspace, ordered.template, form, language, words, ordered.theme, _notes(job, form))


def _notes(job: Job, form: str) -> Mapping[str, str]:
    """What a designer reads under the slide: where the piece comes from. Vietnamese first, as on every page."""
    ordered = _ordered(job)
    return {
        "Chiến dịch / Campaign": f"{job.campaign.title.vi} ({job.wave.key})",
        "Kế hoạch / Plan": f"{job.plan.number}, nhiệm vụ / task {', '.join(ordered.clauses)}",
        "Cơ quan ban hành / Issuer": str(job.campaign.issuer),
        "Mẫu / Template": f"{ordered.template}, {form}, {ordered.theme}",
    }


def _prepared(ordered: Order, job: Job, desk: Desk) -> tuple[Artefact, ...]:
    """One piece: found made already, or made."""
    from loa.poster.render import make

    kept, recipe = desk.store.artefacts, ordered.recipe
    made = kept.recall(recipe)
    if made is None:
        made = _stored(make(ordered), ordered, job, desk)
        kept.remember(recipe, made)
    return made


def _stored(pieces: Pieces, ordered: Order, job: Job, desk: Desk) -> tuple[Artefact, ...]:
    from loa.poster import engines

    told = {
        "piece": pieces.name,
        "template": f"templates/poster/{ordered.template.name}",
        "template_sha256": ordered.template.sha256,
        "theme": ordered.theme_name,
        "format": ordered.format_name,
        "font": ordered.font.family,
        "plan": job.plan.number,
        "clauses": ", ".join(_ordered(job).clauses),
        "engines": ", ".join(f"{name} {version}" for name, version in engines.versions().items()),
    }
    office = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    files = (
        ("print", "pdf", "application/pdf", pieces.print_pdf),
        ("design", "pptx", office, pieces.design_pptx),
        ("screen", "png", "image/png", pieces.screen_png),
        ("record", "json", "application/json", pieces.record),
    )
    return tuple(
        desk.store.artefacts.put(
            data,
            name=f"{pieces.name}.{suffix}",
            media_type=media_type,
            role=role,
            language=ordered.copy.language,
            provenance=told,
        )
        for role, suffix, media_type, data in files
    )


def _fonts(orders: Sequence[Order], desk: Desk) -> tuple[Artefact, ...]:
    """The font files with their licence: a deck opened without them is another deck."""
    files: dict[str, tuple[bytes, str, str]] = {}
    for font in {ordered.font.family: ordered.font for ordered in orders}.values():
        for weight, data in font.files.items():
            files[font.names[weight]] = (data, "font/ttf", font.family)
        files[f"{font.folder.name}-{font.licence_name}"] = (font.licence, "text/plain", font.family)
    return tuple(
        desk.store.artefacts.put(
            data, name=name, media_type=media_type, role="font", language=NO_WORDS, provenance={"family": family}
        )
        for name, (data, media_type, family) in files.items()
    )
