"""Makes the bulletins of one language of a job: found made already, or spoken, mastered and stored."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from loa.channel import Desk, Job
from loa.loudspeaker import master, metering
from loa.loudspeaker.audio import Audio
from loa.loudspeaker.bulletin import Bulletin, Piece, Studio, Titles, read_chime
from loa.loudspeaker.order import ordered
from loa.loudspeaker.package import audio_stem, language_slug
from loa.loudspeaker.profile import Profile, read_profile
from loa.loudspeaker.speakable import RULES
from loa.loudspeaker.speech.engine import Engine, Fit
from loa.loudspeaker.words import Wording, Words
from loa.model.artefact import Artefact, digest
from loa.model.errors import GatewayError, Unsupported
from loa.text.normal import slug

OFFLINE = "LOA_OFFLINE"
"""Set in the environment: engines that send the text elsewhere are not asked."""

_MEDIA = {"mp3": "audio/mpeg", "wav": "audio/wav"}


@dataclass(frozen=True, slots=True)
class Workshop:
    """What all languages of a job are made with."""

    job: Job
    desk: Desk
    engines: Sequence[Engine]
    profile: Profile
    chime: Audio
    chime_sha256: str


def workshop(job: Job, desk: Desk, engines: Sequence[Engine]) -> Workshop:
    """Raises `ContentError` where chime or profile cannot be used."""
    workspace = desk.workspace
    chime, raw = read_chime(workspace.assets, workspace.name_of)
    profile = read_profile(workspace.templates, ordered(job).profile, workspace.name_of)
    return Workshop(job, desk, engines, profile, chime, hashlib.sha256(raw).hexdigest())


def made(shop: Workshop, wording: Wording) -> tuple[Artefact, ...]:
    """Script, spoken words and sound of every commune's bulletin in one language, or of the one that is for all.

    A piece that was made stays as it is: the recipe names the engines that may speak, not the one that could be
    reached. Without a voice - a language that only people read, and no recording yet - the words alone come out.
    """
    words = tuple(wording.all())
    if not words:
        return ()
    titles = [_titles(shop.job, item) for item in words]
    recipe = _recipe(shop, words, titles)
    kept = shop.desk.store.artefacts
    if (known := kept.recall(recipe)) is not None:
        return known
    pieces = [
        Piece(item.spoken, title, ordered(shop.job).body_times) for item, title in zip(words, titles, strict=True)
    ]
    studio = Studio(shop.engines, shop.chime, shop.profile, not shop.desk.environ.get(OFFLINE))
    texts = [_texts(shop.desk, item) for item in words]
    try:
        sounds = studio.make_all(pieces, lambda place, bulletin: _stored(shop, words[place], bulletin))
    except (Unsupported, GatewayError) as error:
        if wording.language in RULES and error.code != "recording-not-found":
            raise
        return tuple(
            artefact
            for place, of_one in enumerate(texts)
            for artefact in (*of_one, *_if_recorded(shop, studio, pieces[place], words[place]))
        )
    artefacts = tuple(artefact for of_one, sound in zip(texts, sounds, strict=True) for artefact in (*of_one, sound))
    kept.remember(recipe, artefacts)
    return artefacts


def _if_recorded(shop: Workshop, studio: Studio, piece: Piece, words: Words) -> tuple[Artefact, ...]:
    """The sound of one piece, where people have read all of it: the others of its family wait for theirs."""
    try:
        return studio.make_all((piece,), lambda _, bulletin: _stored(shop, words, bulletin))
    except (Unsupported, GatewayError):
        return ()


def _recipe(shop: Workshop, words: Sequence[Words], titles: Sequence[Titles]) -> str:
    return digest(
        {
            "made": "bulletins",
            # the same Vietnamese words may be read in several languages
            "language": words[0].script.language,
            "pieces": [
                [item.commune.code if item.commune else "", item.script.printed, item.spoken.printed, title.title]
                for item, title in zip(words, titles, strict=True)
            ],
            "body_times": ordered(shop.job).body_times,
            "engines": [[engine.name, engine.version] for engine in shop.engines],
            "mastering": master.recipe(shop.profile),
            "profile": shop.profile.name,
            "chime": shop.chime_sha256,
            "titles": [titles[0].issuer, titles[0].campaign, titles[0].note],
            "template": words[0].rendered.sha256,
            "lexicon": sorted({item.lexicon.sha256 for item in words}),
        }
    )


def _titles(job: Job, words: Words) -> Titles:
    language = words.script.language
    place = f" - {words.commune.name}" if words.commune else ""
    return Titles(
        title=title_of(job, language) + place,
        issuer=job.campaign.issuer.get(language),
        campaign=job.campaign.title.get(language),
        note=f"{job.campaign.id}; {job.wave.title.get(language)}; {_days(job)}",
    )


def _days(job: Job) -> str:
    """The days of broadcast: what the file says of itself must be enough where the manifest is lost."""
    first, last = ordered(job).validity(job.wave.send_at)
    return f"{first:%d/%m/%Y}" if first.date() == last.date() else f"{first:%d/%m/%Y} - {last:%d/%m/%Y}"


def title_of(job: Job, language: str) -> str:
    return f"{job.deliverable.title.get(language)} - {job.wave.title.get(language)}"


def _stem(words: Words) -> str:
    """The end of a file's name that tells communes apart."""
    return f"-{words.commune.code}-{slug(words.commune.name)}" if words.commune else ""


