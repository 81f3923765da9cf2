"""The small workspace with a request to two operators, and the path from its file to a package in the outbox."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from loa import gate, handover, pipeline
from loa.channel import Desk, Job
from loa.model.clock import Clock
from tests.conftest import SMALL_CAMPAIGN

WAVE = "nho/2027/d-30"
DELIVERABLE = """\
  - id: nha-mang
    channel: operator-package
    title: {vi: Nhà mạng nhắn tin, en: Operators' broadcast}
    waves: [d-30]
    clauses: ["3.4"]
    topic: III.2
    template: tin
    languages: [vi]
    encoding: unaccented
    sender: DVC-MAU
    operators: [Viettel, VinaPhone]
    places: all
    window: {after_days: 7, days: 1, from: "08:00", to: "20:00"}
    contact: {name: Phòng Mẫu, phone: "0912 000 123"}
    addressees: {Viettel: Viettel Mẫu, VinaPhone: VNPT Mẫu}
"""


def write(root: Path, **changes: str) -> None:
    """The campaign with this one deliverable; `changes` are lines that stand in place of its own, by their key."""
    lines = DELIVERABLE
    for key, value in changes.items():
        kept = [line for line in lines.splitlines() if not line.startswith(f"    {key}:")]
        lines = "\n".join([*kept, *([f"    {key}: {value}"] if value else [])]) + "\n"
    start = SMALL_CAMPAIGN[: SMALL_CAMPAIGN.index("  - id: tin")]
    (root / "campaigns" / "nho.yaml").write_text(start + lines, encoding="utf-8")


@pytest.fixture
def root(small: Path) -> Path:
    write(small)
    return small


@pytest.fixture
def desk(root: Path, clock: Clock, database_url: str) -> Iterator[Desk]:
    made = pipeline.open_desk(root, {"LOA_DATABASE_URL": database_url}, clock)
    yield made
    made.store.close()


def job_of(desk: Desk) -> Job:
    return pipeline.occasion(desk, "nho", "d-30").jobs[0]


Release = Callable[[], Path]


@pytest.fixture
def release(desk: Desk) -> Release:
    """Prepares, approves and releases the wave; the folder of the package."""

    def run() -> Path:
        found = pipeline.occasion(desk, "nho", "d-30")
        bundle = asyncio.run(pipeline.prepare(desk, found, "lan"))
        gate.approve(desk, bundle, "minh")
        done = asyncio.run(pipeline.release(desk, found))
        assert (done.left, done.held) == (0, "")
        return handover.folder(replace(found.jobs[0], bundle=1), desk)

    return run
