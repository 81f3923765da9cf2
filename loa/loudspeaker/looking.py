"""Looks at what was made, as an approver would: every file is decoded and measured, once for the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loa.channel import Desk, Job
from loa.loudspeaker.checks import Made, folded, sound_findings, word_findings
from loa.loudspeaker.metering import measured
from loa.loudspeaker.order import ordered
from loa.loudspeaker.profile import read_profile
from loa.loudspeaker.recordings import findings_of, standing, words_of
from loa.loudspeaker.script import Part
from loa.loudspeaker.speakable import RULES
from loa.loudspeaker.speech.engine import Fit
from loa.loudspeaker.speech.recording import key_of
from loa.loudspeaker.words import Wording, wording
from loa.model.artefact import Artefact
from loa.model.finding import Finding
from loa.model.languages import language_words
from loa.store.recordings import Recording

_TEXTS = ("script", "spoken")


def look(job: Job, artefacts: Sequence[Artefact], desk: Desk) -> Iterator[Finding]:
    """Every finding on the bulletins of a job."""
    takes = desk.store.recordings.of(job.wave.key, job.deliverable.id)
    for language in job.deliverable.languages:
        of_language = [item for item in artefacts if item.language == language]
        yield from _language(wording(job, desk, language), of_language, takes)


def _language(wording: Wording, artefacts: Sequence[Artefact], takes: Sequence[Recording]) -> Iterator[Finding]:
    job, language = wording.job, wording.language
    communes = wording.communes
    if not communes:
        return  # no station broadcasts in it, which is a finding of its own
    if wording.translates:
        yield Finding("translation-missing", job.subject, {"language": language_words(language).vi})
    pieces: dict[str, dict[str, Artefact]] = {}
    for artefact in artefacts:
        pieces.setdefault(artefact.place, {})[artefact.role] = artefact
    wanted = [commune.code for commune in communes] if wording.varies else [""]
    names = {"": "", **{commune.code: commune.name for commune in communes}}
    unmade = [names[place] for place in wanted if not {*_TEXTS, "audio"} <= pieces.get(place, {}).keys()]
    if unmade:
        # a language that only people read waits for its recording; any other was not made
        code = "bulletin-missing" if language in RULES else "recording-missing"
        yield Finding(code, job.subject, {"language": language_words(language).vi, "count": len(unmade)})
    yield from findings_of(_in_use(wording, takes), language)
    yield from _unused(wording, takes, artefacts)
    whole = {place: pieces[place] for place in wanted if names[place] not in unmade}
    yield from folded((names[place], _words(wording, found)) for place, found in whole.items())
    yield from folded(((names[place], _sound(wording, found)) for place, found in whole.items()), by_code=True)


def _in_use(wording: Wording, takes: Sequence[Recording]) -> list[Recording]:
    """The takes of words that are still said: of one that is not heard any more there is nothing to decide."""
    told = [take for take in takes if take.language == wording.language and take.findings]
    if not told:
        return []
    said = {key_of(wording.language, words_of(words, part)) for words in wording.all() for part in (None, *Part)}
    return [take for take in told if take.key in said]


def _unused(wording: Wording, takes: Sequence[Recording], artefacts: Sequence[Artefact]) -> Iterator[Finding]:
    """Somebody recorded a part of it, and a machine reads it all the same: voices are never mixed."""
    machines = {item.provenance["engine"] for item in artefacts if item.role == "audio"} - {"recording"}
    if not machines or not any(take.language == wording.language for take in takes):
        return
    states = [row.state for row in standing(wording.job, wording.desk) if row.language == wording.language]
    missing = sum(state != "recorded" for state in states)
    if missing:
        fields = {"have": len(states) - missing, "missing": missing, "engine": ", ".join(sorted(machines))}
        language = language_words(wording.language).vi
        yield Finding("recording-unused", wording.job.subject, {"language": language, **fields})


def _words(wording: Wording, found: dict[str, Artefact]) -> Iterator[Finding]:
    job, desk = wording.job, wording.desk
    rules = wording.rules(desk.workspace.communes.get(found["script"].place))
    script, spoken = (desk.store.artefacts.read(found[role]).decode("utf-8-sig") for role in _TEXTS)
    yield from word_findings(wording.source, script, spoken, f"{job.subject} [{wording.language}]", rules)


def _sound(wording: Wording, found: dict[str, Artefact]) -> Iterator[Finding]:
    job, desk, audio = wording.job, wording.desk, found["audio"]
    profile = read_profile(desk.workspace.templates, ordered(job).profile, desk.workspace.name_of)
    told = audio.provenance
    made = Made(wording.language, "", "", measured(desk, audio), Fit(told["fit"]), told["engine"])
    yield from sound_findings(made, f"{job.subject}/{audio.name}", wording.seconds, profile)
