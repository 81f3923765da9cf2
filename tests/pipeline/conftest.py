"""A desk on the small workspace, with people in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from loa import pipeline
from loa.channel import Desk
from loa.model.audience import AudienceInfo
from loa.model.clock import Clock
from loa.store.audiences import COLUMNS


@pytest.fixture
def desk(small: Path, clock: Clock, database_url: str) -> Iterator[Desk]:
    made = pipeline.open_desk(small, {"LOA_DATABASE_URL": database_url}, clock)
    yield made
    made.store.close()


def add(desk: Desk, endings: list[str], name: str = "dan", first: int = 0) -> None:
    """People whose numbers end so, every tenth of them reading English, as an audience of this name."""
    rows = [
        (f"+8491{i:05d}{ending}", "VinaPhone", "05443", "en" if i % 10 == 9 else "", "")
        for i, ending in enumerate(endings, first)
    ]
    people = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")
    info = AudienceInfo(name, "", "mẫu", "", "", len(rows), len(rows), 0, {"VinaPhone": len(rows)})
    desk.store.audiences.save(people, info)
