"""Expands a wave until it is killed: python -m … URL ROOT PEOPLE BATCH. Says a line before every batch."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import polars as pl

from loa.model.clock import VIETNAM, FixedClock
from loa.store import JobKey, Store
from tests.store.expand_kit import crowd

url, root, people, batch = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
now = datetime(2027, 9, 10, 8, 0, tzinfo=VIETNAM)
store = Store.open(url, root, FixedClock(now))


def said() -> Iterator[pl.DataFrame]:
    for number, frame in enumerate(crowd(range(people)).iter_slices(batch)):
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        yield frame


store.ledger.expand_frames(JobKey("dvc-10-10/2027/d-30", "sms-people", "sms"), 1, said(), now)
