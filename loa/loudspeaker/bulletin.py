"""Bulletins in one language, from words to finished files: what `prepare` and `loa speak` both do.

The bulletins of many communes are one family: one voice speaks them all, what they share is spoken and mastered once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TypeVar

from loa.loudspeaker import voice
from loa.loudspeaker.audio import Audio
from loa.loudspeaker.codec import UnreadableSoundError, decode
from loa.loudspeaker.lexicon import read_lexicon
from loa.loudspeaker.master import Mastered, Mastering, Take
from loa.loudspeaker.profile import Profile, read_profile
from loa.loudspeaker.script import HEADINGS, plain
from loa.loudspeaker.speakable import require_rules
from loa.loudspeaker.speech.cache import MemoryCache
from loa.loudspeaker.speech.catalogue import Needs, engines_for
from loa.loudspeaker.speech.engine import Engine, Fit
from loa.loudspeaker.voice import Line, Spoken
from loa.model.errors import ContentError, GatewayError, Unsupported
from loa.workspace import Workspace

CHIME = Path("sounds") / "chime.wav"
DRAFT_WORDS = "BẢN NHÁP / DRAFT"
_BROADCAST_WORDS = "BẢN PHÁT SÓNG / BROADCAST"
_AFTER_CHIME = 0.8  # seconds
# ID3 names languages by ISO 639-2
_THREE_LETTERS = {"vi": "vie", "en": "eng"}

Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class Titles:
    """What the file says of itself. `note` goes into the comment, after draft or broadcast."""

    title: str
    issuer: str = ""
    campaign: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """One bulletin that is wanted: the words, how often the body is heard, and its titles."""

    spoken: Spoken
    titles: Titles
    body_times: int = 1


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a part of the programme is heard, in seconds from the start. `name` is Vietnamese."""

    name: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Bulletin:
    """A finished bulletin, whose voice it is, and which engines were tried before and why they were not it."""

    spoken: Spoken
    engine: Engine
    mastered: Mastered
    marks: tuple[Mark, ...]
    passed_over: tuple[tuple[str, str], ...] = ()

    @property
    def fit(self) -> Fit:
        return self.engine.fit


@dataclass(frozen=True)
class Studio:
    """Voices in the order they are tried, the chime, and what a finished file must be."""

    engines: Sequence[Engine]
    chime: Audio
    profile: Profile
    online: bool = True

    def make(self, piece: Piece) -> Bulletin:
        """One bulletin. Raises as `make_all` does."""
        return self.make_all((piece,), lambda place, made: made)[0]

    def make_all(self, pieces: Sequence[Piece], keep: Callable[[int, Bulletin], Kept]) -> tuple[Kept, ...]:
        """All bulletins of a family by the first voice that can say all of them: voices are never mixed.

        Each is handed to `keep` with its place as soon as it is made, and only what that returns is held. `keep` may
        see a piece again, by another voice, where the first one failed half-way. Raises `Unsupported` where no engine
        has the language, else `GatewayError` saying what became of each.
        """
        language = pieces[0].spoken.language
        able = [engine for engine in self.engines if language in engine.languages]
        if not able:
            known = "; ".join(f"{engine.name}: {', '.join(sorted(engine.languages))}" for engine in self.engines)
            raise Unsupported("speech-no-language", {"language": language, "known": known or "-"})
        passed: list[tuple[str, str]] = []
        failed: list[GatewayError] = []
        for engine in able:
            if engine.online and not self.online:
                passed.append((engine.name, "offline"))
                continue
            try:
                return self._by(engine, pieces, keep, tuple(passed))
            except GatewayError as error:
                failed.append(error)
                passed.append((engine.name, error.code))
        if len(passed) == 1 and failed:
            raise failed[0]
        raise GatewayError("speech-none", {"tried": ", ".join(f"{name}: {code}" for name, code in passed)})

    def _by(
        self,
        engine: Engine,
        pieces: Sequence[Piece],
        keep: Callable[[int, Bulletin], Kept],
        passed: tuple[tuple[str, str], ...],
    ) -> tuple[Kept, ...]:
        failed: list[GatewayError] = []
        for grain in engine.grains:
            said = [voice.lines(piece.spoken, grain, piece.body_times) for piece in pieces]
            counts = Counter(line.text for of_piece in said for line in of_piece)
            again = {"", *(text for text, times in counts.items() if times > 1)}
            mastering = Mastering(self.profile, again.__contains__)
            try:
                return tuple(
                    keep(place, self._one(engine, piece, of_piece, mastering, passed))
                    for place, (piece, of_piece) in enumerate(zip(pieces, said, strict=True))
                )
            except GatewayError as error:
                failed.append(error)
        raise failed[0]

    def _one(
        self,
        engine: Engine,
        piece: Piece,
        said: Sequence[Line],
        mastering: Mastering,
        passed: tuple[tuple[str, str], ...],
    ) -> Bulletin:
        language = piece.spoken.language
        takes = [
            # the empty text is nobody's line
            Take("", lambda: self.chime, _AFTER_CHIME, chime=True),
            *(Take(line.text, partial(engine.speak, line.text, language), line.pause) for line in said),
        ]
        made = mastering.master(takes, tags_for(piece.titles, language, engine.fit))
        return Bulletin(piece.spoken, engine, made, _marks(said, made), passed)


