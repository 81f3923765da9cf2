"""The one table of sentences: a code on one side, what an officer reads on the other, Vietnamese first.

Codes live in the code, sentences in `sentences.toml` beside this file, so that an officer can mend a word without
touching a program. Every entry has `vi` and `en`; an entry that a check can raise as a finding also has
`level = "block" | "warn"`, and `overridable = true` where an approver may let it pass with a written reason.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("sentences.toml")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One row of the table, its `{fields}` not yet filled in."""

    code: str
    vi: str
    en: str
    level: str | None = None
    overridable: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """What a person reads: the same sentence in both languages, filled in."""

    vi: str
    en: str

    def __str__(self) -> str:
        return f"{self.vi} / {self.en}"


@cache
def table() -> Mapping[str, Sentence]:
    """Every sentence by its code."""
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {
        code: Sentence(code, row["vi"], row["en"], row.get("level"), row.get("overridable", False))
        for code, row in rows.items()
    }


def words(code: str, fields: Mapping[str, object] | None = None) -> Words:
    """The sentence of `code` with its fields filled in; a field that is `Words` itself speaks each language's own.

    Raises `KeyError` for a code that is not in the table: that is our bug, and a test looks for it.
    """
    row = table()[code]
    given = dict(fields or {})
    vi = {name: value.vi if isinstance(value, Words) else value for name, value in given.items()}
    en = {name: value.en if isinstance(value, Words) else value for name, value in given.items()}
    return Words(row.vi.format_map(vi), row.en.format_map(en))
