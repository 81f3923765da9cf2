"""Spoken sentences, kept so that a script with one changed line asks for one line again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from loa.store.artefacts import Artefacts


class SentenceCache(Protocol):
    """Encoded sound by a key that names engine, version, language and text."""

    def get(self, key: str) -> bytes | None: ...

    def put(self, key: str, sound: bytes) -> None:
        """Called only with sound that has been decoded and found whole."""
        ...


@dataclass(frozen=True)
class StoreCache:
    """In the artefact store of a workspace: the key is a recipe like any other."""

    artefacts: Artefacts

    def get(self, key: str) -> bytes | None:
        made = self.artefacts.recall(key)
        return self.artefacts.read(made[0]) if made else None

    def put(self, key: str, sound: bytes) -> None:
        name, media_type = ("cau.wav", "audio/wav") if sound[:4] == b"RIFF" else ("cau.mp3", "audio/mpeg")
        made = self.artefacts.put(sound, name=name, media_type=media_type, role="sentence", language="")
        self.artefacts.remember(key, (made,))


@dataclass(frozen=True)
class MemoryCache:
    """For as long as the process lives."""

    kept: dict[str, bytes] = field(default_factory=dict)

    def get(self, key: str) -> bytes | None:
        return self.kept.get(key)

    def put(self, key: str, sound: bytes) -> None:
        self.kept[key] = sound
