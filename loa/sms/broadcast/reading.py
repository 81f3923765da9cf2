"""Reads a filled form, XLSX or CSV, and the numbers and dates that people write in it. Pure but for the file itself."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from loa.model.clock import VIETNAM
from loa.model.errors import ContentError, Mistake, Where
from loa.sms.broadcast.form import COLUMNS, NUMBERS
from loa.text.normal import fold

MOST_BYTES = 5_000_000  # a form of every commune of the country for every operator is a tenth of it
MOST_UNPACKED = 100_000_000
MOST = 200_000_000  # subscribers; the country has fewer, so that more is a slip of the pen
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
        return _plain(self.said.get(name, "")) or _plain(self.typed.get(name, ""))

    def mistake(self, code: str, name: str, **fields: object) -> Mistake:
        """A mistake in a field, at its place: the row of the file, or the flag."""
        if self.typed.get(name) and not _plain(self.said.get(name, "")):
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
    table = _table(path, name)
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


def _table(path: Path, name: str) -> list[list[str]]:
    """Every cell as text, every row in its place."""
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise ContentError.at("file-too-big", name, size=size, most=MOST_BYTES)
        raw = path.read_bytes()
    except OSError as error:
        raise ContentError.at("file-missing", name) from error
    return _workbook(raw, name) if raw.startswith(_WORKBOOKS) else _csv(raw, name)


_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # XLSX and ODS; XLS


def _workbook(raw: bytes, name: str) -> list[list[str]]:
    """The first sheet. calamine reads it, through fastexcel."""
    import polars as pl
    from fastexcel import FastExcelError

    try:
        if raw.startswith(b"PK") and (size := _unpacked(raw)) > MOST_UNPACKED:
            raise ContentError.at("file-too-big", name, size=size, most=MOST_UNPACKED)
        sheet = pl.read_excel(
            io.BytesIO(raw), has_header=False, infer_schema_length=0, drop_empty_rows=False, drop_empty_cols=False
        )
    except (pl.exceptions.PolarsError, FastExcelError, zipfile.BadZipFile, ValueError) as error:
        raise ContentError.at("results-workbook", name) from error
    return [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows()]


def _unpacked(raw: bytes) -> int:
    """Bytes that a file claims to hold: a few kilobytes can be made to hold what no memory does."""
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        return sum(part.file_size for part in packed.infolist())


def _csv(raw: bytes, name: str) -> list[list[str]]:
    coding = "utf-16" if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        text = raw.decode(coding)
    except UnicodeDecodeError as error:
        raise ContentError.at("not-utf-8", name, raw.count(b"\n", 0, error.start) + 1) from error
    most = max(";,\t", key=lambda mark: max((line.count(mark) for line in text.splitlines()), default=0))
    try:
        return [list(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=most)]
    except csv.Error as error:
        raise ContentError.at("results-workbook", name) from error


def whole_number(text: str) -> int | None:
    """`120000`, `120.000`, `120 000`, `120,000`, `120000.0` -> 120000; anything else, or too much, is none."""
    bare = re.sub(r"^(\d+)\.0$", r"\1", text)  # a spreadsheet's whole number that passed through a floating one
    if re.fullmatch(r"\d{1,3}([., ])\d{3}(\1\d{3})*", bare):
        bare = re.sub(r"\D", "", bare)
    return int(bare) if re.fullmatch(r"[0-9]{1,10}", bare) and int(bare) <= MOST else None


_DATE = r"(?P<day>\d{1,2})[/.-](?P<month>\d{1,2})[/.-](?P<year>\d{4})"
_ISO = r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
_TIME = r"(?P<hour>\d{1,2})[:hg](?P<minute>\d{2})(?::\d{2}(?:\.0+)?)?"
_MOMENTS = tuple(
    re.compile(form)
    for form in (
        rf"{_DATE}(?:\s+{_TIME})?", rf"{_ISO}(?:[\sT]+{_TIME})?", rf"{_TIME}(?:\s*ngày)?\s+{_DATE}",
    )
)  # fmt: skip


def a_moment(text: str) -> datetime | None:
    """`31/12/2027`, `2027-12-31`, `08:00 31/12/2027`, `31/12/2027 08:00`: Vietnam's time, the day first."""
    for form in _MOMENTS:
        if match := form.fullmatch(text):
            parts = {name: int(value) for name, value in match.groupdict().items() if value is not None}
            try:
                return datetime(**parts, tzinfo=VIETNAM)
            except ValueError:
                return None
    return None


def short(text: str) -> str:
    """A value as a sentence may show it."""
    return text if len(text) <= 40 else f"{text[:37]}..."


def _plain(text: str) -> str:
    """On one line, without what cannot be seen: no database keeps a NUL, no person means one."""
    return "".join(char for char in " ".join(text.split()) if char.isprintable())
