"""What a speech engine is. One of your own is a module beside this one and a line in `catalogue.py`."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from loa.loudspeaker.audio import Audio
from loa.model.errors import GatewayError, Unsupported


class Fit(StrEnum):
    """What a voice may be used for. A draft is for hearing the words; it goes on the air by an officer's decision."""

    BROADCAST = "broadcast"
    DRAFT = "draft"


class Grain(StrEnum):
    """How much a voice says in one go. A machine reads sentences; a person records a part, or the whole script."""

    SENTENCE = "sentence"
    PART = "part"
    WHOLE = "whole"


class Engine(Protocol):
    """One voice."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str:
        """Part of every recipe: another version is another voice."""
        ...

    @property
    def languages(self) -> frozenset[str]: ...

    @property
    def fit(self) -> Fit: ...

    @property
    def online(self) -> bool:
        """Whether it sends the text to somebody else's machine."""
        ...

    @property
    def grains(self) -> tuple[Grain, ...]:
        """In what stretches it is asked to speak; the first one in which it can say all of a piece."""
        ...

    def speak(self, text: str, language: str) -> Audio:
        """Reads `text`, which is speakable already, aloud.

        Raises `Unsupported` for a language it cannot speak (a voice of another language mangles it silently), and
        `GatewayError` where it cannot be reached or gives no sound, and for a text without a letter or a figure.
        """
        ...


def refuse_other_languages(engine: Engine, language: str) -> None:
    """Raises `Unsupported` for a language the engine does not have."""
    if language not in engine.languages:
        known = ", ".join(sorted(engine.languages))
        raise Unsupported("speech-language", {"engine": engine.name, "language": language, "known": known})


def refuse_silence(engine: Engine, text: str) -> None:
    """Raises `GatewayError` for a text in which there is nothing to say."""
    if not any(char.isalnum() for char in text):
        raise GatewayError("speech-empty", {"engine": engine.name})
