"""Which commune of today a row means. By code first, then by province, district and commune of before 1 July 2025, or
by province and commune of today. What may mean two communes goes to a person: nothing is guessed.

The traps are in audiences/README.md: split communes, codes that changed their meaning, names that differ by accents.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from loa.model.errors import ContentError
from loa.model.places import Commune, OldCommune
from loa.place_names import COMMUNE_KINDS, DISTRICT_KINDS, PROVINCE_KINDS, REMEMBERED, Index, plain_name, read_names

Reading = Literal["any", "today", "old"]

# names that people use for a province and that are in neither table, in the form of `plain_name`
_ALIASES: Mapping[str, str] = {
    "hcm": "Thành phố Hồ Chí Minh",
    "tphcm": "Thành phố Hồ Chí Minh",
    "tp hcm": "Thành phố Hồ Chí Minh",
    "thua thien hue": "Thành phố Huế",
}
_MARKED = re.compile(r"\s*\((mới|moi|new|cũ|cu|old)\)\s*$", re.IGNORECASE)
_REMEMBERED = 100_000  # answers kept: people of one commune write it in a handful of ways


@dataclass(frozen=True, slots=True)
class Written:
    """What a row says of a place; empty where it says nothing. `reading`: the column itself said old or of today."""

    commune: str
    district: str = ""
    province: str = ""
    code: str = ""
    reading: Reading = "any"


@dataclass(frozen=True, slots=True)
class Unplaced:
    """Why a row's commune cannot be told. `column` is the one to mend."""

    code: str
    column: str
    fields: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class _Scope:
    """What a province's name may cover: communes of today, and those from before with their districts."""

    today: Index[Commune]
    old: Index[OldCommune]
    districts: Index[tuple[str, str]]
    codes: frozenset[str]
    names: Mapping[str, str]
    """A name for each name without accents."""


