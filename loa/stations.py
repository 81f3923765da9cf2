"""Reads `audiences/stations.csv`: one row a commune's radio station, as an officer keeps it in Excel.

Commas, semicolons or tabs between the columns, with or without Excel's mark at the start. Every mistake is named by
line and column, and all of them come at once.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import TypeVar

from loa.model.campaign import LANGUAGE
from loa.model.errors import ContentError, Mistake, Where
from loa.model.places import Commune, Station
from loa.model.settings import LoudspeakerSettings
from loa.written import read_words

T = TypeVar("T")
COLUMNS = ("code", "name", "slots", "clusters", "languages", "hotline", "target")
MAX_BYTES = 4_000_000  # every commune of the country, with twenty clusters each, is a tenth of it
_LONGEST = 80  # characters of a name: it has to fit into a cell of the air log
_CODE_DIGITS = 5
# 05:30, 5:30, 05:30:00 (Excel's own), 5h30, 17h, 17 giờ
_SLOT = re.compile(r"(?P<hour>[01]?\d|2[0-3])\s*(?::|h|giờ)\s*(?P<minute>[0-5]\d)?(?::00)?", re.IGNORECASE)
# what a telephone says: digits in groups
_HOTLINE = re.compile(r"\+?\d(?:[ .]?\d){2,14}")


def read_stations(
    path: Path, name: str, communes: Mapping[str, Commune], defaults: LoudspeakerSettings
) -> Mapping[str, Station]:
    """The stations by the code of their commune. `name` is the file as people see it.

    Raises `ContentError` with every mistake in the file.
    """
    rows = _rows(_text(path, name), name)
    line, titles = next(rows, (1, []))
    columns, mistakes = _columns(titles, name, line)
    if mistakes:
        raise ContentError(mistakes)
    found: dict[str, Station] = {}
    lines: dict[str, int] = {}
    for line, cells in rows:
        row = _Row(name, line, columns, cells, mistakes)
        station = _station(row, communes, defaults)
        if station.commune in found:
            row.wrong("code", "station-repeated", commune=station.commune, first=lines[station.commune])
        elif station.commune:
            found[station.commune], lines[station.commune] = station, line
    if mistakes:
        raise ContentError(mistakes)
    return found


def _text(path: Path, name: str) -> str:
    text = read_words(path, name, MAX_BYTES)
    if not text.strip():
        raise ContentError.at("file-empty", name)
    return unicodedata.normalize("NFC", text)


def _rows(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the line it starts at: a cell in quotes may have several."""
    titles = next(line for line in text.splitlines() if line.strip(" ;,\t"))
    separator = max(",;\t", key=titles.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, [cell.strip() for cell in cells]
            line = reader.line_num + 1
    except csv.Error:
        raise ContentError.at("stations-broken", name, line) from None


def _columns(titles: list[str], name: str, line: int) -> tuple[tuple[str, ...], list[Mistake]]:
    columns = tuple(title.casefold() for title in titles)
    while columns and not columns[-1]:  # Excel keeps columns that were emptied
        columns = columns[:-1]
    known = ", ".join(COLUMNS)
    mistakes = [
        Mistake("stations-column-unknown", Where(name, line, title or None), {"column": title, "known": known})
        for title in titles[: len(columns)]
        if title.casefold() not in COLUMNS
    ]
    mistakes += [
        Mistake("stations-column-repeated", Where(name, line, column), {"column": column})
        for column in COLUMNS
        if columns.count(column) > 1
    ]
    if "code" not in columns:
        mistakes.append(Mistake("stations-column-missing", Where(name, line), {"column": "code", "known": known}))
    return columns, mistakes


@dataclass(frozen=True)
class _Row:
    """One row, and the list that its mistakes go to."""

    file: str
    line: int
    columns: tuple[str, ...]
    cells: list[str]
    mistakes: list[Mistake]

    def cell(self, column: str) -> str:
        place = self.columns.index(column) if column in self.columns else len(self.cells)
        return self.cells[place] if place < len(self.cells) else ""

    def items(self, column: str, marks: str = ";\n") -> list[str]:
        """What a cell lists, parted by semicolons or by lines."""
        return [item.strip() for item in re.split(f"[{marks}]", self.cell(column)) if item.strip()]

    def wrong(self, column: str, code: str, **fields: object) -> None:
        self.mistakes.append(Mistake(code, Where(self.file, self.line, column or None), fields))


def _station(row: _Row, communes: Mapping[str, Commune], defaults: LoudspeakerSettings) -> Station:
    """A row as a station; what is wrong in it goes to its mistakes. Without a code where that is wrong."""
    if any(row.cells[len(row.columns) :]):
        row.wrong("", "station-cells", columns=len(row.columns), cells=len(row.cells))
    targets = [target.name for target in defaults.targets]
    target = row.cell("target")
    if target and target not in targets:
        row.wrong("target", "station-target", value=_shown(target), known=", ".join(targets) or "-")
    hotline = row.cell("hotline")
    if hotline and not _HOTLINE.fullmatch(hotline):
        row.wrong("hotline", "station-hotline", value=_shown(hotline))
    return Station(
        commune=_code(row, communes),
        slots=tuple(sorted(set(_listed(row, "slots", _slot, "station-slot", ";,\n")))) or tuple(sorted(defaults.slots)),
        name=next(iter(_listed(row, "name", _words, "station-words", "\n")), ""),
        clusters=tuple(dict.fromkeys(_listed(row, "clusters", _words, "station-words"))),
        languages=tuple(dict.fromkeys(_listed(row, "languages", _language, "station-language", ";,\n"))),
        hotline=hotline,
        target=target or defaults.target,
    )


def _code(row: _Row, communes: Mapping[str, Commune]) -> str:
    written = row.cell("code")
    # Excel takes 05443 for a number and drops the zero in front
    code = written.zfill(_CODE_DIGITS) if written.isascii() and written.isdigit() else written
    if code in communes:
        return code
    row.wrong("code", "station-commune", value=_shown(written))
    return ""


def _listed(row: _Row, column: str, read: Callable[[str], T | None], code: str, marks: str = ";\n") -> list[T]:
    found: list[T] = []
    for item in row.items(column, marks):
        value = read(item)
        if value is None:
            row.wrong(column, code, value=_shown(item))
        else:
            found.append(value)
    return found


def _slot(written: str) -> time | None:
    match = _SLOT.fullmatch(written)
    if match is None or (":" in written and match["minute"] is None):
        return None
    return time(int(match["hour"]), int(match["minute"] or 0))


def _language(written: str) -> str | None:
    return written if re.fullmatch(LANGUAGE, written) else None


def _words(written: str) -> str | None:
    # these go into sheets and file names: what starts with = is a formula there
    fit = written.isprintable() and len(written) <= _LONGEST and not written.startswith(("=", "@"))
    return written if fit else None


def _shown(value: str) -> str:
    text = " ".join(value.split())
    text = text if text.isprintable() else ascii(text)
    return text if len(text) <= 40 else f"{text[:37]}..."
