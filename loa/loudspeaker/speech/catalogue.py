"""Which engines there are, by the names that `loa.toml` uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from loa.loudspeaker.speech.cache import SentenceCache
from loa.loudspeaker.speech.engine import Engine
from loa.loudspeaker.speech.espeak import EspeakEngine
from loa.loudspeaker.speech.gtts import GttsEngine
from loa.loudspeaker.speech.piper import PiperEngine, read_voices
from loa.loudspeaker.speech.recording import RecordingEngine, Shelf
from loa.model.errors import ContentError
from loa.model.settings import SpeechSettings


@dataclass(frozen=True)
class Needs:
    """What engines are given. Files that the settings name start at `root`; `name_of` is how people know a file;
    `shelf` has the recordings of the bulletin at hand."""

    settings: SpeechSettings
    cache: SentenceCache
    root: Path = Path()
    name_of: Callable[[Path], str] = str
    file: str = "loa.toml"
    shelf: Shelf | None = None


def _piper(needs: Needs) -> Engine | None:
    written = needs.settings.piper_voices
    return PiperEngine(read_voices(written, needs.root, needs.name_of, needs.file), needs.cache) if written else None


ENGINES: Mapping[str, Callable[[Needs], Engine | None]] = {
    "recording": lambda needs: RecordingEngine(needs.shelf) if needs.shelf is not None else None,
    "piper": _piper,
    "gtts": lambda needs: GttsEngine(timeout=needs.settings.gtts_timeout_seconds, cache=needs.cache),
    "espeak": lambda needs: EspeakEngine(),
}
"""An engine that gives nothing has nothing to speak with in this workspace, and is passed over."""


def engines_for(needs: Needs) -> tuple[Engine, ...]:
    """The engines of a workspace in the order they are tried. What people recorded goes first, also where the settings
    do not name it: whoever brings a recording wants it heard.

    Raises `ContentError` for a name there is none of, for a voice file that cannot be used, and where no engine is
    left: `piper` without a voice is not there.
    """
    settings, file = needs.settings, needs.file
    unknown = [name for name in settings.engines if name not in ENGINES]
    if unknown or not settings.engines:
        raise ContentError.at(
            "speech-engine-unknown",
            file,
            None,
            "speech.engines",
            name=", ".join(unknown) or "-",
            known=", ".join(ENGINES),
        )
    names = settings.engines if "recording" in settings.engines else ("recording", *settings.engines)
    made = tuple(engine for name in names if (engine := ENGINES[name](needs)) is not None)
    if not made:
        raise ContentError.at("piper-voice-none", file, None, "speech.piper_voices")
    return made
