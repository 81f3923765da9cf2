"""Kill the process anywhere: nothing is lost, nothing is sent twice, and what is in doubt is listed."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

from loa.model.states import RowState
from loa.store import Store
from loa.store.lanes import this_process

from .ledger_kit import JOB, LANE, WAVE, MovingClock, Worker, assert_counted, path, people, states

S = RowState
WINDOW = 5
PEOPLE = 900


def killed_after(url: str, root: Path, windows: int) -> list[str]:
    """Starts a worker, kills it after so many windows, and returns what its gateway was given until then."""
    worker = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("crashing_worker.py"), url, root, str(WINDOW)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert worker.stdout is not None
    given = [worker.stdout.readline() for _ in range(windows)]
    worker.kill()
    given += worker.stdout.readlines()
    worker.wait(10)
    worker.stdout.close()
    assert worker.returncode == -9, "it was still at work"
    return [row for line in given if line.endswith("\n") for row in line.split()]


def test_a_killed_worker_leaves_whole_windows_and_the_next_one_finds_exactly_those(
    store: Store, clock: MovingClock, database_url: str, tmp_path: Path
) -> None:
    store.ledger.expand(JOB, 1, people(range(PEOPLE)), clock.now())
    given = killed_after(database_url, tmp_path, 7)

    left = {row.id for row in store.figures.rows(WAVE) if row.state is S.SENDING}
    assert len(left) % WINDOW == 0
    assert sum(states(store).values()) == PEOPLE
    assert_counted(store)

    next_one = Worker.on(store, clock.now(), holder=this_process())  # at once: the holder is certainly dead
    assert next_one.lease.fence == 2
    assert store.ledger.doubt(next_one.lease, clock.now()) == len(left)
    in_doubt = {row.id for row in store.figures.in_doubt(WAVE, lane=LANE)}
    assert in_doubt == left
    unanswered = {row for row in given if path(store, row)[1:] != [S.ACCEPTED]}
    assert unanswered <= in_doubt, "whatever left without an answer is listed"

    while rows := next_one.claim(100, clock.now()):
        given += [row.id for row in rows]
        next_one.answer(rows, S.ACCEPTED, clock.now())
    assert max(Counter(given).values()) == 1, "nothing is sent twice"
    missing = {row.id for row in store.figures.rows(WAVE)} - set(given)
    assert missing <= in_doubt, "nothing is lost: what never left is in doubt, and listed"
    assert len(missing) <= WINDOW, "and is at most one window"
    assert_counted(store)
