"""kill -9 at random moments of a wave, restarted each time: what is lost, what is sent twice, what is in doubt.

    python benchmarks/kill.py [--kills 100] [--people 20000] [--on sqlite,postgresql] [--through simulator,smpp]
    python benchmarks/kill.py --two          two workers on PostgreSQL, one is killed, one is frozen and wakes up

What was sent is counted by the gateway's own book, which lives in another process (SMPP) or in a file that only grows
(simulator), not by the ledger. A worker is a process of its own; it is killed at a random moment of its life: while it
opens the database, binds, claims, sends, or writes answers down.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkProcess
from pathlib import Path

from kit import a_desk, key_of, plan, sending

from loa.channel import Desk
from loa.model.settings import LaneSettings
from loa.model.states import RowState
from loa.sms.delivery import deliver

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests import cluster

WINDOW = 50
SECRETS = {"LOA_DO_SYSTEM_ID": "thu", "LOA_DO_PASSWORD": "thu"}


@dataclass(frozen=True)
class Case:
    """One kind of gateway on one kind of database, and where its book is."""

    root: Path
    url: str
    lane: LaneSettings
    book: Path

    def desk(self) -> Desk:
        made = a_desk(self.root, (self.lane,), self.url)
        return Desk(made.workspace, made.store, made.clock, SECRETS)

    def sent(self) -> Counter[str]:
        """How often each number was taken, by the gateway's own book."""
        lines = self.book.read_bytes().splitlines(keepends=True) if self.book.is_file() else []
        entries = [json.loads(line) for line in lines if line.endswith(b"\n")]
        return Counter(entry["number"] for entry in entries if entry.get("taken", entry.get("status") == 0))


def work(case: Case) -> None:
    """A worker's whole life: everything that is left, turn by turn."""

    async def run() -> None:
        desk = case.desk()
        async with deliver(sending(desk, key_of()), desk) as delivery:
            while moving(desk):
                pause = delivery.pause()
                if pause.seconds:
                    await asyncio.sleep(min(pause.seconds, 0.2))
                else:
                    await delivery.turn(10**6)

    asyncio.run(run())


def moving(desk: Desk) -> bool:
    """Whether anything is planned, or was left in `sending`."""
    return any(
        count.state in {RowState.PLANNED, RowState.SENDING} for count in desk.store.figures.counts(key_of().wave)
    )


def start(case: Case) -> ForkProcess:
    process = multiprocessing.get_context("fork").Process(target=work, args=(case,))
    process.start()
    return process


def kill(process: ForkProcess) -> None:
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()


@contextmanager
def a_case(through: str, on: str, people: int, rate: int) -> Iterator[Case]:
    """A wave in the ledger and a gateway that keeps a book."""
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = "sqlite:///var/loa.db"
        if on == "postgresql":
            server = stack.enter_context(cluster.start())
            server.command("CREATE DATABASE loa")
            url = server.url("loa")
        book = root / "var/gateways/simulator/do.jsonl"
        options: dict[str, str | int | float | bool] = {"latency_ms": 5}
        if through == "smpp":
            book = root / "smsc.jsonl"
            options = {"host": "127.0.0.1", "port": stack.enter_context(smsc(book)), "response_seconds": 5}
        lane = LaneSettings(
            name="do", gateway=through, sender="DVC-MAU", parts_per_second=rate, window=WINDOW, options=options
        )
        case = Case(root, url, lane, book)
        desk = case.desk()
        plan(desk, people)
        desk.store.close()
        yield case


@contextmanager
def smsc(book: Path) -> Iterator[int]:
    """Loa's SMSC as a process of its own; gives its port."""
    command = [
        sys.executable,
        "-m",
        "loa.sms.smpp.simulator",
        "--port",
        "0",
        "--journal",
        str(book),
        "--latency",
        "0.005",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


@dataclass(frozen=True)
class Result:
    """What came of a wave: rows, by where they ended and by what the gateway's book says of them."""

    kills: int
    people: int
    lost: int
    twice: int
    doubt: int
    unlisted: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.kills:4} kills  {self.people} people  lost {self.lost}  sent twice {self.twice}  "
            f"in doubt {self.doubt} (at most one window of {WINDOW} a kill: {self.kills * WINDOW})  "
            f"not listed {self.unlisted}  {self.seconds:.0f} s"
        )


