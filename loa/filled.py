"""Forms that people fill in and send back: XLSX, XLS, ODS or CSV as tables of text, and what is written in a cell.

Pure but for the file itself. A cell is data, never evaluated: a formula comes as what it came to when it was saved.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from loa.merged import BadSheet, Spans, spans
from loa.model.clock import VIETNAM
from loa.model.errors import ContentError

MOST_BYTES = 5_000_000  # a form of every commune of the country is a tenth of it
MOST_UNPACKED = 100_000_000
MOST_CELLS = 2_000_000  # a cell far out makes a table of all that lies before it
MOST_NUMBER = 200_000_000  # people; the country has fewer, so that more is a slip of the pen

_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # XLSX and ODS; XLS


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet. `rows[i]` is the sheet's line i + 1, every cell as text; `sheet` is empty for a CSV file.

    `hidden`: nobody who opens the workbook sees the sheet. Dates come as `2027-10-05 00:00:00`, times of day as
    `1899-12-31 17:30:00`, numbers as their digits. Of cells that were merged, every line has the words.
    """

    sheet: str
    rows: list[list[str]]
    hidden: bool = False


def read_file(path: Path, name: str) -> bytes:
    """The bytes of a form. Raises `ContentError` file-missing, file-too-big."""
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise ContentError.at("file-too-big", name, size=size, most=MOST_BYTES)
        return path.read_bytes()
    except OSError as error:
        raise ContentError.at("file-missing", name) from error


def tables(raw: bytes, name: str) -> Iterator[Table]:
    """Every sheet of a form, one at a time.

    Raises `ContentError` table-unreadable, not-utf-8, file-too-big.
    """
    if raw.startswith(_WORKBOOKS):
        yield from _workbook(raw, name)
    else:
        yield _csv(raw, name)


def _workbook(raw: bytes, name: str) -> Iterator[Table]:
    """The sheets. calamine reads them, through fastexcel."""
    from fastexcel import FastExcelError, read_excel

    try:
        merged = _spans(raw, name) if raw.startswith(b"PK") else {}
        book = read_excel(_with_times(raw))
        for title in book.sheet_names:
            # skip_rows=0: otherwise lines are counted from the first one that says something
            sheet = book.load_sheet(title, header_row=None, skip_rows=0, dtypes="string")
            rows = [["" if cell is None else str(cell) for cell in row] for row in sheet.to_polars().iter_rows()]
            yield Table(title, merged[title].filled(rows) if title in merged else rows, sheet.visible != "visible")
    except (FastExcelError, zipfile.BadZipFile, BadSheet, ValueError, RuntimeError) as error:
        raise ContentError.at("table-unreadable", name) from error


_TIME_VALUE = re.compile(rb"""\soffice:time-value=(?:"[^"]*"|'[^']*')""")
_TIME_CELL = re.compile(rb"""\soffice:value-type=["']time["']""")


def _with_times(raw: bytes) -> bytes:
    """An ODS workbook with its times of day as the words that its cells show: calamine would leave those empty."""
    if not raw.startswith(b"PK"):
        return raw
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        if "mimetype" not in packed.namelist() or "content.xml" not in packed.namelist():
            return raw
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out:
            for part in packed.namelist():
                data = packed.read(part)
                if part == "content.xml":
                    data = _TIME_CELL.sub(b' office:value-type="string"', _TIME_VALUE.sub(b"", data))
                out.writestr(part, data)
    return made.getvalue()


def _spans(raw: bytes, name: str) -> dict[str, Spans]:
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        # what the file claims to hold: a few kilobytes can be made to hold what no memory does
        size = sum(part.file_size for part in packed.infolist())
        if size > MOST_UNPACKED:
            raise ContentError.at("file-too-big", name, size=size, most=MOST_UNPACKED)
        found = spans(packed)
    for one in found.values():
        if one.cells > MOST_CELLS:
            raise ContentError.at("file-too-big", name, size=one.cells, most=MOST_CELLS)
    return found


def _csv(raw: bytes, name: str) -> Table:
    coding = "utf-16" if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        text = raw.decode(coding)
    except UnicodeDecodeError as error:
        raise ContentError.at("not-utf-8", name, raw.count(b"\n", 0, error.start) + 1) from error
    most = max(";,\t", key=lambda mark: max((line.count(mark) for line in text.splitlines()), default=0))
    try:
        return Table("", [list(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=most)])
    except csv.Error as error:
        raise ContentError.at("table-unreadable", name) from error


# --- what is written in a cell


def whole_number(text: str) -> int | None:
    """`120000`, `120.000`, `120 000`, `120,000`, `120000.0` -> 120000; anything else, or too much, is none."""
    bare = re.sub(r"^(\d+)\.0$", r"\1", text)  # a spreadsheet's whole number that passed through a floating one
    if re.fullmatch(r"\d{1,3}([., ])\d{3}(\1\d{3})*", bare):
        bare = re.sub(r"\D", "", bare)
    return int(bare) if re.fullmatch(r"[0-9]{1,10}", bare) and int(bare) <= MOST_NUMBER else None


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


def plain(text: str) -> str:
    """On one line, without what cannot be seen: no database keeps a NUL, no person means one."""
    return "".join(char for char in " ".join(text.split()) if char.isprintable())
