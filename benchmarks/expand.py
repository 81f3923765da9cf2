"""A wave put into the ledger: how fast, next to a bare sqlite3 executemany of the same rows, and in how much memory.

    python benchmarks/expand.py [--people 1000000] [--on sqlite,postgresql] [--then]

The whole path is measured: the audience is read from its file and held against its digest, a text is composed for
every context, every person gets a row, the counters are kept. What it is held against is three times only sqlite3:
one executemany of the very same rows, ready in memory, in one transaction, with the same pragmas (WAL, synchronous
FULL, the same cache), into a table with the same columns and

- with its primary key and UNIQUE(job, recipient), the rows sorted by their key beforehand: the least work that a table
  with these two keys can be;
- with the same two keys, the rows in the order of the file;
- with no key, no index, nothing at all.

The ledger keeps a third index over these rows, which none of the three has. On PostgreSQL the bare way is COPY into a
table with the two keys. Each measurement is a process of its own, so that its memory is its own; they take turns, and
of each the quicker run counts, by the clock and by the processor time of the process, which other work on the machine
disturbs less. `--then` also measures what comes after: a second expansion, a newer approval, the export, recounting,
dropping.
"""

from __future__ import annotations

import argparse
import io
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import sqlalchemy as sa

from loa import pipeline, seed
from loa.channel import Desk, Job
from loa.model.audience import AudienceInfo
from loa.model.states import RowState
from loa.registry import CHANNELS
from loa.sms.planning import planned
from loa.store.expansion import row_ids
from loa.store.schema import Moment, rows

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests import cluster

OPERATORS = ("Viettel", "Viettel", "VinaPhone", "MobiFone", "Vietnamobile")
PLACED = (
    "id", "job", "recipient", "bundle", "operator", "commune", "language", "body", "parts", "state", "reason",
    "updated_at",
)  # fmt: skip


def a_desk(root: Path, url: str) -> Desk:
    return pipeline.open_desk(root, {"LOA_DATABASE_URL": url})


def a_job(desk: Desk) -> Job:
    """The first SMS of the shipped campaign, as if its people had been approved."""
    found = next(
        job for job in pipeline.occasion(desk, "dvc-10-10", "d-30", 2027).jobs if job.deliverable.channel == "sms"
    )
    info = desk.store.audiences.find(found.deliverable.audience_name or "")
    return replace(found, bundle=1, people=info.sha256 if info else "")


def people(number: int, communes: list[str]) -> pl.DataFrame:
    """So many people, spread over the communes, in no order. +840… is nobody's number: no network begins with 0."""
    at = pl.int_range(number, eager=True)
    phone = (at * 48_271_007 % 100_000_000).cast(pl.String).str.zfill(8)
    return pl.DataFrame(
        {
            "phone": "+840" + phone,
            "operator": pl.Series(OPERATORS)[at % len(OPERATORS)],
            "commune": pl.Series(communes)[at * 7 % len(communes)],
            "language": pl.Series(["", "vi", "en"])[at % 3],
            "group": pl.Series([""])[at * 0],
        }
    )


# --- what is measured; each prints what it found as JSON


def lay_out(root: Path, url: str, number: int) -> dict[str, float]:
    desk = a_desk(root, url)
    found = people(number, sorted(place.code for place in desk.workspace.communes.values())[:100])
    info = AudienceInfo("thai-nguyen", "", "do", "", "2027-09-01", number, number, 0)
    desk.store.audiences.save(found, info)
    return {}


def ledger(root: Path, url: str, number: int) -> dict[str, float]:
    desk = a_desk(root, url)
    job, channel = a_job(desk), CHANNELS["sms"]
    with watch() as took:
        artefacts = channel.prepare(job, desk)
        took["compose"] = time.perf_counter() - took["start"]
        added = channel.expand(job, artefacts, desk)
    assert added == number, added
    assert sum(count.rows for count in desk.store.figures.counts(job.wave.key)) == number
    return {**took, "memory": memory()}


