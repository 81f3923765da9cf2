"""Bringing a person's recording in: looked at, tidied, and bound to the words that were read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from loa.channel import Desk, Job
from loa.loudspeaker.audio import Audio, from_wav, to_wav
from loa.loudspeaker.inspection import inspect_file, tidy
from loa.loudspeaker.script import Part, Passage
from loa.loudspeaker.sheet import part_name
from loa.loudspeaker.speakable import RULES
from loa.loudspeaker.speech.recording import key_of
from loa.loudspeaker.words import Wording, Words, wording
from loa.model.artefact import digest
from loa.model.errors import ContentError, Mistake, Where
from loa.model.finding import Finding
from loa.model.languages import language_words, languages
from loa.model.places import Commune
from loa.store.recordings import Recording
from loa.text.normal import slug

if TYPE_CHECKING:
    from loa.loudspeaker.listening import Listener


@dataclass(frozen=True)
class StoreShelf:
    """The recordings of one deliverable of one wave, as they lie in the store. Implements `Shelf`."""

    desk: Desk
    takes: tuple[Recording, ...]

    @classmethod
    def of(cls, job: Job, desk: Desk) -> StoreShelf:
        return cls(desk, desk.store.recordings.of(job.wave.key, job.deliverable.id))

    @property
    def languages(self) -> frozenset[str]:
        return frozenset(take.language for take in self.takes)

    @property
    def version(self) -> str:
        return digest(sorted([take.key, take.sound.sha256] for take in self.takes))[:12]

    def find(self, key: str) -> Audio | None:
        for take in self.takes:
            if take.key == key:
                return from_wav(self.desk.store.artefacts.read(take.sound))
        return None


@dataclass(frozen=True, slots=True)
class Brought:
    """A recording as somebody brings it. No `part`: the whole script; no `commune`: the words are the same for all."""

    data: bytes
    name: str
    language: str
    part: Part | None = None
    commune: Commune | None = None


def add(job: Job, desk: Desk, brought: Brought, by: str, listener: Listener | None = None) -> tuple[Finding, ...]:
    """Looks at a recording and puts it away. Returns what an approver will see of it.

    Raises `ContentError` for a language the bulletin does not have or another one than the file's name says, for words
    that differ from commune to commune where none is named, and for a file that nothing can be made of. `listener`
    hears whether somebody reads Vietnamese where another language was asked for, or other words.
    """
    source = _source(job, desk, brought)
    words = _words(source, brought)
    text = words_of(words, brought.part)
    subject = f"{job.subject} [{brought.language}] {part_name(brought.part) if brought.part else 'toàn bài'}"
    seen = inspect_file(brought.data, text, brought.language, subject)
    findings = [*seen.findings, *_heard(seen.sound, words, source, brought, subject, listener)]
    hopeless = [finding for finding in findings if finding.blocks and not finding.overridable]
    if seen.sound is None or hopeless:
        raise ContentError([_as_mistake(finding, brought.name) for finding in hopeless])
    put = desk.store.artefacts.put
    sound = put(
        to_wav(tidy(seen.sound)), name=f"{slug(subject)}.wav", media_type="audio/wav", role="recording",
        language=brought.language,
    )  # fmt: skip
    original = put(
        brought.data, name=slug(brought.name), media_type="application/octet-stream", role="original",
        language=brought.language,
    )  # fmt: skip
    desk.store.recordings.add(
        Recording(
            key=key_of(brought.language, text),
            wave=job.wave.key,
            deliverable=job.deliverable.id,
            language=brought.language,
            commune=brought.commune.code if brought.commune else "",
            part=part_name(brought.part) if brought.part else "",
            sound=sound,
            original=original,
            findings=[{"code": item.code, "subject": item.subject, "fields": _plain(item)} for item in findings],
            by=by,
            at=desk.clock.now(),
        )
    )
    return tuple(findings)


def words_of(words: Words, part: Part | None) -> str:
    """The words of one part, or of the whole, as a voice is asked for them."""
    return _passages(words.spoken.passages, part)


def _passages(passages: Sequence[Passage], part: Part | None) -> str:
    wanted = [item for item in passages if part is None or item.part is part]
    return "\n\n".join(paragraph for passage in wanted for paragraph in passage.paragraphs)


def findings_of(takes: Sequence[Recording], language: str) -> tuple[Finding, ...]:
    """What was found on the recordings of a language when they were brought."""
    return tuple(
        Finding(item["code"], item["subject"], item["fields"])
        for take in takes
        if take.language == language
        for item in take.findings
    )


def _source(job: Job, desk: Desk, brought: Brought) -> Wording:
    if brought.language not in job.deliverable.languages:
        known = ", ".join(job.deliverable.languages)
        raise ContentError.at("recording-not-asked", brought.name, name=brought.language, known=known)
    named = {tag for tag, names in languages().items() if slug(names.vi) in slug(brought.name)}
    if named and brought.language.partition("-")[0] not in named:
        other = language_words(next(iter(sorted(named))))
        asked = language_words(brought.language)
        raise ContentError.at("recording-other-language", brought.name, other=other, asked=asked)
    return wording(job, desk, brought.language)


def _words(source: Wording, brought: Brought) -> Words:
    """The words that were read: those of the commune, or those that are the same for all."""
    if brought.commune is not None or not source.varies:
        return source.for_commune(brought.commune)
    everyones = list(source.all())
    texts = {words_of(words, brought.part) for words in everyones}
    if len(texts) > 1:
        raise ContentError.at("recording-per-commune", brought.name, count=len(texts))
    if not everyones:
        asked = language_words(brought.language)
        raise ContentError.at("recording-nobody", brought.name, language=asked)
    return everyones[0]


def _heard(
    sound: Audio | None, words: Words, source: Wording, brought: Brought, subject: str, listener: Listener | None
) -> list[Finding]:
    """What a recogniser says: other words than the script's, or Vietnamese in another language's place."""
    from loa.loudspeaker.listening import findings, listen, other_language, sounds_like

    if listener is None or sound is None:
        return []
    if brought.language in listener.languages:
        script, spoken = (_passages(said, brought.part) for said in (words.script.passages, words.spoken.passages))
        hearing = listen(sound, script, spoken, brought.language, words.lexicon, listener)
        if not sounds_like(hearing.transcript, spoken):
            return [Finding("recording-other-words", subject, {"share": round(100 * hearing.word_error)})]
        return list(findings(hearing, subject))
    vietnamese = replace(source, language="vi", source="vi").for_commune(brought.commune)
    told = words_of(vietnamese, brought.part)
    return list(other_language(sound, told, brought.language, listener, subject))


def _as_mistake(finding: Finding, name: str) -> Mistake:
    return Mistake(finding.code, Where(name), finding.fields)


def _plain(finding: Finding) -> dict[str, str]:
    return {name: str(value) for name, value in finding.fields.items()}


@dataclass(frozen=True, slots=True)
class Standing:
    """One stretch of words and its recording. `state`: recorded, missing, or stale (it was recorded, then changed)."""

    language: str
    commune: str
    part: str
    state: str
    by: str = ""


def standing(job: Job, desk: Desk) -> tuple[Standing, ...]:
    """What is recorded of a bulletin and what is not, for languages that people read and those somebody recorded."""
    takes = desk.store.recordings.of(job.wave.key, job.deliverable.id)
    keys = {take.key: take for take in takes}
    wanted = [
        language
        for language in job.deliverable.languages
        if language not in RULES or any(take.language == language for take in takes)
    ]
    return tuple(
        row for language in wanted for words in wording(job, desk, language).all() for row in _standing(words, keys)
    )


def _standing(words: Words, keys: Mapping[str, Recording]) -> Iterator[Standing]:
    language, commune = words.script.language, words.commune.code if words.commune else ""
    if take := keys.get(key_of(language, words_of(words, None))):
        yield Standing(language, commune, "", "recorded", take.by)
        return
    for passage in words.spoken.passages:
        part = part_name(passage.part)
        if take := keys.get(key_of(language, words_of(words, passage.part))):
            yield Standing(language, commune, part, "recorded", take.by)
            continue
        old = [take for take in keys.values() if (take.language, take.commune, take.part) == (language, commune, part)]
        yield Standing(language, commune, part, "stale" if old else "missing", old[-1].by if old else "")
