"""The one error tree.

    LoaError                  what went wrong, as a code; exit code 1 unless a branch says otherwise
    ├── Misused               the command line itself is not what the command takes                     exit 2
    ├── ContentError          the officer can mend it: file, line, field, what to write instead        exit 3
    ├── Refused               a gate said no, and which                                                exit 3
    ├── PartlyDelivered       something held a release before everything was out                       exit 4
    ├── GatewayError          a provider cannot be reached, or answered what it should not             exit 5
    │   └── Unsupported       a gateway, engine or format was asked for what it cannot do              exit 3
    └── StoreError            the database or the disk                                                 exit 5

Errors carry a code and fields; the sentences stand in `sentences.toml`. No error ever carries a phone number in
full, a credential or a message body.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from loa.model.sentences import Words, words


@dataclass(frozen=True, slots=True)
class Where:
    """A place that a person can go to: a file, and as far as it is known its line (from 1) and field."""

    file: str
    line: int | None = None
    field: str | None = None

    @property
    def words(self) -> Words:
        vi, en = self.file, self.file
        if self.line is not None:
            vi, en = f"{vi}, dòng {self.line}", f"{en}, line {self.line}"
        if self.field:
            vi, en = f"{vi}, trường “{self.field}”", f"{en}, field “{self.field}”"
        return Words(vi, en)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong in something a person wrote."""

    code: str
    where: Where
    fields: Mapping[str, object] = field(default_factory=dict)

    @property
    def words(self) -> Words:
        return words(self.code, self.fields)


class LoaError(Exception):
    """The root. `code` names a sentence; `fields` fill it in."""

    exit_code = 1

    def __init__(self, code: str, fields: Mapping[str, object] | None = None, where: Where | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.fields: dict[str, object] = dict(fields or {})
        self.where = where

    @property
    def words(self) -> Words:
        return words(self.code, self.fields)

    def __str__(self) -> str:
        place = f"{self.where.words.vi}: " if self.where else ""
        return f"[{self.code}] {place}{self.words}"


class Misused(LoaError):
    """The command line lacks something, or has something that the command does not take."""

    exit_code = 2


class ContentError(LoaError):
    """Something a person wrote is wrong. Carries every mistake that was found, the first one as its own."""

    exit_code = 3

    def __init__(self, mistakes: Mistake | Sequence[Mistake]) -> None:
        found = (mistakes,) if isinstance(mistakes, Mistake) else tuple(mistakes)
        if not found:
            raise ValueError("a ContentError needs a mistake")
        super().__init__(found[0].code, found[0].fields, found[0].where)
        self.mistakes = found

    @classmethod
    def at(
        cls,
        code: str,
        file: str | Path,
        line: int | None = None,
        field: str | None = None,
        **fields: object,
    ) -> ContentError:
        """One mistake at one place."""
        return cls(Mistake(code, Where(str(file), line, field), fields))


class Refused(LoaError):
    """A gate said no: not approved, outside hours, too late, over budget, held by somebody else."""

    exit_code = 3


class PartlyDelivered(LoaError):
    """A release stopped before everything was out. What went out stays; what is left can go out later."""

    exit_code = 4

    def __init__(self, wave: str, done: int, left: int, held: str) -> None:
        why = words(f"held-{held}") if held else Words("-", "-")
        super().__init__("partly-delivered", {"wave": wave, "done": done, "left": left, "held": held, "why": why})


class GatewayError(LoaError):
    """A provider is down or answers what nobody can read. Never holds the request: that has numbers in it."""

    exit_code = 5


class Unsupported(GatewayError):
    """Asked for what it cannot do, and said so instead of dropping it."""

    exit_code = 3


class StoreError(LoaError):
    """The database or the disk failed. What was committed is still there."""

    exit_code = 5