def _sources(words: Words) -> dict[str, str]:
    told = {
        "template": words.rendered.path,
        "template_sha256": words.rendered.sha256,
        "lexicon_sha256": words.lexicon.sha256,
    }
    return told | ({"translates": words.rendered.language} if words.translates else {})


def _texts(desk: Desk, words: Words) -> tuple[Artefact, ...]:
    """Script and spoken words, each with what it was made from."""
    language = words.script.language
    named = f"{language_slug(language)}{_stem(words)}.txt"

    def text(role: str, name: str, content: str) -> Artefact:
        # with the mark and the line ends that Notepad knows: clerks open these
        data = content.replace("\n", "\r\n").encode("utf-8-sig")
        return desk.store.artefacts.put(
            data, name=name, media_type="text/plain", role=role, language=language, provenance=_sources(words),
            place=words.commune.code if words.commune else "",
        )  # fmt: skip

    return (
        text("script", f"toan-van-{named}", words.script.printed),
        text("spoken", f"loi-doc-{named}", words.spoken.printed),
    )


def _stored(shop: Workshop, words: Words, bulletin: Bulletin) -> Artefact:
    language, ending = words.script.language, shop.profile.codec
    made = shop.desk.store.artefacts.put(
        bulletin.mastered.data,
        name=f"{audio_stem(language, draft=bulletin.fit is Fit.DRAFT)}{_stem(words)}.{ending}",
        media_type=_MEDIA[ending],
        role="audio",
        language=language,
        provenance={**_sources(words), **_sound_facts(bulletin, shop.profile)},
        place=words.commune.code if words.commune else "",
    )
    metering.keep(shop.desk, made, bulletin.mastered.measured)
    return made


def _sound_facts(bulletin: Bulletin, profile: Profile) -> dict[str, str]:
    engine, measured = bulletin.engine, bulletin.mastered.measured
    return {
        "engine": engine.name,
        "engine_version": engine.version,
        "fit": engine.fit.value,
        "passed_over": ", ".join(f"{name}: {code}" for name, code in bulletin.passed_over),
        "profile": profile.name,
        "loudness": f"{measured.loudness:.2f}",
        "peak": f"{measured.peak:.2f}",
        "seconds": f"{measured.seconds:.1f}",
        "passes": str(bulletin.mastered.passes),
        "parts": "; ".join(f"{mark.name}={mark.start:.2f}-{mark.end:.2f}" for mark in bulletin.marks),
    }
