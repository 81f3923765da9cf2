"""People to write to: as little about each as the work needs.

No name is kept (the sample sheets have one, the import drops it) and never an ethnicity: a language follows the
commune or the person's own stated choice (Law 91/2025 on personal data; Decree 356/2025 counts ethnic origin as
sensitive).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Recipient:
    """One clean recipient. `phone` is E.164 (`+84…`), `operator` a guess from the prefix: numbers are portable."""

    phone: str
    operator: str
    commune: str = ""
    language: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class AudienceInfo:
    """What is known of an imported audience: enough for an approver and for the digest."""

    name: str
    sha256: str
    source_name: str
    source_sha256: str
    imported_at: str
    total: int
    clean: int
    rejected: int
    operators: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reject:
    """One row of a file of people that cannot be used: where it stands, what it says, why, what to mend."""

    row: int
    value: str
    code: str
    vi: str
    en: str
