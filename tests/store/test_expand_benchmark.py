"""The benchmark of expanding does what it says, however few the people."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from loa import seed

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "expand.py"
PEOPLE = 150


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_expand", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_each_measurement_is_of_all_people(script: ModuleType, database_url: str, tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    seed.lay_out(root)
    kind = database_url.split(":", 1)[0]
    base = [name for name in script.STEPS if name.startswith("COPY" if kind == "postgresql" else "bare")]
    assert base
    took = {name: script.STEPS[name](root, database_url, PEOPLE) for name in ("lay-out", "ledger", *base)}
    assert all(took[name]["seconds"] > 0 for name in ("ledger", *base))
    later = script.then(root, database_url, PEOPLE)
    assert later["export of every row"] > 0


def test_the_people_of_the_benchmark_are_nobody(script: ModuleType) -> None:
    found = script.people(1000, ["05443", "05455"])
    assert found["phone"].n_unique() == 1000
    assert found["phone"].str.contains(r"^\+840\d{8}$").all(), "no Vietnamese network begins with 0"
