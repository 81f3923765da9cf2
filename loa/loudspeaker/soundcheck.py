"""Any sound file looked at from every side: what `loa sound check` says and its page shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from loa.loudspeaker.audio import Audio, to_wav
from loa.loudspeaker.codec import UnreadableSoundError
from loa.loudspeaker.inspection import Inspected, inspect_file
from loa.loudspeaker.lexicon import Lexicon
from loa.loudspeaker.listening import Hearing, Listener, findings, listen
from loa.loudspeaker.measure import Measured, measure
from loa.loudspeaker.page import Piece
from loa.loudspeaker.profile import Profile
from loa.loudspeaker.script import Part, estimated_seconds, parse, unheaded
from loa.loudspeaker.speakable import RULES, read, speakable
from loa.model.errors import ContentError
from loa.model.finding import Finding

# how a bulletin's own comment begins
_DRAFT, _BROADCAST = "BẢN NHÁP", "BẢN PHÁT SÓNG"


@dataclass(frozen=True, slots=True)
class Words:
    """A script as people write it and as it is read aloud; both empty where none was given."""

    language: str
    script: str = ""
    spoken: str = ""

    @property
    def count(self) -> int:
        return len(self.spoken.split())


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found. `measured` is nothing where the file holds no sound that can be used."""

    words: Words
    inspected: Inspected
    measured: Measured | None
    hearing: Hearing | None
    findings: tuple[Finding, ...]

    @property
    def blocks(self) -> bool:
        return any(finding.blocks for finding in self.findings)


def words_of(script: str, language: str, lexicon: Lexicon | None, name: str, seconds: float = 0.0) -> Words:
    """A script and its spoken words. A language without reading rules is taken word for word.

    A programme says its body twice or thrice: of a script in parts the words are those that come nearest to `seconds`
    of sound. Raises `ContentError` with every token that cannot be read, at its line.
    """
    if language not in RULES or lexicon is None:
        return Words(language, script, _nearest(script, language, unheaded(script).strip(), seconds))
    # headings leave empty lines, so that a mistake is named by the line where it stands
    text = "\n".join(unheaded(line) for line in script.splitlines())
    spoken = speakable(text, language, lexicon, name)
    headed = "\n".join(
        line if not unheaded(line) and line.strip() else read(line, language, lexicon).text
        for line in script.splitlines()
    )
    return Words(language, script, _nearest(headed, language, spoken, seconds))


def _nearest(script: str, language: str, spoken: str, seconds: float) -> str:
    """The words as often as they are heard: the body once, twice or thrice, whichever is nearest to the length."""
    try:
        passages = parse(script, language, "-").passages
    except ContentError:
        return spoken  # not in parts: it is heard as it stands
    heard = [
        "\n\n".join(
            paragraph
            for passage in passages
            for paragraph in passage.paragraphs * (times if passage.part is Part.BODY else 1)
        )
        for times in (1, 2, 3)
    ]
    return min(heard, key=lambda words: abs(estimated_seconds(words, language) - seconds)) if seconds else heard[0]


def length_of(data: bytes) -> float:
    """How long a file sounds, in seconds; 0 where it does not. Raises `Unsupported` without the `audio` extra."""
    try:
        return measure(data, peak=0.0).seconds
    except UnreadableSoundError:
        return 0.0


def check_sound(
    data: bytes,
    words: Words,
    subject: str,
    profile: Profile,
    lexicon: Lexicon | None = None,
    listener: Listener | None = None,
) -> Checked:
    """Looks at a file as a recording, measures it, and has `listener` hear it where one is given.

    Raises `Unsupported` where an extra is not installed or the listener does not know the language.
    """
    inspected = inspect_file(data, words.spoken, words.language, subject)
    measured: Measured | None = None
    hearing: Hearing | None = None
    found = list(inspected.findings)
    if inspected.sound is not None:
        measured = _measured(data, inspected.sound, inspected.channels)
        found += against_profile(measured, profile, subject)
        if listener is not None and lexicon is not None:
            hearing = listen(inspected.sound, words.script, words.spoken, words.language, lexicon, listener)
            found += findings(hearing, subject)
    return Checked(words, inspected, measured, hearing, tuple(found))


def _measured(data: bytes, sound: Audio, channels: int) -> Measured:
    """The file, or where a part of it is broken what could be decoded of it."""
    try:
        return measure(data)
    except UnreadableSoundError:
        return replace(measure(to_wav(sound)), channels=channels)


def against_profile(measured: Measured, profile: Profile, subject: str) -> Iterator[Finding]:
    """What keeps a file from being broadcast as it is. Warnings: mastering brings a recording there."""
    if not abs(measured.loudness - profile.loudness) <= profile.tolerance:
        wanted = f"{profile.loudness:.1f} ±{profile.tolerance:.1f}"
        yield Finding("sound-loudness", subject, {"loudness": f"{measured.loudness:.1f}", "wanted": wanted})
    if measured.peak > profile.peak:
        yield Finding("sound-peak", subject, {"peak": f"{measured.peak:.1f}", "most": f"{profile.peak:.1f}"})
    if (measured.channels, measured.rate) != (1, profile.rate):
        fields = {"channels": measured.channels, "rate": measured.rate, "wanted": profile.rate}
        yield Finding("sound-format", subject, fields)


def piece_of(checked: Checked, data: bytes, name: str, link: str, profile: Profile) -> Piece:
    """What the sound page shows of it. A bulletin of ours says in its tags what it is and whether it is a draft."""
    tags = dict(checked.measured.tags) if checked.measured else {}
    comment = tags.get("comment", "")
    piece = Piece(
        title=tags.get("title") or name,
        audio=data,
        link=link,
        issuer=tags.get("artist", ""),
        language=checked.words.language,
        draft=True if comment.startswith(_DRAFT) else False if comment.startswith(_BROADCAST) else None,
        script=checked.words.script,
        spoken=checked.words.spoken,
        findings=checked.findings,
        hearing=checked.hearing,
        profile=profile,
        measured=checked.measured,
        facts=tuple((label, tags[key]) for label, key in (("Chiến dịch / campaign", "album"),) if tags.get(key)),
    )
    return replace(piece, facts=(*piece.facts, ("Tệp / file", name)))