def _marks(said: Sequence[Line], made: Mastered) -> tuple[Mark, ...]:
    marks = [Mark("Nhạc hiệu", 0.0, made.starts[1])]
    ends = (*made.starts[2:], made.measured.seconds)
    timed = zip(said, made.starts[1:], ends, strict=True)
    for (part, again), of_part in groupby(timed, lambda item: (item[0].part, item[0].again)):
        stretch = list(of_part)
        name = HEADINGS[part]["vi"] + (" (nhắc lại)" if again else "")
        marks.append(Mark(name, stretch[0][1], stretch[-1][2]))
    return tuple(marks)


def tags_for(titles: Titles, language: str, fit: Fit) -> dict[str, str]:
    """The ID3 tags. A draft says so in its title too, which every player shows."""
    draft = fit is Fit.DRAFT
    comment = [DRAFT_WORDS if draft else _BROADCAST_WORDS, *([titles.note] if titles.note else [])]
    tags = {
        "title": f"[{DRAFT_WORDS}] {titles.title}" if draft else titles.title,
        "artist": titles.issuer,
        "album": titles.campaign,
        "language": _THREE_LETTERS.get(language, language[:3]),
        "genre": "Speech",
        "comment": "; ".join(comment),
    }
    return {key: value for key, value in tags.items() if value}


def read_chime(assets: Path, name_of: Callable[[Path], str] = str) -> tuple[Audio, bytes]:
    """The chime of a workspace, and the bytes it was read from. Raises `ContentError` where it cannot be used."""
    path = assets / CHIME
    if not path.is_file():
        raise ContentError.at("file-missing", name_of(path))
    raw = path.read_bytes()
    try:
        return decode(raw), raw
    except UnreadableSoundError as error:
        raise ContentError.at("sound-unreadable", name_of(path)) from error


def speak_text(workspace: Workspace, text: str, language: str, name: str, *, online: bool = True) -> Bulletin:
    """Any text as a finished bulletin: `loa speak FILE -o OUT.mp3`. Headings (`## …`) are left out.

    `name` is the file as the officer sees it. Raises `ContentError` for words that cannot be read, `GatewayError`
    where no engine could speak, `Unsupported` for a language or an extra that is not there.
    """
    require_rules(language)
    lexicon = read_lexicon(workspace.assets, language, workspace.name_of)
    spoken = voice.to_speech(plain(text, language, name), lexicon)
    chime, _ = read_chime(workspace.assets, workspace.name_of)
    engines = engines_for(Needs(workspace.settings.speech, MemoryCache(), workspace.root, workspace.name_of))
    profile = read_profile(workspace.templates, name_of=workspace.name_of)
    return Studio(engines, chime, profile, online).make(Piece(spoken, Titles(Path(name).stem)))
