"""A person's recording as a voice: it says the words it was recorded for, and no others.

A recording is known by its language and the very words that were read. When the script changes, the words are others,
and the recording is no longer found: an old voice never says what was taken out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from loa.loudspeaker.audio import Audio
from loa.loudspeaker.speech.engine import Fit, Grain, refuse_other_languages, refuse_silence
from loa.model.artefact import digest
from loa.model.errors import GatewayError


def key_of(language: str, text: str) -> str:
    """What names the words that were recorded: white space apart, every letter counts."""
    return digest([language, " ".join(text.split())])


class Shelf(Protocol):
    """The recordings of one bulletin."""

    @property
    def languages(self) -> frozenset[str]: ...

    @property
    def version(self) -> str:
        """Another one as soon as a recording is added or replaced."""
        ...

    def find(self, key: str) -> Audio | None:
        """The sound of the words that `key` names."""
        ...


@dataclass(frozen=True)
class MemoryShelf:
    """Recordings in memory, by (language, words)."""

    kept: Mapping[tuple[str, str], Audio] = field(default_factory=dict)

    @property
    def languages(self) -> frozenset[str]:
        return frozenset(language for language, _ in self.kept)

    @property
    def version(self) -> str:
        return digest([[key_of(*words), digest(audio.pcm.hex())] for words, audio in sorted(self.kept.items())])[:12]

    def find(self, key: str) -> Audio | None:
        return next((audio for words, audio in self.kept.items() if key_of(*words) == key), None)


@dataclass(frozen=True)
class RecordingEngine:
    """The people who read. Parts first, then the whole script in one recording."""

    shelf: Shelf

    name = "recording"
    fit = Fit.BROADCAST
    online = False
    grains = (Grain.PART, Grain.WHOLE)

    @property
    def languages(self) -> frozenset[str]:
        return self.shelf.languages

    @property
    def version(self) -> str:
        return f"recording {self.shelf.version}"

    def speak(self, text: str, language: str) -> Audio:
        """Raises `GatewayError` where nobody has read these words."""
        refuse_other_languages(self, language)
        refuse_silence(self, text)
        found = self.shelf.find(key_of(language, text))
        if found is None:
            raise GatewayError("recording-not-found", {"language": language, "text": _start(text)})
        return found


def _start(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 60 else f"{words[:57]}..."
