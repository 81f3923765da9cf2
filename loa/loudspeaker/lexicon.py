"""The lexicon: a file that officers edit, saying how a written form is read aloud.

`assets/lexicon/<language>.yaml`; what a workspace reads otherwise stands in `<language>.local.yaml` beside it and goes
before it, entry by entry, so that a newer shared file can take the place of the old one.

A key without capitals is found however it is capitalised (`website`, `Website`); any other key only as it is written
(`QR`, `VNeID`). The longest key goes first. A reading is plain words: a figure or an abbreviation in one is refused at
its line, so a lexicon can neither loop nor leave anything unread.
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
    """The lexicon of a language below `assets`, a workspace's own readings (`vi.local.yaml`, if there) over it.

    Raises `ContentError` naming file, line and entry.
    """
    shared = assets / FOLDER / f"{language}.yaml"
    own = assets / FOLDER / f"{language}.local.yaml"
    lexicon = _read_file(shared, language, name_of(shared))
    return _over(_read_file(own, language, name_of(own)), lexicon) if own.is_file() else lexicon


def _read_file(path: Path, language: str, name: str) -> Lexicon:
    located = read_yaml(path, name)
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


def _over(own: Lexicon, shared: Lexicon) -> Lexicon:
    """Entry by entry, the workspace's own reading instead of the shared one; its hotlines are added."""
    tables = {name: {**getattr(shared, name), **getattr(own, name)} for name in _TABLES}
    hotlines = tuple(dict.fromkeys((*shared.hotlines, *own.hotlines)))
    both = hashlib.sha256(f"{shared.sha256} {own.sha256}".encode()).hexdigest()
    return Lexicon(shared.language, **tables, hotlines=hotlines, sha256=both)


def _unreadable(written: LexiconFile, located: Located) -> list[Mistake]:
    """Readings that are not plain words, each once; a ring of entries that read each other is one mistake."""
    # English voices spell capitals by themselves, one letter at a time: "O T P" has no token of two
    found = {
        (table, key): [token for _, token in leftovers(nfc(reading))] or ([] if reading else [""])
        for table in _TABLES
        for key, reading in getattr(written, table).items()
    }
    rings = _rings({key: tokens for (table, key), tokens in found.items() if table == "words"})
    looped = {key for ring in rings for key in ring}
    return [
        *(located.mistake("lexicon-loop", ("words", ring[0]), chain=" → ".join([*ring, ring[0]])) for ring in rings),
        *(
            located.mistake(
                "lexicon-reading", place, key=place[1], reading=getattr(written, place[0])[place[1]], found=t[0]
            )
            for place, t in found.items()
            if t and not (place[0] == "words" and place[1] in looped)
        ),
    ]


def _rings(uses: Mapping[str, list[str]]) -> list[list[str]]:
    """Every ring of entries whose readings lead back to themselves, from its first entry on."""
    rings: list[list[str]] = []
    seen: set[str] = set()
    for start in uses:
        path: list[str] = []
        key: str | None = start
        while key is not None and key not in seen:
            seen.add(key)
            path.append(key)
            key = next((token for token in uses[key] if token in uses), None)
        if key in path:
            rings.append(path[path.index(key) :])
    return rings
