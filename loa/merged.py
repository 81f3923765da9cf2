"""Which cells of an XLSX workbook were merged: calamine gives their words to the first line alone.

People merge the commune or the day of several lines into one cell, and mean it of each of them.
"""

from __future__ import annotations

import html
import posixpath
import re
import zipfile
from dataclasses import dataclass

_SHEET = re.compile(r"<(?:\w+:)?sheet\s[^>]*>")
_RELATION = re.compile(r"<(?:\w+:)?Relationship\s[^>]*>")
_ATTRIBUTE = re.compile(r"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
# a cell that says something: an empty one with a border closes itself
_CELL = re.compile(r"<(?:\w+:)?c\s(?:[^>]*?\s)?r=[\"']([A-Z]{1,3})(\d{1,7})[\"'][^>/]*>\s*<(?:\w+:)?(?:v|is|f)\b")
_MERGED = re.compile(r"<(?:\w+:)?mergeCell\s[^>]*?ref=[\"']([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})[\"']")


class BadSheet(ValueError):
    """The workbook's parts do not fit together."""


@dataclass(frozen=True, slots=True)
class Spans:
    """The merged cells of one sheet: (column, first line, last line), from 0 and from the sheet's first used column.

    `cells` is how many cells the table has that a reader must make of it.
    """

    merged: tuple[tuple[int, int, int], ...]
    cells: int

    def filled(self, rows: list[list[str]]) -> list[list[str]]:
        """The rows, with the words of a merged cell in each of its lines. Columns are left: a title spans those."""
        for column, first, last in self.merged:
            if first < len(rows) and 0 <= column < len(rows[first]):
                for row in rows[first + 1 : last + 1]:
                    row[column] = row[column] or rows[first][column]
        return rows


def spans(packed: zipfile.ZipFile) -> dict[str, Spans]:
    """Sheet name -> its merged cells; nothing for a package that is no XLSX workbook."""
    if "xl/workbook.xml" not in packed.namelist():
        return {}
    targets = {}
    if "xl/_rels/workbook.xml.rels" in packed.namelist():
        for relation in _RELATION.findall(_text(packed, "xl/_rels/workbook.xml.rels")):
            said = _attributes(relation)
            targets[said.get("Id", "")] = said.get("Target", "")
    found = {}
    for sheet in _SHEET.findall(_text(packed, "xl/workbook.xml")):
        said = _attributes(sheet)
        relation_id = next((value for name, value in said.items() if name.rpartition(":")[2] == "id"), "")
        part = posixpath.normpath(posixpath.join("xl", targets.get(relation_id, ""))).lstrip("/")
        part = part if not targets.get(relation_id, "").startswith("/") else targets[relation_id].lstrip("/")
        if part in packed.namelist():
            found[html.unescape(said.get("name", ""))] = _spans(_text(packed, part))
    return found


def _spans(text: str) -> Spans:
    first, last, bottom = 0, 0, 0
    for letters, line in _CELL.findall(text):
        column = _number(letters)
        first = min(first or column, column)
        last, bottom = max(last, column), max(bottom, int(line))
    merged = tuple(
        (_number(letters) - first, int(top) - 1, int(end) - 1)
        for letters, top, end in _MERGED.findall(text)
        if int(end) > int(top)
    )
    return Spans(merged, (last - first + 1) * bottom)


def _number(letters: str) -> int:
    """A -> 1, Z -> 26, AA -> 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _attributes(tag: str) -> dict[str, str]:
    return {name: one or other for name, one, other in _ATTRIBUTE.findall(tag)}


def _text(packed: zipfile.ZipFile, part: str) -> str:
    try:
        return packed.read(part).decode("utf-8-sig", "replace")
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError) as error:
        raise BadSheet(part) from error
