"""How much of a big release is Prefect's own time: flow start and end, tasks, records.

    python benchmarks/prefect_share.py [--people 100000] [--rate 1000]

The lane takes as many parts a second as operators give their fastest accounts; with a rate beyond what the ledger can
do (`--rate 10000`) the share is of the shortest release there can be.

A wave is imported, prepared, approved, and released as the flow that officers start, against an embedded server with a
database of its own. The server's start is not counted: it is up all year. Loa's own time is measured inside the flow,
around the desk and around each batch; the rest is Prefect's.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import polars as pl

from loa import gate, orchestrator, pipeline
from loa.model.audience import AudienceInfo
from loa.model.clock import VIETNAM
from loa.store.audiences import COLUMNS
from loa.workspace import Workspace

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests import conftest  # the small workspace

LANE = """
[[sms.lanes]]
name = "do"
gateway = "simulator"
sender = "DVC-MAU"
parts_per_second = {rate}
window = 1000
[sms.lanes.options]
latency_ms = 1
"""


def a_workspace(root: Path, rate: int) -> Workspace:
    now = datetime.now(VIETNAM).isoformat()
    rehearsal = f"\n[rehearsal]\nstarts_at = 2027-09-10T08:00:00+07:00\nset_at = {now}\n"
    conftest.lay_small(root)
    (root / "loa.toml").write_text(f'[sms]\nregistered_senders = ["DVC-MAU"]\n{LANE.format(rate=rate)}{rehearsal}')
    return Workspace.at(root)


def approve(root: Path, people: int) -> None:
    """Everything before the release."""
    desk = pipeline.open_desk(root, {})
    rows = {
        "phone": [f"+8491{i:05d}{10 + i % 90}" for i in range(people)],
        "operator": ["VinaPhone"] * people,
        "commune": ["05443"] * people,
        "language": [""] * people,
        "group": [""] * people,
    }
    frame = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String))
    desk.store.audiences.save(frame, AudienceInfo("dan", "", "mẫu", "", "", people, people, 0, {"VinaPhone": people}))
    found = pipeline.occasion(desk, "nho", "d-30")
    gate.approve(desk, asyncio.run(pipeline.prepare(desk, found, "lan")), "minh")
    desk.store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=1_000, help="parts per second of the lane")
    given = parser.parse_args()
    people = given.people
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "workspace"
        workspace = a_workspace(root, given.rate)
        approve(root, people)
        os.environ["LOA_WORKSPACE"] = str(root)
        with orchestrator.serve(workspace) as server:
            orchestrator.use(workspace, server)
            from flows import catalogue

            started = time.monotonic()
            sent = asyncio.run(catalogue.release("nho", "d-30", None, str(root)))
            orchestrator.SPENT.flows = time.monotonic() - started
    spent = orchestrator.SPENT
    print(f"{sent} messages in {spent.flows:.1f} s, {sent / spent.flows:.0f} a second")
    print(f"of that Prefect's own: {spent.prefects:.2f} s, {spent.prefects / spent.flows:.1%}")


if __name__ == "__main__":
    main()