class Places:
    """The communes of today and of before, ready to be looked up."""

    def __init__(self, communes: Mapping[str, Commune], old: Iterable[OldCommune]) -> None:
        self._communes = communes
        self._old_by_code: dict[str, list[OldCommune]] = defaultdict(list)
        self._old_by_new: dict[str, list[OldCommune]] = defaultdict(list)
        self._old_by_province: dict[str, list[OldCommune]] = defaultdict(list)
        for unit in old:
            if unit.code:
                self._old_by_code[unit.code].append(unit)
            self._old_by_new[unit.new_code].append(unit)
            self._old_by_province[unit.province].append(unit)
        names = {unit.province for unit in communes.values()} | set(self._old_by_province)
        self._provinces = Index([(name, name) for name in sorted(names)], PROVINCE_KINDS)
        self._scopes: dict[str, _Scope] = {}
        self._called: dict[str, _Scope | None] = {}
        self._found: dict[Written, Commune | Unplaced] = {}

    def find(self, written: Written) -> Commune | Unplaced:
        """The commune of today that a row means, or why that cannot be told."""
        known = self._found.get(written)
        if known is None:
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
            known = self._found[written] = self._find(written)
        return known

    def _find(self, written: Written) -> Commune | Unplaced:
        commune, reading = written.commune.strip(), written.reading
        if marked := _MARKED.search(commune):
            commune = commune[: marked.start()]
            reading = "today" if marked[1].casefold() in ("mới", "moi", "new") else "old"
        code = written.code.strip()
        if not code and re.fullmatch(r"[0-9]{1,5}", commune):
            code, commune = commune, ""
        if code:
            return self._by_code(code, commune, written, reading)
        if not commune and not written.district.strip():
            return Unplaced("commune-empty", "commune")
        if not written.province.strip():
            return Unplaced("province-missing", "province")
        scope = self._scope(written.province)
        if scope is None:
            return Unplaced("province-unknown", "province")
        if written.district.strip():
            return self._by_district(commune, written.district, scope, reading)
        return self._by_name(commune, scope, reading)

    # by code

    def _by_code(self, code: str, name: str, written: Written, reading: Reading) -> Commune | Unplaced:
        column = "code" if written.code.strip() else "commune"
        if not re.fullmatch(r"[0-9]{1,5}", code):
            return Unplaced("commune-code-unknown", column)
        if len(code) < 5 and not written.province.strip():
            return Unplaced("province-missing", "province")  # a code that lost its zeros needs something to hold it to
        code = code.zfill(5)
        today = self._communes.get(code) if reading != "old" else None
        olds = self._old_by_code.get(code, []) if reading != "today" else []
        found = self._settle(today, olds, name, column)
        if isinstance(found, Unplaced):
            return found
        if written.province.strip():
            scope = self._scope(written.province)
            if scope is None:
                return Unplaced("province-unknown", "province")
            if found.code not in scope.codes:
                return Unplaced("commune-elsewhere", column, {"name": found.name, "province": found.province})
        return found

    def _settle(self, today: Commune | None, olds: Sequence[OldCommune], name: str, column: str) -> Commune | Unplaced:
        """One commune out of what a code meant before and means now; a name beside the code may tell which."""
        after = {unit.new_code for unit in olds}
        if today is None and not olds:
            return Unplaced("commune-code-unknown", column)
        fits_today = today is not None and (not name or self._is_called(today, name))
        if len(after) <= 1 and (today is None or after <= {today.code}):
            found = today or self._communes[min(after)]
            if name and not self._is_called(found, name):
                return Unplaced("commune-code-name", column, {"name": found.name})
            return found
        if today is None:
            return self._split(after, column)
        if name and fits_today and not _called(name, [unit.name for unit in olds]):
            return today
        return Unplaced("commune-code-two", column, {"old": olds[0].name, "today": today.name})

    def _is_called(self, unit: Commune, name: str) -> bool:
        """Whether a name is that of a commune of today, or of one it came from."""
        return _called(name, [unit.name, *(old.name for old in self._old_by_new[unit.code])])

    # by name

    def _by_district(self, commune: str, district: str, scope: _Scope, reading: Reading) -> Commune | Unplaced:
        districts = set(scope.districts.find(district))
        if not districts:
            return Unplaced("district-unknown", "district")
        of_today = [
            unit
            for unit in scope.today.find(commune)
            if any((old.province, old.district) in districts for old in self._old_by_new[unit.code])
        ]
        if reading == "today":
            return self._only({unit.code for unit in of_today}, commune, scope)
        if commune:
            before = [unit for unit in scope.old.find(commune) if (unit.province, unit.district) in districts]
        else:  # five island districts had no communes
            of_districts = [unit for province, _ in districts for unit in self._old_by_province[province]]
            before = [unit for unit in of_districts if not unit.name and (unit.province, unit.district) in districts]
            if not before:
                return Unplaced("commune-empty", "commune")
        after = {unit.new_code for unit in before}
        if any(unit.split for unit in before):
            return self._split(after, "commune")
        if reading == "any":
            after |= {unit.code for unit in of_today}
        return self._only(after, commune, scope)

    def _by_name(self, commune: str, scope: _Scope, reading: Reading) -> Commune | Unplaced:
        before = scope.old.find(commune) if reading != "today" else []
        if any(unit.split for unit in before):
            return self._split({unit.new_code for unit in before}, "commune")
        of_today = scope.today.find(commune) if reading != "old" else []
        if not of_today and before:
            # even a name that is alone in our table may have had a namesake that an earlier merger took away
            districts = ", ".join(sorted({unit.district for unit in before}))
            return Unplaced("district-missing", "district", {"districts": districts})
        return self._only({unit.code for unit in of_today}, commune, scope)

    def _only(self, codes: set[str], commune: str, scope: _Scope) -> Commune | Unplaced:
        if len(codes) == 1:
            return self._communes[min(codes)]
        if codes:
            return Unplaced("commune-ambiguous", "commune", {"candidates": self._listed(codes)})
        plain = plain_name(commune, COMMUNE_KINDS)
        # of two texts that are four fifths the same, neither is more than half as long again as the other
        known = [name for name in scope.names if len(name) <= 1.5 * len(plain) and len(plain) <= 1.5 * len(name)]
        for close in difflib.get_close_matches(plain, known, n=1, cutoff=0.8):
            return Unplaced("commune-not-found-close", "commune", {"close": scope.names[close]})
        return Unplaced("commune-not-found", "commune")

    def _split(self, codes: set[str], column: str) -> Unplaced:
        return Unplaced("commune-split", column, {"candidates": self._listed(codes)})

    def _listed(self, codes: set[str]) -> str:
        return "; ".join(f"{self._communes[code].name} ({code})" for code in sorted(codes))

    def _scope(self, province: str) -> _Scope | None:
        """What a province's name covers, both as it was before 1 July 2025 and as it is."""
        if province not in self._called:
            if len(self._called) >= REMEMBERED:
                self._called.clear()
            self._called[province] = self._find_scope(province)
        return self._called[province]

    def _find_scope(self, province: str) -> _Scope | None:
        alias = _ALIASES.get(plain_name(province, {}))
        names = {alias} if alias else set(self._provinces.find(province))
        if len(names) != 1:
            return None
        name = names.pop()
        if name not in self._scopes:
            self._scopes[name] = self._make_scope(name)
        return self._scopes[name]

    def _make_scope(self, province: str) -> _Scope:
        codes = {unit.code for unit in self._communes.values() if unit.province == province}
        old = [unit for code in sorted(codes) for unit in self._old_by_new[code]]
        old += [unit for unit in self._old_by_province[province] if unit.new_code not in codes]
        codes |= {unit.new_code for unit in old}
        districts = sorted({(unit.province, unit.district) for unit in old})
        today = Index([(self._communes[code].name, self._communes[code]) for code in sorted(codes)], COMMUNE_KINDS)
        before = Index([(unit.name, unit) for unit in old if unit.name], COMMUNE_KINDS)
        names = {plain: before.named(plain)[0].name for plain in before.plain_names}
        return _Scope(
            today=today,
            old=before,
            districts=Index([(key[1], key) for key in districts], DISTRICT_KINDS),
            codes=frozenset(codes),
            names=names | {plain: today.named(plain)[0].name for plain in today.plain_names},
        )


def _called(name: str, names: Sequence[str]) -> bool:
    """Whether a text names one of these; a text without a word in it contradicts none."""
    index = Index([(known, known) for known in names], COMMUNE_KINDS)
    return bool(index.find(name)) or not read_names(name, COMMUNE_KINDS)


def read_old_communes(path: Path, name: str) -> tuple[OldCommune, ...]:
    """The table of old communes. Raises `ContentError` where it is not there or lacks a column."""
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            return tuple(
                OldCommune(
                    code=row["old_code"],
                    province=row["old_province"],
                    district=row["old_district"],
                    name=row["old_commune"],
                    new_code=row["new_code"],
                    split=row["split"] == "1",
                )
                for row in csv.DictReader(lines)
            )
    except FileNotFoundError as error:
        raise ContentError.at("file-missing", name) from error
    except UnicodeDecodeError as error:
        raise ContentError.at("not-utf-8", name) from error
    except KeyError as error:
        raise ContentError.at("key-missing", name, key=str(error.args[0])) from error
