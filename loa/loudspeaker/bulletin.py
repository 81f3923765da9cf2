"""One bulletin in one language, from words to a finished file: what `prepare` and `loa speak` both do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from loa.loudspeaker import voice
from loa.loudspeaker.audio import Audio
from loa.loudspeaker.codec import UnreadableSoundError, decode
from loa.loudspeaker.lexicon import read_lexicon
from loa.loudspeaker.master import Mastered, Profile, Programme, master
from loa.loudspeaker.script import plain
from loa.loudspeaker.speakable import require_rules
from loa.loudspeaker.speech.cache import MemoryCache
from loa.loudspeaker.speech.catalogue import engines_for
from loa.loudspeaker.speech.engine import Engine, Fit
from loa.loudspeaker.voice import Spoken, Voiced
from loa.model.errors import ContentError
from loa.workspace import Workspace

CHIME = Path("sounds") / "chime.wav"
DRAFT_WORDS = "BẢN NHÁP / DRAFT"
_BROADCAST_WORDS = "BẢN PHÁT SÓNG / BROADCAST"
# ID3 names languages by ISO 639-2
_THREE_LETTERS = {"vi": "vie", "en": "eng"}


@dataclass(frozen=True, slots=True)
class Titles:
    """What the file says of itself. `note` goes into the comment, after draft or broadcast."""

    title: str
    issuer: str = ""
    campaign: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Bulletin:
    """A finished bulletin."""

    spoken: Spoken
    voiced: Voiced
    mastered: Mastered

    @property
    def fit(self) -> Fit:
        return self.voiced.engine.fit


def make(
    spoken: Spoken,
    engines: Sequence[Engine],
    chime: Audio,
    titles: Titles,
    *,
    online: bool = True,
    profile: Profile | None = None,
) -> Bulletin:
    """Speaks and masters. Raises what `voice.speak` and `master` raise."""
    voiced = voice.speak(spoken, engines, online=online)
    tags = tags_for(titles, spoken.language, voiced.engine.fit)
    return Bulletin(spoken, voiced, master(Programme(voiced.audio, chime), tags, profile))


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
    engines = engines_for(workspace.settings.speech, MemoryCache())
    return make(spoken, engines, chime, Titles(Path(name).stem), online=online)
