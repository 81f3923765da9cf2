"""kill -9 in the middle of a release, again and again: nothing lost, nothing sent twice, doubt one window a kill.

What was sent is counted by the simulator's own book, not by ours.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime
from pathlib import Path

from loa import gate, pipeline, reconciling
from loa.model.clock import VIETNAM
from tests.pipeline.conftest import add

PEOPLE, WINDOW, KILLS = 400, 20, (1, 150, 300)


def book(root: Path) -> list[dict[str, object]]:
    path = root / "var/gateways/simulator/thu.jsonl"
    lines = path.read_text().splitlines(keepends=True) if path.is_file() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]  # the last may be being written


def rehearse(root: Path) -> None:
    """The wave's hour is now, on a clock that runs; the gateway takes its time, so that there is a middle."""
    path = root / "loa.toml"
    text = path.read_text().replace("latency_ms = 0", "latency_ms = 15")
    now = datetime.now(VIETNAM).isoformat()
    path.write_text(f"{text}\n[rehearsal]\nstarts_at = 2027-09-10T08:00:00+07:00\nset_at = {now}\n")


def start_release(root: Path, url: str) -> subprocess.Popen[bytes]:
    code = "from loa.cli import main; main(['release', 'nho', 'd-30'])"
    environ = {**os.environ, "LOA_DATABASE_URL": url, "LOA_WORKSPACE": str(root)}
    return subprocess.Popen([sys.executable, "-c", code], env=environ, start_new_session=True)


def kill_after(root: Path, process: subprocess.Popen[bytes], messages: int) -> bool:
    """Kills the process once the network has been given so many messages; false when it was done before that."""
    until = time.monotonic() + 60
    while len(book(root)) < messages:
        assert time.monotonic() < until, "the release did not get on"
        if process.poll() is not None:
            return False
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
    return True


def test_killed_again_and_again(small: Path, database_url: str) -> None:
    rehearse(small)
    desk = pipeline.open_desk(small, {"LOA_DATABASE_URL": database_url})
    add(desk, [f"{10 + i % 90}" for i in range(PEOPLE)])
    bundle = asyncio.run(pipeline.prepare(desk, pipeline.occasion(desk, "nho", "d-30"), "lan"))
    gate.approve(desk, bundle, "minh")

    killed = sum(kill_after(small, start_release(small, database_url), messages) for messages in KILLS)
    assert killed == len(KILLS)
    assert start_release(small, database_url).wait(60) == 0

    rows = list(desk.store.figures.rows("nho/2027/d-30"))
    given = Counter(entry["reference"] for entry in book(small))
    doubtful = desk.store.figures.in_doubt()
    assert len(rows) == PEOPLE
    assert max(given.values()) == 1, "sent twice"
    assert len(doubtful) <= killed * WINDOW
    # nothing is lost: every row either reached the network or is listed as in doubt
    assert {row.id for row in rows} - set(given) <= {row.id for row in doubtful}
    assert {row.state.value for row in rows} <= {"accepted", "unknown"}

    found = asyncio.run(reconciling.reconcile(desk))
    assert (found.in_doubt, found.mismatched) == (0, ())
    # what the network never had is planned again, and now goes out, once
    assert start_release(small, database_url).wait(60) == 0
    given = Counter(entry["reference"] for entry in book(small))
    assert (len(given), max(given.values())) == (PEOPLE, 1)
    desk.store.close()