def bare(root: Path, url: str, number: int, keys: bool, by_id: bool) -> dict[str, float]:
    """One executemany of the rows that the ledger has."""
    desk = a_desk(root, url)
    with desk.store.database.engine.connect() as connection:
        cache = connection.exec_driver_sql("PRAGMA cache_size").scalar()
    made = ready(desk)
    made = made.sort("id") if by_id else made
    values = made.rows()
    desk.store.close()
    with tempfile.TemporaryDirectory(dir=root) as folder:
        found = sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"cache_size={cache}"):
            found.execute(f"PRAGMA {pragma}")
        found.execute(table(keys, "sqlite://"))
        marks = ", ".join("?" * len(PLACED))
        statement = f"INSERT INTO rows ({', '.join(PLACED)}) VALUES ({marks})"  # noqa: S608 # ours
        with watch() as took:
            found.execute("BEGIN IMMEDIATE")
            found.executemany(statement, values)
            found.execute("COMMIT")
        assert found.execute("SELECT count(*) FROM rows").fetchone() == (number,)
        found.close()
    return took


def bare_copy(root: Path, url: str, number: int) -> dict[str, float]:
    """One COPY of the rows that the ledger has, by their key."""
    desk = a_desk(root, url)
    data = io.BytesIO()
    ready(desk).sort("id").write_csv(data, include_header=False, quote_style="non_numeric")
    desk.store.close()
    with psycopg.connect(url.replace("+psycopg", "")) as connection, connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS bare CASCADE")
        cursor.execute("CREATE SCHEMA bare")
        cursor.execute("SET search_path TO bare")
        cursor.execute(table(True, "postgresql+psycopg://").encode())
        connection.commit()
        with watch() as took:
            with cursor.copy(f"COPY rows ({', '.join(PLACED)}) FROM STDIN (FORMAT csv)".encode()) as copy:
                copy.write(data.getvalue())
            connection.commit()
        found = cursor.execute("SELECT count(*) FROM rows").fetchone()
        cursor.execute("DROP SCHEMA bare CASCADE")
    assert found == (number,)
    return took


