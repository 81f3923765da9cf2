"""What a check found: a code, on what, and whether it blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from loa.model.sentences import Words, table, words


class Level(StrEnum):
    """`block` stops a release; `warn` is shown to the approver."""

    BLOCK = "block"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. Its level and its sentences are those of its code in the table.

    `subject` says on what it was found, in words a person can find again: a deliverable, an artefact's name, a line.
    """

    code: str
    subject: str
    fields: Mapping[str, object] = field(default_factory=dict)

    @property
    def level(self) -> Level:
        level = table()[self.code].level
        if level is None:
            raise KeyError(f"{self.code} has no level in sentences.toml: it is not a finding")
        return Level(level)

    @property
    def blocks(self) -> bool:
        return self.level is Level.BLOCK

    @property
    def overridable(self) -> bool:
        """Whether an approver may let it pass with a written reason."""
        return table()[self.code].overridable

    @property
    def words(self) -> Words:
        return words(self.code, self.fields)
