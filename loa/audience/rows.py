"""What one row says -> what is kept of a person, or what is to be mended. Pure: no file, no store, no clock.

What is kept of a person is the number, the commune, and what they stated themselves: language and group. Names and
every other column go no further than this (Law 91/2025 on personal data; Decree 356/2025: ethnic origin is sensitive).

This is the rule. `loa.audience.columns` comes to the same over whole columns, by asking here once for each distinct
thing that rows say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from loa.audience.places import Places, Unplaced, Written
from loa.audience.vocabulary import plain, vocabulary
from loa.model.phone import Number, Problem, parse
from loa.model.sentences import Words, words
from loa.text.normal import nfc

COMMUNE_COLUMNS = frozenset({"commune", "commune_today", "code", "code_today"})
PLACE_COLUMNS = COMMUNE_COLUMNS | {"district", "province"}
MAX_GROUP = 80  # characters: the name of a group, not a note


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to mend: a code of `sentences.toml`, the column of ours and what stands in it."""

    code: str
    column: str = ""
    value: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)

    @property
    def words(self) -> Words:
        return words(self.code, self.fields)


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of a row: what is kept of the person, or all that is to be mended. Its number is apart from this.

    `said_no`: the row says that its number does not consent. `group_dropped`: the group was sensitive and not kept.
    """

    commune: str = ""
    language: str = ""
    group: str = ""
    faults: tuple[Fault, ...] = ()
    said_no: bool = False
    group_dropped: bool = False


def clean(text: str) -> str:
    """A cell as it is read: composed, with single spaces."""
    return " ".join(nfc(text).split())


def number_of(text: str) -> Number | Fault:
    """The number that a clean cell spells, or what is to be mended in it."""
    number = parse(text)
    return Fault(number.code, "phone", text, number.fields) if isinstance(number, Problem) else number


def judge(cells: Mapping[str, str], places: Places) -> Judged:
    """What a row comes to by its clean cells (column of ours to text), but for its number.

    Every fault is named at once, in the order of what a person mends first, so that a row is mended once; the fault of
    its number, if it has one, comes before them.
    """
    return judge_person(cells).at(*find_commune(cells, places))


@dataclass(frozen=True, slots=True)
class Person:
    """What a row says of a person but the commune: what is kept, and the faults of it. `last` is set where the row says
    no: nothing else is worth mending in the row of somebody who does not want to be written to."""

    language: str = ""
    group: str = ""
    faults: tuple[Fault, ...] = ()
    group_dropped: bool = False
    last: Judged | None = None

    def at(self, commune: str, bad_commune: Fault | None) -> Judged:
        """What the row comes to, with its commune."""
        if self.last is not None:
            return self.last
        if bad_commune is not None or self.faults:
            return Judged(faults=(bad_commune, *self.faults) if bad_commune else self.faults)
        return Judged(commune, self.language, self.group, group_dropped=self.group_dropped)


def judge_person(cells: Mapping[str, str]) -> Person:
    """What the clean cells of a row say, but for the number and the commune."""
    no_consent = _consent(cells["consent"]) if "consent" in cells else None
    if no_consent is not None:
        return Person(last=Judged(faults=(no_consent,), said_no=plain(cells["consent"]) in vocabulary().no))
    language, bad_language = _language(cells.get("language", ""))
    group, bad_group = _group(cells.get("group", ""))
    faults = tuple(fault for fault in (bad_language, bad_group) if fault)
    return Person(language, group, faults, group_dropped=bool(cells.get("group")) and not group)


@lru_cache(maxsize=4096)
def _consent(text: str) -> Fault | None:
    """A list with a column for consent is taken at its word: only a clear yes is one."""
    said = plain(text)
    if said in vocabulary().yes:
        return None
    code = "consent-missing" if not said or said in vocabulary().no else "consent-unclear"
    return Fault(code, "consent", text)


def find_commune(cells: Mapping[str, str], places: Places) -> tuple[str, Fault | None]:
    """The code of today's commune that the clean cells of a row name, or what is to be mended in them.

    Neither where the list has no column for a commune at all.
    """
    if not cells.keys() & COMMUNE_COLUMNS:
        return "", None
    today = bool(cells.get("commune_today") or cells.get("code_today"))
    suffix = "_today" if today else ""
    written = Written(
        commune=cells.get(f"commune{suffix}", ""),
        district=cells.get("district", ""),
        province=cells.get("province", ""),
        code=cells.get(f"code{suffix}", ""),
        reading="today" if today else "any",
    )
    found = places.find(written)
    if not isinstance(found, Unplaced):
        return found.code, None
    column = found.column + suffix if found.column + suffix in cells else found.column
    return "", Fault(found.code, column, cells.get(column, ""), found.fields)


@lru_cache(maxsize=4096)
def _language(text: str) -> tuple[str, Fault | None]:
    """The person's own choice as a tag; empty where none is stated: the language then follows the commune."""
    said = plain(text)
    tag = vocabulary().languages.get(said, "")
    if said and not tag:
        return "", Fault("language-unknown", "language", text, {"known": vocabulary().language_names})
    return tag, None


@lru_cache(maxsize=4096)
def _group(group: str) -> tuple[str, Fault | None]:
    """The group as it is written; empty where it is sensitive."""
    if vocabulary().is_sensitive(group):
        return "", None
    if len(group) > MAX_GROUP:
        return "", Fault("group-too-long", "group", group[:MAX_GROUP], {"most": MAX_GROUP})
    return group, None
