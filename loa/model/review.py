"""The gate: a bundle, who asked, who decided, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Decision(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    CHANGES = "changes-requested"
    LAPSED = "lapsed"  # what it covered has changed since


@dataclass(frozen=True, slots=True)
class Bundle:
    """What is approved as one: the digest over artefacts, audiences, findings' overrides and schedule of a wave."""

    digest: str
    wave: str
    requested_by: str
    requested_at: datetime
    manifest: Mapping[str, Any]
    decision: Decision
    decided_by: str = ""
    decided_at: datetime | None = None
    reason: str = ""
    overrides: Mapping[str, str] | None = None

    @property
    def short(self) -> str:
        """Enough of the digest for a person to type."""
        return self.digest[:12]
