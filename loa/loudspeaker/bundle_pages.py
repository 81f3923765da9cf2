"""A sound page for every bulletin of a bundle: what an approver looks at besides listening."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from loa.channel import Desk
from loa.loudspeaker.lexicon import Lexicon, read_lexicon
from loa.loudspeaker.listening import Listener
from loa.loudspeaker.page import Piece
from loa.loudspeaker.picture import Marked
from loa.loudspeaker.profile import read_profile
from loa.loudspeaker.soundcheck import check_sound, piece_of, words_of
from loa.loudspeaker.speakable import RULES
from loa.model.artefact import Artefact


def pages_of(
    desk: Desk, artefacts: Sequence[Artefact], commune: str = "", listener: Listener | None = None
) -> Iterator[tuple[str, bytes, Piece]]:
    """File name, sound and page of each bulletin among `artefacts`; of one commune, where its code is given.

    `listener` hears those in a language it knows. Raises as `soundcheck.check_sound` does.
    """
    read = desk.store.artefacts.read
    scripts = {(item.language, item.place): item for item in artefacts if item.role == "script"}
    for audio in artefacts:
        if audio.role != "audio" or (commune and audio.place not in {"", commune}):
            continue
        language, data = audio.language, read(audio)
        script = read(scripts[language, audio.place]).decode("utf-8-sig")
        lexicon = _lexicon(desk, language)
        profile = read_profile(desk.workspace.templates, audio.provenance["profile"], desk.workspace.name_of)
        words = words_of(script, language, lexicon, audio.name, float(audio.provenance["seconds"]))
        hears = listener if listener and language in listener.languages else None
        checked = check_sound(data, words, audio.name, profile, lexicon, hears)
        piece = piece_of(checked, data, audio.name, audio.name, profile)
        voice = f"{audio.provenance['engine']} ({audio.provenance['engine_version']})"
        yield audio.name, data, replace(piece, parts=_parts(audio), voice=voice)


def _lexicon(desk: Desk, language: str) -> Lexicon | None:
    if language not in RULES:
        return None
    return read_lexicon(desk.workspace.assets, language, desk.workspace.name_of)


def _parts(audio: Artefact) -> tuple[Marked, ...]:
    """The parts of the programme, as they were noted when it was made."""
    found: list[Marked] = []
    for part in filter(None, audio.provenance.get("parts", "").split("; ")):
        name, _, times = part.rpartition("=")
        start, _, end = times.partition("-")
        found.append((name, float(start), float(end)))
    return tuple(found)
