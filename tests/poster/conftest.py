"""The workspace as it is shipped, a copy of it to spoil, and pieces made once."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from loa.poster import render, tokens
from loa.poster.layout import compose
from loa.poster.order import Order, read_compounds, take
from loa.poster.render import Pieces
from loa.poster.scene import Scene
from loa.poster.typeset import Typesetter
from loa.text.lint import Rules
from loa.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def shipped() -> Workspace:
    """The workspace that is in the repository. Not to be written to."""
    return Workspace.at(ROOT)


@pytest.fixture
def copied(tmp_path: Path) -> Workspace:
    """What posters are made of, to be spoilt."""
    for part in ("templates/poster", "assets"):
        shutil.copytree(ROOT / part, tmp_path / part)
    shutil.copy(ROOT / "loa.toml", tmp_path)
    return Workspace.at(tmp_path)


@pytest.fixture(scope="session")
def vi_values(shipped: Workspace) -> Mapping[str, object]:
    return render.sample_values(shipped, "vi")


@pytest.fixture(scope="session")
def ordered(shipped: Workspace, vi_values: Mapping[str, object]) -> Order:
    return take(shipped, "ba-buoc", "a3", "vi", vi_values, notes={"Kế hoạch": "81/KH-UBND"})


@pytest.fixture(scope="session")
def pieces(ordered: Order) -> Pieces:
    return render.make(ordered)


@pytest.fixture(scope="session")
def scene(ordered: Order) -> Scene:
    return compose(ordered, Typesetter(ordered.font, "vi", ordered.compounds))


@pytest.fixture(scope="session")
def typesetter(shipped: Workspace) -> Typesetter:
    return Typesetter(tokens.read_font(shipped, "be-vietnam-pro"), "vi", read_compounds(shipped, "vi"))


@pytest.fixture(scope="session")
def rules(vi_values: Mapping[str, object]) -> Rules:
    return Rules(("dichvucong.gov.vn",), (str(vi_values["issuer"]),), str(vi_values["hotline"]))


def edit(workspace: Workspace, file: str, old: str, new: str) -> None:
    """Changes a file of a copied workspace; what is to be changed must be there."""
    path = workspace.root / file
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{file} has no {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
