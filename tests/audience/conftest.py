"""A workspace with the communes tables, and a desk in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loa.audience.places import Places, read_old_communes
from loa.channel import Desk
from loa.model.clock import Clock
from loa.store import Store
from loa.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
Lay = Callable[[str, str | bytes], Path]


@pytest.fixture(scope="session")
def places() -> Places:
    workspace = Workspace(ROOT)
    return Places(workspace.communes, read_old_communes(workspace.audiences / "communes-old.csv", "communes-old.csv"))


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Iterator[Desk]:
    (tmp_path / "audiences").mkdir()
    for table in ("audiences/communes.csv", "audiences/communes-old.csv", "loa.toml"):
        shutil.copyfile(ROOT / table, tmp_path / table)
    store = Store.open("sqlite:///var/loa.db", tmp_path, clock)
    yield Desk(Workspace.at(tmp_path), store, clock, {})
    store.close()


@pytest.fixture
def lay(tmp_path: Path) -> Lay:
    """Lays a list of people into the workspace."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode("utf-8-sig") if isinstance(content, str) else content)
        return path

    return write
