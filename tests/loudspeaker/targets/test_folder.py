"""A mounted folder: what can go wrong with one."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from loa.loudspeaker.targets.base import Target, TargetRefuses
from loa.loudspeaker.targets.catalogue import open_target
from loa.model.clock import Clock
from loa.model.errors import ContentError
from tests.loudspeaker.targets.peers import settings

NAME, DATA = "goi.zip", b"0123456789" * 1000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "chung").mkdir()
    return tmp_path / "chung"


def target(root: Path, clock: Clock, **options: str | float) -> Target:
    return open_target(settings("folder", path=str(root), **options), {}, clock)


def test_a_share_without_its_marker_is_not_mounted(root: Path, clock: Clock) -> None:
    marked = target(root, clock, marker="o-chung.txt")
    with pytest.raises(TargetRefuses) as caught:
        asyncio.run(marked.put(NAME, DATA))
    assert caught.value.code == "target-folder-gone"
    assert list(root.iterdir()) == []
    (root / "o-chung.txt").touch()
    assert asyncio.run(marked.put(NAME, DATA)).path == str(root / NAME)


def test_a_root_that_is_a_file_is_none(root: Path, clock: Clock) -> None:
    (root / "x").touch()
    with pytest.raises(TargetRefuses) as caught:
        asyncio.run(target(root / "x", clock).put(NAME, DATA))
    assert caught.value.code == "target-folder-gone"


@pytest.mark.parametrize("made", ["file where a folder should be", "folder where the file should be"])
def test_what_is_in_the_way_needs_a_person(made: str, root: Path, clock: Clock) -> None:
    if made.startswith("file"):
        (root / "05443").touch()
    else:
        (root / "05443" / NAME).mkdir(parents=True)
    with pytest.raises(TargetRefuses) as caught:
        asyncio.run(target(root, clock).put(f"05443/{NAME}", DATA))
    assert caught.value.code == "target-name"
    assert [path.name for path in root.rglob("*.part")] == []


def test_what_another_process_may_be_writing_is_left_alone(root: Path, clock: Clock) -> None:
    young, old, other = (root / f".{name}" for name in ("goi.zip.aaaaaaaa.part", "goi.zip.bbbbbbbb.part", "khac.part"))
    for path in (young, old, other):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    os.utime(other, (0, 0))
    asyncio.run(target(root, clock).put(NAME, DATA))
    assert (young.exists(), old.exists(), other.exists()) == (True, False, True)


def test_a_full_disk_leaves_the_former_file_and_no_half(root: Path, clock: Clock) -> None:
    """The program runs by itself, under a limit on the size of files: the system then refuses to write on."""
    asyncio.run(target(root, clock).put(NAME, b"former"))
    program = f"""
import asyncio, resource
from loa.loudspeaker.targets.base import TargetLater
from loa.loudspeaker.targets.catalogue import open_target
from loa.model.clock import SystemClock
from loa.model.settings import TargetSettings
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
target = open_target(TargetSettings(name="thu", kind="folder", options={{"path": {str(root)!r}}}), {{}}, SystemClock())
try:
    asyncio.run(target.put({NAME!r}, {DATA!r}))
except TargetLater as error:
    print(error.code)
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["target-full"]
    assert {path.name: path.read_bytes() for path in root.iterdir()} == {NAME: b"former"}


def test_a_path_is_needed(clock: Clock) -> None:
    with pytest.raises(ContentError) as caught:
        open_target(settings("folder"), {}, clock)
    assert caught.value.where is not None
    assert (caught.value.code, caught.value.where.field) == ("key-missing", "loudspeaker.targets.thu.options.path")
