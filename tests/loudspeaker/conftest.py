"""Sound that several tests need, made once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from loa.channel import Desk
from loa.loudspeaker.speech.memory import MemoryEngine
from loa.model.clock import FixedClock
from loa.store import Store
from loa.workspace import Workspace

from .sounds import mastered
from .studio import job_of
from .tables import ROOT


@pytest.fixture(scope="session")
def short_mp3() -> bytes:
    """About four seconds of tones as MP3."""
    voice = MemoryEngine().speak("một hai ba bốn năm sáu bảy tám chín mười " * 1 + "một hai ba bốn", "vi")
    return mastered(voice, {"title": "thử"}).data


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    for folder in ("templates/loudspeaker", "assets/lexicon", "assets/sounds", "campaigns/plans", "audiences"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "loa.toml").write_text('[speech]\nengines = ["espeak"]\n', encoding="utf-8")
    return Workspace.at(tmp_path)


@pytest.fixture
def desk(workspace: Workspace) -> Iterator[Desk]:
    clock = FixedClock(job_of(workspace, "d-30").wave.send_at)
    store = Store.open("sqlite:///var/loa.db", workspace.root, clock)
    yield Desk(workspace, store, clock, {})
    store.close()