def then(root: Path, url: str, number: int) -> dict[str, float]:
    """What comes after a first expansion, each in seconds."""
    desk = a_desk(root, url)
    job, figures, book = a_job(desk), desk.store.figures, desk.store.ledger
    wave, item, now = job.wave.key, job.deliverable.id, desk.clock.now()
    artefacts = CHANNELS["sms"].prepare(job, desk)
    newer = replace(job, bundle=2)
    took: dict[str, float] = {}

    def timed(name: str, step: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        found = step()
        took[name] = time.perf_counter() - start
        return found

    def again(which: Job) -> int:
        return book.expand_frames(which.key, which.bundle, planned(which, artefacts, desk), now)

    assert timed("the same expansion again", lambda: CHANNELS["sms"].expand(job, artefacts, desk)) == 0
    assert timed("the same, row by row", lambda: again(job)) == 0
    assert timed("drop what is left over: nothing", lambda: book.drop_left_over(job.key, 1, now)) == 0
    assert timed("waiting", lambda: figures.waiting(wave, item, 1)) == (number, None)
    timed("counts", lambda: figures.counts(wave))
    timed("due", lambda: figures.due(wave, item, 1, now))
    timed("stuck", lambda: figures.stuck(dict.fromkeys(RowState, now), wave))
    assert set(timed("recounted", lambda: figures.recounted(wave))) == set(figures.counts(wave))
    took["memory before the export"] = memory()
    assert timed("export of every row", lambda: sum(1 for _ in figures.rows(wave))) == number
    took["memory after the export"] = memory()
    assert timed("a newer approval of the same people", lambda: again(newer)) == 0
    assert timed("drop what is left over: everybody", lambda: book.drop_left_over(job.key, 3, now)) == number
    return took


def ready(desk: Desk) -> pl.DataFrame:
    """The rows of the ledger in the order of the file, as a driver takes them."""
    job = a_job(desk)
    artefacts = CHANNELS["sms"].prepare(job, desk)
    found = pl.concat(planned(job, artefacts, desk))
    ids = row_ids(job.wave.key, job.deliverable.id, found["recipient"])
    rest = {"job": 1, "bundle": 1, "state": "planned", "reason": "", "updated_at": "2027-09-10 01:00:00.000000"}
    same = (pl.lit(value).alias(name) for name, value in rest.items())
    return found.with_columns(pl.Series("id", ids), *same).select(PLACED)


def table(keys: bool, url: str) -> str:
    """The table `rows` as that kind of database makes it, with its columns and at most its two keys."""
    columns = [
        sa.Column(
            column.name,
            sa.DateTime(timezone=True) if isinstance(column.type, Moment) else column.type,
            nullable=column.nullable,
            server_default=column.server_default.arg if isinstance(column.server_default, sa.DefaultClause) else None,
        )
        for column in rows.columns
    ]
    both = (sa.PrimaryKeyConstraint("id"), sa.UniqueConstraint("job", "recipient")) if keys else ()
    made = sa.schema.CreateTable(sa.Table("rows", sa.MetaData(), *columns, *both))
    return str(made.compile(dialect=sa.create_engine(url).dialect))


@contextmanager
def watch() -> Iterator[dict[str, float]]:
    """How long a block takes, in seconds: by the clock, and of processor time."""
    took = {"start": time.perf_counter()}
    before = time.process_time()
    yield took
    took["seconds"] = time.perf_counter() - took.pop("start")
    took["cpu"] = time.process_time() - before


def memory() -> float:
    """The most megabytes that this process has ever held."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


STEPS: dict[str, Callable[[Path, str, int], dict[str, float]]] = {
    "lay-out": lay_out,
    "ledger": ledger,
    "then": then,
    "bare, both keys, by key": lambda *given: bare(*given, keys=True, by_id=True),
    "bare, both keys, as in the file": lambda *given: bare(*given, keys=True, by_id=False),
    "bare, no key at all": lambda *given: bare(*given, keys=False, by_id=False),
    "COPY, both keys, by key": bare_copy,
}


# --- running them


def step(name: str, root: Path, url: str, number: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--step", name, "--root", root, "--url", url, "--people", str(number)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)  # noqa: S603 # ourselves
    found: dict[str, float] = json.loads(done.stdout)
    return found


def fresh(servers: ExitStack, kind: str) -> Iterator[tuple[Path, str]]:
    """New workspaces, each with an empty database."""
    server = servers.enter_context(cluster.start(durable=True)) if kind == "postgresql" else None
    while True:
        root = Path(servers.enter_context(tempfile.TemporaryDirectory(prefix="loa-expand-"))) / "w"
        seed.lay_out(root)
        if server is None:
            yield root, "sqlite:///var/loa.db"
        else:
            server.command(f"CREATE DATABASE {root.parent.name.replace('-', '_').lower()}")
            yield root, server.url(root.parent.name.replace("-", "_").lower())


def measure(kind: str, number: int, *, turns: int, afterwards: bool) -> None:
    base = ["COPY, both keys, by key"] if kind == "postgresql" else [name for name in STEPS if name.startswith("bare")]
    found: dict[str, list[dict[str, float]]] = {name: [] for name in ("ledger", *base)}
    with ExitStack() as servers:
        places = fresh(servers, kind)
        tenth = max(1, number // 10)
        small = expanded(*next(places), tenth)
        for _ in range(turns):
            root, url = next(places)
            found["ledger"].append(expanded(root, url, number))
            for name in base:
                found[name].append(step(name, root, url, number))
        tell(kind, number, found)
        large = max(one["memory"] for one in found["ledger"])
        print(f"  memory at its most: {small['memory']:.0f} MB for {tenth:,} people, {large:.0f} MB for {number:,}")
        if afterwards:
            for name, value in step("then", root, url, number).items():
                print(f"  {name}: " + (f"{value:.0f} MB" if name.startswith("memory") else f"{value:.3f} s"))


def tell(kind: str, number: int, found: dict[str, list[dict[str, float]]]) -> None:
    best = {name: {by: min(one[by] for one in took) for by in ("seconds", "cpu")} for name, took in found.items()}
    mine = best.pop("ledger")
    composing = min(one["compose"] for one in found["ledger"])
    print(f"{kind}: {number:,} people composed and expanded in {mine['seconds']:.1f} s", end="")
    print(f" ({composing:.2f} s of it composing), {number / mine['seconds']:,.0f} rows/s")
    for name, took in best.items():
        rate = f"{number / took['seconds']:,.0f} rows/s"
        print(f"  {took['seconds'] / mine['seconds']:6.1%} of {name} ({rate})", end="")
        # a server's processor time is not ours to see
        print("" if kind == "postgresql" else f"; {took['cpu'] / mine['cpu']:.1%} by processor time")


def expanded(root: Path, url: str, number: int) -> dict[str, float]:
    step("lay-out", root, url, number)
    return step("ledger", root, url, number)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--on", default="sqlite", help="sqlite, postgresql, or both with a comma")
    parser.add_argument("--turns", type=int, default=2, help="how often each is measured")
    parser.add_argument("--then", action="store_true", help="also what comes after")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        print(json.dumps(STEPS[given.step](given.root, given.url, given.people)))
        return
    for kind in given.on.split(","):
        measure(kind, given.people, turns=given.turns, afterwards=given.then)


if __name__ == "__main__":
    main()
