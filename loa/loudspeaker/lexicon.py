"""The lexicon: a file that officers edit, saying how a written form is read aloud.

`assets/lexicon/<language>.yaml`. A key without capitals is found however it is capitalised (`website`, `Website`);
any other key only as it is written (`QR`, `VNeID`). The longest key goes first. A reading is plain words: a figure or
an abbreviation in one is refused at its line, so a lexicon can neither loop nor leave anything unread.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from pydantic import Field

from loa.loudspeaker.reading.leftovers import leftovers
from loa.model.campaign import Language, Written
from loa.model.errors import ContentError, Mistake
from loa.text.normal import nfc
from loa.written import Located, read_yaml, validate

_TABLES = ("words", "letters", "units", "money", "labels", "documents", "issuers")
FOLDER = "lexicon"


class LexiconFile(Written):
    """One lexicon file."""

    language: Language
    words: dict[str, str] = Field(default_factory=dict, description="abbreviations and names")
    letters: dict[str, str] = Field(default_factory=dict, description="names of single capital letters")
    units: dict[str, str] = Field(default_factory=dict, description="after a number: km, m², °C")
    money: dict[str, str] = Field(default_factory=dict, description="after a number: đ, VNĐ")
    labels: dict[str, str] = Field(default_factory=dict, description="parts of web and mail addresses")
    documents: dict[str, str] = Field(default_factory=dict, description="kinds of document: QĐ, NĐ, KH")
    issuers: dict[str, str] = Field(default_factory=dict, description="who issues documents: TTg, UBND")
    hotlines: tuple[str, ...] = Field(default=(), description="numbers always read digit by digit")


@dataclass(frozen=True)
class Lexicon:
    """How things are read in one language. `sha256` names the file it came from, for provenance."""

    language: str
    words: Mapping[str, str] = field(default_factory=dict)
    letters: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    money: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    documents: Mapping[str, str] = field(default_factory=dict)
    issuers: Mapping[str, str] = field(default_factory=dict)
    hotlines: tuple[str, ...] = ()
    sha256: str = ""

    def with_hotline(self, number: str) -> Lexicon:
        """The same lexicon that also reads `number` (a campaign's hotline) digit by digit."""
        known = re.sub(r"\D", "", number)
        return self if not known or known in self.hotlines else replace(self, hotlines=(*self.hotlines, known))

    def word(self, written: str) -> str:
        """The reading of an entry of `words`, matched as `words_pattern` found it."""
        return self.words[written] if written in self.words else self.words[written.lower()]

    @cached_property
    def words_pattern(self) -> re.Pattern[str] | None:
        exact = [re.escape(key) for key in _longest_first(self.words) if key != key.lower()]
        loose = [re.escape(key) for key in _longest_first(self.words) if key == key.lower()]
        branches = [*exact, *([f"(?i:{'|'.join(loose)})"] if loose else [])]
        return _whole(branches)

    @cached_property
    def slashed_pattern(self) -> re.Pattern[str] | None:
        """Entries with a stroke inside (`và/hoặc`): these are whole before a stroke is read as "or"."""
        return _whole([f"(?i:{re.escape(key)})" for key in _longest_first(self.words) if "/" in key and key.islower()])

    @cached_property
    def hotlines_pattern(self) -> re.Pattern[str] | None:
        return _whole([" ?".join(number) for number in _longest_first(self.hotlines)], edge=r"[\w/]|[.,]\d")

    @cached_property
    def units_choice(self) -> str:
        """A pattern that finds any unit; never empty."""
        return _choice(self.units)

    @cached_property
    def money_choice(self) -> str:
        return _choice(self.money)


def _longest_first(keys: Iterable[str]) -> list[str]:
    return sorted(keys, key=lambda key: (-len(key), key))


def _choice(keys: Iterable[str]) -> str:
    return "|".join(map(re.escape, _longest_first(keys))) or r"(?!)"


def _whole(branches: list[str], edge: str = r"\w") -> re.Pattern[str] | None:
    """Any branch that stands by itself."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(branches)})(?!{edge})") if branches else None


def read_lexicon(assets: Path, language: str, name_of: Callable[[Path], str] = str) -> Lexicon:
    """The lexicon of a language below `assets`. Raises `ContentError` naming file, line and entry."""
    path = assets / FOLDER / f"{language}.yaml"
    located = read_yaml(path, name_of(path))
    written = validate(LexiconFile, located)
    mistakes = _unreadable(written, located)
    if written.language != language:
        mistakes.append(
            located.mistake("lexicon-language", ("language",), language=written.language, expected=language)
        )
    if mistakes:
        raise ContentError(mistakes)
    tables = {name: {nfc(key): nfc(value) for key, value in getattr(written, name).items()} for name in _TABLES}
    hotlines = tuple(re.sub(r"\D", "", number) for number in written.hotlines)
    return Lexicon(language, **tables, hotlines=hotlines, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def _unreadable(written: LexiconFile, located: Located) -> list[Mistake]:
    # English voices spell capitals by themselves, one letter at a time: "O T P" has no token of two
    return [
        located.mistake("lexicon-reading", (table, key), key=key, reading=reading, found=found)
        for table in _TABLES
        for key, reading in getattr(written, table).items()
        for _, found in [*leftovers(nfc(reading)), *([] if reading else [(0, "")])][:1]
    ]
