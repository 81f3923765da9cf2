"""Reads an operator's filled form, XLSX or CSV. Pure but for the file itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from loa.filled import a_moment, plain, read_file, short, tables
from loa.model.errors import ContentError, Mistake, Where
from loa.sms.broadcast.form import COLUMNS, NUMBERS
from loa.text.normal import fold

NEEDED = ("operator", *NUMBERS)  # columns that a file must have


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of figures as somebody wrote them: field -> words. `typed` are those given by flags, beside the file."""

    said: Mapping[str, str]
    file: str
    line: int | None = None
    typed: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """The words of a field, on one line; what was typed fills what the row leaves empty."""
        return plain(self.said.get(name, "")) or plain(self.typed.get(name, ""))

    def mistake(self, code: str, name: str, **fields: object) -> Mistake:
        """A mistake in a field, at its place: the row of the file, or the flag."""
        if self.typed.get(name) and not plain(self.said.get(name, "")):
            return Mistake(code, Where(FLAGS[name], None, COLUMNS[name][0]), fields)
        return Mistake(code, Where(self.file, self.line, COLUMNS[name][0]), fields)


FLAGS = {
    "operator": "--operator", "area": "--area", "subscribers": "--subscribers", "sent": "--sent",
    "delivered": "--delivered", "start": "--from", "end": "--to", "letter": "--letter", "letter_date": "--date",
    "note": "--note",
}  # fmt: skip


def read_form(path: Path, name: str, typed: Mapping[str, str]) -> tuple[Entry, ...]:
    """The filled rows of a form, XLSX or CSV, wherever in the file its column names stand.

    `typed` fills what a row leaves empty, such as the letter's number; a row that says something else is a mistake.
    Rows without any figure are not answered yet and are left out. Raises `ContentError`.
    """
    table = next((sheet.rows for sheet in tables(read_file(path, name), name)), [])
    # the row that names the most columns; what stands above it is the form's own head
    header = max(range(len(table)), key=lambda place: len(_columns(table[place])), default=0)
    places = _columns(table[header]) if table else {}
    missing = [COLUMNS[field][0] for field in NEEDED if field not in places]
    if missing:
        raise ContentError.at("results-columns", name, None, None, missing=", ".join(missing))
    entries: list[Entry] = []
    mistakes: list[Mistake] = []
    for line, row in enumerate(table[header + 1 :], header + 2):
        entry = Entry({field: row[at] for field, at in places.items() if at < len(row)}, name, line, typed)
        if any(entry.get(field) for field in NUMBERS):
            mistakes += _contradicting(entry)
            entries.append(entry)
    if not entries:
        raise ContentError.at("results-none", name)
    if mistakes:
        raise ContentError(mistakes)
    return tuple(entries)


def _contradicting(entry: Entry) -> Iterator[Mistake]:
    for name, typed in entry.typed.items():
        said = entry.get(name)
        moments = a_moment(said), a_moment(typed)
        if typed and said != typed and (None in moments or moments[0] != moments[1]):
            yield entry.mistake("results-contradicted", name, value=short(said), given=short(typed))


def _columns(row: Sequence[str]) -> dict[str, int]:
    """Which field each column is, by its name in either language; the first one counts."""
    names = {fold(name): field for field, (vi, _, en) in COLUMNS.items() for name in (vi, en)}
    found: dict[str, int] = {}
    for place, cell in enumerate(row):
        if field := names.get(fold(cell)):
            found.setdefault(field, place)
    return found
