"""The whole sample against what its maker says each row should come to."""

from __future__ import annotations

import importlib.util
import io
import re
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from types import ModuleType

import pytest

from loa.audience.importing import Imported, import_people
from loa.audience.places import Places
from loa.model.clock import VIETNAM, FixedClock

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "audiences" / "samples" / "thai-nguyen-2000.csv"

CODES = {
    "duplicate": {"phone-duplicate"},
    "landline": {"phone-landline"},
    "phone missing": {"phone-missing"},
    "not a number": {"phone-not-a-number", "phone-digits", "phone-country-digits", "phone-no-zero", "phone-rounded"},
    "unknown prefix": {"phone-unknown-prefix"},
    "no consent": {"consent-missing"},
    "commune split": {"commune-split"},
    "commune missing": {"commune-empty"},
    "commune ambiguous": {"commune-ambiguous"},
    "commune not found": {"commune-not-found"},
}


def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_sample_audience", ROOT / "tools" / "make_sample_audience.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def made() -> ModuleType:
    return maker()


@pytest.fixture(scope="module")
def imported(places: Places) -> Imported:
    clock = FixedClock(datetime(2027, 9, 10, 8, 0, tzinfo=VIETNAM))
    return import_people(io.BytesIO(SAMPLE.read_bytes()), SAMPLE.name, "0" * 64, "thai-nguyen", places, clock)


@pytest.fixture(scope="module")
def rejected(imported: Imported) -> dict[int, dict[str, str]]:
    """The rejects by their row."""
    return {row["number"]: row for frame in imported.rejects() for row in frame.iter_rows(named=True)}


def test_each_row_comes_to_what_its_maker_says(
    made: ModuleType, imported: Imported, rejected: dict[int, dict[str, str]]
) -> None:
    people = {row["phone"]: row for row in imported.people.iter_rows(named=True)}
    for line, row in enumerate(made.make(), start=2):
        if row.outcome == "clean":
            assert line not in rejected, row
            person = people[f"+84{row.number[1:]}"]
            assert (person["commune"], person["group"]) == (row.code, row.group), row
            assert person["language"] == row.language.lower(), row
        else:
            assert rejected[line]["code"] in CODES[row.outcome], row


def test_each_duplicate_names_the_row_of_the_first(made: ModuleType, rejected: dict[int, dict[str, str]]) -> None:
    rows = dict(enumerate(made.make(), start=2))
    named = re.compile(r"ở dòng (\d+)\.")
    pairs = [(again, int(found[1])) for again, row in rejected.items() if (found := named.search(row["vi"]))]
    assert len(pairs) == 60
    for again, first in pairs:
        assert first < again
        assert rows[first].number == rows[again].number
        assert rows[first].outcome == "clean"


def test_the_guessed_operators_are_those_of_the_prefixes(made: ModuleType, imported: Imported) -> None:
    operator_of = {prefix: name for name, (_, prefixes) in made.OPERATORS.items() for prefix in prefixes}
    wanted = Counter(operator_of[row.number[:3]] for row in made.make() if row.outcome == "clean")
    assert imported.info.operators == dict(wanted)
    assert sum(imported.info.operators.values()) == imported.info.clean == 1720


def test_counts_add_up(imported: Imported) -> None:
    info = imported.info
    assert (info.total, info.clean, info.rejected) == (2000, 1720, 280)
    assert sum(info.reasons.values()) == 280


def test_nothing_but_number_commune_language_and_group_is_kept(imported: Imported) -> None:
    frame = imported.people
    assert frame.columns == ["phone", "operator", "commune", "language", "group"]
    assert frame.null_count().sum_horizontal().item() == 0
    assert not any("mẫu" in cell.casefold() for row in frame.iter_rows() for cell in row)


def test_the_sample_says_who_consented_and_holds_nothing_sensitive(imported: Imported) -> None:
    assert imported.findings == ()
