"""What was made, named by the hash of its bytes, and the bundle that people approve."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


def canonical(value: Any) -> bytes:
    """The one byte form of a JSON value: sorted keys, no spaces, UTF-8. Digests are taken over it."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def digest(value: Any) -> str:
    """SHA-256 over the canonical form, in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


@dataclass(frozen=True, slots=True)
class Artefact:
    """One made thing: an MP3, a PDF, the message bodies. Its bytes lie in the store under `sha256`.

    `name` is the file name a person sees, `role` what it is for (`bodies`, `audio`, `print`, `design`, `screen`,
    `script`), `place` the code of the commune it is for (empty: for all), `provenance` what it was made from: template,
    data, engine and versions; never a secret.
    """

    sha256: str
    name: str
    media_type: str
    size: int
    role: str
    language: str
    provenance: Mapping[str, str] = field(default_factory=dict)
    place: str = ""

    def as_json(self) -> dict[str, Any]:
        # no place is not written down: what was approved before there were places keeps its digest
        return ({"place": self.place} if self.place else {}) | {
            "sha256": self.sha256,
            "name": self.name,
            "media_type": self.media_type,
            "size": self.size,
            "role": self.role,
            "language": self.language,
            "provenance": dict(self.provenance),
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Artefact:
        return cls(**row)
