"""The loudspeaker channel: bulletins for the communes' radio stations (truyền thanh cơ sở).

`prepare` makes one bulletin a language, the same for every commune; `release` lays the broadcast package where the
communes fetch it. What was really broadcast is known only from the air log that comes back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from loa import handover
from loa.channel import Desk, Job
from loa.loudspeaker.package import LevelName
from loa.model.artefact import Artefact, digest
from loa.model.campaign import Deliverable, HourMinute, Localised, Places
from loa.model.clock import VIETNAM
from loa.model.errors import ContentError, Mistake, Where
from loa.model.finding import Finding
from loa.text.context import PER_COMMUNE, values
from loa.text.lint import rules_for
from loa.text.render import Rendered, Templates

if TYPE_CHECKING:
    from loa.loudspeaker.bulletin import Bulletin, Titles
    from loa.loudspeaker.lexicon import Lexicon
    from loa.loudspeaker.script import Script
    from loa.loudspeaker.speech.cache import SentenceCache
    from loa.loudspeaker.speech.engine import Engine
    from loa.loudspeaker.voice import Spoken
    from loa.model.settings import SpeechSettings

    EngineFactory = Callable[[SpeechSettings, SentenceCache], tuple[Engine, ...]]

KIND = "loudspeaker"
OFFLINE = "LOA_OFFLINE"
"""Set in the environment: engines that send the text elsewhere are not asked."""


class LoudspeakerDeliverable(Deliverable):
    """A bulletin as an officer orders it."""

    channel: Literal["loudspeaker"]
    places: Places
    level: LevelName = "thong-thuong"
    seconds: int = Field(default=75, ge=15, le=600, description="how long it should be, chime included")
    valid_days: int = Field(default=1, ge=1, le=31, description="days it may be broadcast, from the wave's own day on")
    slots: tuple[HourMinute, ...] = Field(default=(), max_length=6, description="hours; none: the commune's own")

    @property
    def whereto(self) -> Places:
        return self.places


class LoudspeakerChannel(handover.ByPackage):
    """See `loa.channel.Channel`."""

    name = "loudspeaker"
    title = Localised(vi="Truyền thanh cơ sở", en="Village loudspeakers")
    deliverable: type[Deliverable] = LoudspeakerDeliverable

    def __init__(self, engines: EngineFactory | None = None) -> None:
        """`engines` makes the voices of one run from the workspace's settings; by default those of the catalogue."""
        self._engines = engines

    def lint(self, job: Job, desk: Desk) -> tuple[Finding, ...]:
        """Renders the script of each language, turns it into what is read aloud, and looks at both."""
        from loa.loudspeaker.checks import word_findings

        rules = rules_for(job.campaign, desk.workspace.settings.links.allowed_hosts, job.deliverable.topic)
        found: list[Finding] = []
        for language in job.deliverable.languages:
            words = _words(job, desk, language)
            subject = f"{job.subject} [{language}]"
            found += word_findings(language, words.script.printed, words.spoken.printed, subject, rules)
        return tuple(found)

    def prepare(self, job: Job, desk: Desk) -> tuple[Artefact, ...]:
        """Script, spoken words and MP3 of each language.

        A piece that was made stays as it is: the recipe names the engines that may speak, not the one that could be
        reached. To replace a draft, take `espeak` out of `speech.engines` in loa.toml and prepare again.
        """
        from loa.loudspeaker.speech.cache import StoreCache
        from loa.loudspeaker.speech.catalogue import engines_for

        ordered = _ordered(job)
        # one set for all languages: an engine that fails is not asked again in this run
        factory = self._engines or engines_for
        engines = factory(desk.workspace.settings.speech, StoreCache(desk.store.artefacts))
        return tuple(artefact for language in ordered.languages for artefact in _prepared(job, desk, language, engines))

    def check(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> tuple[Finding, ...]:
        from loa.loudspeaker.checks import Made, check
        from loa.loudspeaker.master import Profile
        from loa.loudspeaker.speech.engine import Fit

        ordered = _ordered(job)
        rules = rules_for(job.campaign, desk.workspace.settings.links.allowed_hosts, ordered.topic)
        found: list[Finding] = []
        for language in ordered.languages:
            by_role = {artefact.role: artefact for artefact in artefacts if artefact.language == language}
            if not {"script", "spoken", "audio"} <= by_role.keys():
                found.append(Finding("bulletin-missing", job.subject, {"language": language}))
                continue
            read = {role: desk.store.artefacts.read(artefact) for role, artefact in by_role.items()}
            told = by_role["audio"].provenance
            made = Made(
                language,
                read["script"].decode("utf-8-sig"),
                read["spoken"].decode("utf-8-sig"),
                read["audio"],
                Fit(told["fit"]),
                told["engine"],
            )
            subject = f"{job.subject}/{by_role['audio'].name}"
            found += check(made, subject, ordered.seconds, rules, Profile())
        return tuple(found)

    def places(self, job: Job) -> Places:
        return _ordered(job).places

    def package(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> Mapping[str, bytes]:
        return package_files(job, desk, artefacts)


def package_files(job: Job, desk: Desk, artefacts: Sequence[Artefact]) -> Mapping[str, bytes]:
    """The broadcast package of a deliverable: file name -> bytes."""
    from loa.loudspeaker.package import Order, build

    ordered = _ordered(job)
    start = job.wave.send_at.astimezone(VIETNAM)
    last_day = start.date() + timedelta(days=ordered.valid_days - 1)
    order = Order(
        id=f"{job.wave.slug}-{ordered.id}",
        title=Localised(vi=_title(job, "vi"), en=_title(job, "en")),
        campaign=job.campaign.title,
        issuer=job.campaign.issuer,
        plan=job.plan.number,
        clauses=ordered.clauses,
        level=ordered.level,
        valid_from=start,
        valid_to=datetime.combine(last_day, time(23, 59), tzinfo=VIETNAM),
        communes=handover.communes_for(job, ordered.places, desk),
        slots=ordered.slots,
    )
    return build(order, [(artefact, desk.store.artefacts.read(artefact)) for artefact in artefacts])


def _ordered(job: Job) -> LoudspeakerDeliverable:
    if not isinstance(job.deliverable, LoudspeakerDeliverable):
        raise TypeError(f"{job.subject} is not a loudspeaker deliverable")
    return job.deliverable


@dataclass(frozen=True, slots=True)
class _Words:
    """A bulletin in one language before it is spoken, and the files it came from."""

    script: Script
    spoken: Spoken
    rendered: Rendered
    lexicon: Lexicon


def _words(job: Job, desk: Desk, language: str) -> _Words:
    """Raises `ContentError` for a script that is not whole or cannot be read, `Unsupported` for the language."""
    from loa.loudspeaker.lexicon import read_lexicon
    from loa.loudspeaker.script import parse
    from loa.loudspeaker.speakable import require_rules
    from loa.loudspeaker.voice import to_speech

    require_rules(language)
    workspace = desk.workspace
    rendered = _rendered(job, desk, language)
    lexicon = read_lexicon(workspace.assets, language, workspace.name_of).with_hotline(job.campaign.hotline)
    try:
        script = parse(rendered.text, language, rendered.path)
        return _Words(script, to_speech(script, lexicon), rendered, lexicon)
    except ContentError as error:
        source, _ = Templates(workspace.templates).source(KIND, job.deliverable.template, language)
        raise ContentError([_in_template(mistake, source) for mistake in error.mistakes]) from None


def _in_template(mistake: Mistake, source: str) -> Mistake:
    """A mistake in a rendered text, at its line in the template; at none where a placeholder brought it."""
    said = str(mistake.fields.get("token") or mistake.fields.get("heading") or "")
    lines = [number for number, line in enumerate(source.splitlines(), 1) if said and said in line]
    return replace(mistake, where=Where(mistake.where.file, lines[0] if lines else None))


def _prepared(job: Job, desk: Desk, language: str, engines: Sequence[Engine]) -> tuple[Artefact, ...]:
    """One language: found made already, or made."""
    from loa.loudspeaker import master
    from loa.loudspeaker.bulletin import make, read_chime

    kept = desk.store.artefacts
    words = _words(job, desk, language)
    chime, chime_bytes = read_chime(desk.workspace.assets, desk.workspace.name_of)
    titles = _titles(job, language)
    recipe = digest(
        {
            "made": "bulletin",
            "script": words.script.printed,
            "spoken": words.spoken.printed,
            "engines": [[engine.name, engine.version] for engine in engines],
            "mastering": master.recipe(master.Profile()),
            "chime": hashlib.sha256(chime_bytes).hexdigest(),
            "titles": [titles.title, titles.issuer, titles.campaign, titles.note],
            "template": words.rendered.sha256,
            "lexicon": words.lexicon.sha256,
        }
    )
    made = kept.recall(recipe)
    if made is None:
        bulletin = make(words.spoken, engines, chime, titles, online=not desk.environ.get(OFFLINE))
        made = _stored(desk, bulletin, words)
        kept.remember(recipe, made)
    return made


def _rendered(job: Job, desk: Desk, language: str) -> Rendered:
    """The words. Raises `ContentError` for a template with a placeholder that differs from commune to commune."""
    workspace = desk.workspace
    templates = Templates(workspace.templates, workspace.name_of)
    template = job.deliverable.template
    own = sorted(templates.placeholders(KIND, template, language) & PER_COMMUNE)
    if own:
        path = workspace.name_of(templates.path(KIND, template, language))
        raise ContentError.at("bulletin-per-commune", path, name=", ".join(own))
    return templates.render(KIND, template, language, "j2", values(job.campaign, job.wave, language))


def _titles(job: Job, language: str) -> Titles:
    from loa.loudspeaker.bulletin import Titles

    day = job.wave.send_at.astimezone(VIETNAM)
    return Titles(
        title=_title(job, language),
        issuer=job.campaign.issuer.get(language),
        campaign=job.campaign.title.get(language),
        note=f"{job.campaign.id}; {job.wave.title.get(language)}; {day:%d/%m/%Y}",
    )


def _title(job: Job, language: str) -> str:
    return f"{job.deliverable.title.get(language)} - {job.wave.title.get(language)}"


def _stored(desk: Desk, bulletin: Bulletin, words: _Words) -> tuple[Artefact, ...]:
    """Script, spoken words and sound, each with what it was made from."""
    from loa.loudspeaker.package import audio_name, script_name, spoken_name
    from loa.loudspeaker.speech.engine import Fit

    language = bulletin.spoken.language
    sources = {
        "template": words.rendered.path,
        "template_sha256": words.rendered.sha256,
        "lexicon_sha256": words.lexicon.sha256,
    }

    def text(role: str, name: str, content: str) -> Artefact:
        # with the mark and the line ends that Notepad knows: clerks open these
        data = content.replace("\n", "\r\n").encode("utf-8-sig")
        return desk.store.artefacts.put(
            data, name=name, media_type="text/plain", role=role, language=language, provenance=sources
        )

    sound = desk.store.artefacts.put(
        bulletin.mastered.mp3,
        name=audio_name(language, draft=bulletin.fit is Fit.DRAFT),
        media_type="audio/mpeg",
        role="audio",
        language=language,
        provenance={**sources, **_sound_facts(bulletin)},
    )
    return (
        text("script", script_name(language), words.script.printed),
        text("spoken", spoken_name(language), bulletin.spoken.printed),
        sound,
    )


def _sound_facts(bulletin: Bulletin) -> dict[str, str]:
    from loa.loudspeaker.master import Profile

    engine, measured = bulletin.voiced.engine, bulletin.mastered.measured
    return {
        "engine": engine.name,
        "engine_version": engine.version,
        "fit": engine.fit.value,
        "passed_over": ", ".join(f"{name}: {code}" for name, code in bulletin.voiced.passed_over),
        "profile": Profile().name,
        "loudness": f"{measured.loudness:.2f}",
        "peak": f"{measured.peak:.2f}",
        "seconds": f"{measured.seconds:.1f}",
        "passes": str(bulletin.mastered.passes),
    }
