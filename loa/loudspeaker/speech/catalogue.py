"""Which engines there are, by the names that `loa.toml` uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from loa.loudspeaker.speech.cache import SentenceCache
from loa.loudspeaker.speech.engine import Engine
from loa.loudspeaker.speech.espeak import EspeakEngine
from loa.loudspeaker.speech.gtts import GttsEngine
from loa.model.errors import ContentError
from loa.model.settings import SpeechSettings


@dataclass(frozen=True)
class Needs:
    """What engines are given."""

    settings: SpeechSettings
    cache: SentenceCache


ENGINES: Mapping[str, Callable[[Needs], Engine]] = {
    "gtts": lambda needs: GttsEngine(timeout=needs.settings.gtts_timeout_seconds, cache=needs.cache),
    "espeak": lambda needs: EspeakEngine(),
}


def engines_for(settings: SpeechSettings, cache: SentenceCache, file: str = "loa.toml") -> tuple[Engine, ...]:
    """The engines of a workspace in the order they are tried. Raises `ContentError` for a name there is none of."""
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
    needs = Needs(settings, cache)
    return tuple(ENGINES[name](needs) for name in settings.engines)
