"""Whose broadcast a line speaks of: which package, and which commune. A line may say it, or what stands above it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

from loa.filled import short
from loa.loudspeaker.airlog_reading.lines import Line, Lines
from loa.loudspeaker.airlog_reading.places import Communes
from loa.model.errors import ContentError
from loa.model.ledger import Row
from loa.store.airings import HANDED_OVER
from loa.text.normal import fold

_TOKEN = re.compile(r"[a-z0-9]+(?:[-/][a-z0-9]+)+")
_LABELLED = re.compile(r"^ma (?:goi tin|goi|ban tin)\s*:?\s*(\S*)")


@dataclass(frozen=True)
class Bulletin:
    """A package that was handed over, as it was approved. It may be played from `valid_from` to the end of `valid_to`.

    `rows` are its rows of the ledger by commune, `names` its communes' names by code.
    """

    id: str
    wave: str
    deliverable: str
    valid_from: datetime
    valid_to: date
    languages: tuple[str, ...]
    rows: Mapping[str, Row]
    names: Mapping[str, str]
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The languages that a commune was really given, by its code; none written down: all of them."""

    def languages_of(self, commune: str) -> tuple[str, ...]:
        return self.own.get(commune) or self.languages

    @property
    def key(self) -> str:
        """A longer name, for two packages whose ids are the same by chance."""
        return f"{self.wave}/{self.deliverable}"

    @cached_property
    def communes(self) -> Communes:
        return Communes({code: self.names.get(code, code) for code in self.rows})


class Whose:
    """The package and the commune that the lines of one sheet are under, followed from top to bottom."""

    def __init__(self, sheet: Lines, bulletins: Sequence[Bulletin], package: str = "") -> None:
        """`package` is the one meant where the sheet names none: what `--package` says."""
        self._sheet = sheet
        self._ids = [one.id for one in bulletins]
        self._known = {name: one for one in bulletins for name in (one.id, one.key)}
        self._asked = package.strip().casefold()
        self._above = self._in_head()
        self._place = ""  # the commune as a line or a heading has last named it

    def _in_head(self) -> str:
        """The package that stands above the table: its id, or what somebody wrote in its place."""
        for row in self._sheet.head:
            for place, cell in enumerate(row):
                if token := self._token(cell):
                    return token
                if match := _LABELLED.match(fold(cell)):
                    return match[1] or (fold(row[place + 1]) if place + 1 < len(row) else "")
        return ""

    def _token(self, text: str) -> str:
        return next((token for token in _TOKEN.findall(text.casefold()) if token in self._known), "")

    def heading(self, text: str) -> bool:
        """A row of one cell: whether it names the package or the commune of those below it."""
        if token := self._token(text):
            self._above = token
        elif any(len(one.communes.by_name(text)) == 1 for one in self._known.values()):
            self._place = text
        else:
            return False
        return True

    def named(self, line: Line) -> bool:
        """Whether a line names its commune; if so, the lines below that do not are of it too."""
        place = line.get("code") or line.get("commune")
        self._place = place or self._place
        return bool(place)

    # --- the package

    def bulletin(self, line: Line) -> Bulletin:
        """Raises `ContentError`: none, one that is not known, or another one than was asked for."""
        told = line.get("package")
        said = self._token(told) or told.casefold() or self._above
        asked = self._known.get(self._asked)
        if said in self._known and self._asked and self._known[said] is not asked:
            fields = {"value": short(said), "given": short(self._asked)}
            raise ContentError(line.mistake("airlog-package-contradicted", "package", **fields))
        found = self._known.get(said) or asked
        if found is None:
            known = ", ".join(self._ids[:8]) or "-"
            wrong = said or self._asked
            raise ContentError(
                line.mistake("airlog-package-unknown", "package", value=short(wrong), known=known)
                if wrong
                else line.mistake("airlog-package-missing", "package", known=known)
            )
        if self._ids.count(found.id) > 1 and found.key not in {said, self._asked}:
            same = ", ".join(one.key for name, one in self._known.items() if one.id == found.id and name == one.key)
            raise ContentError(line.mistake("airlog-package-two", "package", value=found.id, known=same))
        return found

    # --- the commune

    def row(self, line: Line, bulletin: Bulletin) -> Row:
        """The ledger's row of the commune. Raises `ContentError`: none, none of this package's, or two."""
        code = self._code(line, bulletin.communes)
        row = bulletin.rows[code]
        if row.state not in HANDED_OVER:
            raise ContentError(line.mistake("airlog-not-handed-over", "commune", name=bulletin.communes.name(code)))
        return row

    def _code(self, line: Line, communes: Communes) -> str:
        code, name = line.get("code"), line.get("commune")
        if not self.named(line):
            return self._code_above(line, communes)
        if code and not name and not re.search(r"\d", code):
            code, name = "", code  # a name in the code's column
        by_code, by_name = communes.by_code(code), communes.by_name(name) if name else ()
        if by_code and by_name and by_code not in by_name:
            fields = {"place": by_code, "name": communes.name(by_code), "value": short(name)}
            raise ContentError(line.mistake("airlog-commune-contradicted", "commune", **fields))
        if by_code:
            return by_code
        if len(by_name) > 1 and not code:
            known = ", ".join(f"{communes.name(one)} ({one})" for one in by_name)
            raise ContentError(line.mistake("airlog-commune-two", "commune", value=short(name), known=known))
        if code or not by_name:
            fields = {"value": short(code or name), "known": communes.like(name or code)}
            raise ContentError(line.mistake("airlog-commune", "code" if code else "commune", **fields))
        return by_name[0]

    def _code_above(self, line: Line, communes: Communes) -> str:
        """The commune of a line that names none: of the line or heading above it, of the head, of the sheet's name."""
        above = communes.by_name(self._place) if self._place else ()
        head = communes.in_words([cell for row in self._sheet.head for cell in row])
        title = communes.by_name(self._sheet.sheet)
        for found in (above, (head,) if head else (), title, (communes.only,) if communes.only else ()):
            if len(found) == 1:
                return found[0]
        raise ContentError(line.mistake("airlog-commune-missing", "commune", known=communes.like("")))
