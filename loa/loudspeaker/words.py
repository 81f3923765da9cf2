"""The words of a bulletin in one language: for every commune alike, or for each its own.

A template that names the commune or its hotline has a text a commune; any other has one for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from loa.channel import Desk, Job
from loa.loudspeaker import station_list
from loa.loudspeaker.lexicon import Lexicon, read_lexicon
from loa.loudspeaker.order import ordered
from loa.loudspeaker.script import Script, parse
from loa.loudspeaker.speakable import RULES
from loa.loudspeaker.voice import Spoken, to_speech
from loa.model.errors import ContentError, Mistake, Where
from loa.model.places import Commune
from loa.text.context import PER_COMMUNE, values
from loa.text.lint import Rules, rules_for
from loa.text.render import Rendered, Templates

KIND = "loudspeaker"
DEFAULT_SECONDS = 120
_SECONDS = re.compile(r"\{#-?\s*seconds:\s*(\d{1,4})\s*-?#\}")


@dataclass(frozen=True, slots=True)
class Words:
    """A bulletin in one language before it is spoken, and the files it came from.

    `commune`: the only one it is for; none: for all. `translates`: there is no text in this language, so its reader
    puts the Vietnamese one over.
    """

    script: Script
    spoken: Spoken
    rendered: Rendered
    lexicon: Lexicon
    commune: Commune | None = None
    translates: bool = False


@dataclass(frozen=True, slots=True)
class Wording:
    """Where the words of one language of a job come from."""

    job: Job
    desk: Desk
    language: str
    source: str
    """The language of the template: that of the bulletin, or Vietnamese where there is none and a person reads."""

    @property
    def translates(self) -> bool:
        return self.source != self.language

    @property
    def templates(self) -> Templates:
        return Templates(self.desk.workspace.templates, self.desk.workspace.name_of)

    @property
    def communes(self) -> tuple[Commune, ...]:
        """The communes whose station broadcasts in this language."""
        known = self.desk.workspace.communes
        return tuple(
            known[station.commune]
            for station in station_list.of_job(self.job, self.desk)
            if self.language in station.languages
        )

    @property
    def varies(self) -> bool:
        """Whether each commune has a text of its own."""
        return bool(self.templates.placeholders(KIND, self.job.deliverable.template, self.source) & PER_COMMUNE)

    @property
    def seconds(self) -> int:
        """How long the whole should be: what the order says, else the first line of the template."""
        if (asked := ordered(self.job).seconds) is not None:
            return asked
        source, _ = self.templates.source(KIND, self.job.deliverable.template, self.source)
        found = _SECONDS.search(source)
        return int(found[1]) if found else DEFAULT_SECONDS

    def all(self) -> Iterator[Words]:
        """The words for every commune, or the one text that is for all.

        Raises `ContentError` for a script that is not whole or cannot be read, at its line in the template.
        """
        lexicon = self._lexicon()
        for commune in self.communes if self.varies else (None,):
            yield self._words(commune, lexicon)

    def for_commune(self, commune: Commune | None) -> Words:
        return self._words(commune if self.varies else None, self._lexicon())

    def rules(self, commune: Commune | None) -> Rules:
        """What the words for a commune are held against."""
        job, workspace = self.job, self.desk.workspace
        own = workspace.station(commune).hotline if commune else ""
        hosts = workspace.settings.links.allowed_hosts
        return rules_for(job.campaign, hosts, job.deliverable.topic, (own,) if own else ())

    def _lexicon(self) -> Lexicon:
        workspace, job = self.desk.workspace, self.job
        if self.source not in RULES:
            return Lexicon(self.source)
        return read_lexicon(workspace.assets, self.source, workspace.name_of).with_hotline(job.campaign.hotline)

    def _words(self, commune: Commune | None, lexicon: Lexicon) -> Words:
        job, template = self.job, self.job.deliverable.template
        hotline = job.campaign.hotline
        if commune is not None and (own := self.desk.workspace.station(commune).hotline):
            lexicon, hotline = lexicon.with_hotline(own), own
        told = values(job.campaign, job.wave, self.source, commune, local_hotline=hotline)
        rendered = self.templates.render(KIND, template, self.source, "j2", told)
        try:
            script = parse(rendered.text, self.source, rendered.path)
            spoken = to_speech(script, lexicon)
        except ContentError as error:
            source, _ = self.templates.source(KIND, template, self.source)
            raise ContentError([_in_template(mistake, source) for mistake in error.mistakes]) from None
        if self.translates:
            script, spoken = replace(script, language=self.language), replace(spoken, language=self.language)
        return Words(script, spoken, rendered, lexicon, commune, self.translates)


def wording(job: Job, desk: Desk, language: str) -> Wording:
    """Where the words of one language come from. Raises `ContentError` where there is no template to start from."""
    templates = Templates(desk.workspace.templates, desk.workspace.name_of)
    own = templates.path(KIND, job.deliverable.template, language).is_file()
    return Wording(job, desk, language, language if own or language in RULES else "vi")


def _in_template(mistake: Mistake, source: str) -> Mistake:
    """A mistake in a rendered text, at its line in the template; at none where a placeholder brought it."""
    said = str(mistake.fields.get("token") or mistake.fields.get("heading") or "")
    lines = [number for number, line in enumerate(source.splitlines(), 1) if said and said in line]
    return replace(mistake, where=Where(mistake.where.file, lines[0] if lines else None))