def judge(case: Case, kills: int, started: float) -> Result:
    desk = case.desk()
    rows = list(desk.store.figures.rows(key_of().wave))
    listed = {row.id for row in desk.store.figures.in_doubt()}
    desk.store.close()
    sent = case.sent()
    reached = {row.id for row in rows if sent[name(row.recipient)]}
    answered = {row.id for row in rows if row.state in {RowState.ACCEPTED, RowState.DELIVERED}}
    return Result(
        kills=kills,
        people=len(rows),
        # not in the book, and nobody is told so: or said to be sent although it is not
        lost=len({row.id for row in rows} - reached - listed) + len(answered - reached),
        twice=sum(1 for times in sent.values() if times > 1),
        doubt=len(listed),
        unlisted=len(reached - answered - listed),
        seconds=time.monotonic() - started,
    )


def name(number: str) -> str:
    """A number as the gateways' books have it."""
    return hashlib.blake2b(number.encode(), digest_size=12).hexdigest()


def kill_again_and_again(case: Case, kills: int, seed: int, longest: float) -> Result:
    """Kills worker after worker, each after a random time, then lets one finish."""
    dice = random.Random(seed)  # noqa: S311 - not for secrets
    started, done = time.monotonic(), 0
    while done < kills:
        process = start(case)
        if dice.random() > 0.2:  # one in five dies anywhere, also before it has sent a thing
            until_sending(case, process)
        process.join(dice.uniform(0, longest))
        if process.exitcode is not None:
            break  # it was through before that
        kill(process)
        done += 1
    last = start(case)
    last.join()
    return judge(case, done, started)


def until_sending(case: Case, process: ForkProcess) -> None:
    """Until the gateway's book grows, or the worker has nothing to send."""
    before = size(case.book)
    while size(case.book) == before and process.exitcode is None:
        process.join(0.005)


def size(book: Path) -> int:
    return book.stat().st_size if book.is_file() else 0


def two(people: int, rate: int) -> Iterator[tuple[str, Result]]:
    """Two workers want one lane. The one that has it is killed, or stopped and woken up once the other has taken it."""
    for what in ("killed", "frozen"):
        with a_case("simulator", "postgresql", people, rate) as case:
            started = time.monotonic()
            first = start(case)
            time.sleep(people / rate / 4)
            second = start(case)
            time.sleep(1)
            if what == "killed":
                kill(first)
            else:
                os.kill(first.pid or 0, signal.SIGSTOP)
                until_taken(case, started + 120)
                os.kill(first.pid or 0, signal.SIGCONT)
            for process in (first, second):
                process.join()
            yield what, judge(case, 1, started)


def until_taken(case: Case, until: float) -> None:
    """Until the lane has gone to another holder: its number has grown."""
    desk = case.desk()
    before = len(case.sent())
    while len(case.sent()) <= before + WINDOW and time.monotonic() < until:
        time.sleep(0.5)
    desk.store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--rate", type=int, default=1_000, help="parts per second")
    parser.add_argument("--seed", type=int, default=20261010)
    parser.add_argument("--on", default="sqlite,postgresql")
    parser.add_argument("--through", default="simulator,smpp")
    parser.add_argument("--two", action="store_true")
    given = parser.parse_args()
    if given.two:
        for what, result in two(given.people, given.rate):
            print(f"two workers on PostgreSQL, the first {what}: {result}", flush=True)
        return
    # so that the last kill finds something left: all lives together are shorter than the wave
    longest = 2 * 0.5 * given.people / given.rate / max(given.kills, 1)
    for through in given.through.split(","):
        for on in given.on.split(","):
            with a_case(through, on, given.people, given.rate) as case:
                result = kill_again_and_again(case, given.kills, given.seed, longest)
            print(f"{through:>9} on {on:10} {result}", flush=True)


if __name__ == "__main__":
    main()
