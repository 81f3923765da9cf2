"""What all tests share: a clock that is moved by hand, and a store on each of the two databases.

PostgreSQL is really started, once a session, from the server's own programs; where they are missing the tests that
need them fail and say what to install. Nothing is skipped.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import psycopg
import pytest

from loa.model.clock import VIETNAM
from loa.store import Store
from loa.store.schema import metadata
from tests.cluster import Cluster, NoServer, start

MORNING = datetime(2027, 9, 10, 8, 0, tzinfo=VIETNAM)  # D-30 of 10 October 2027
DATABASES = ("sqlite", "postgresql")


class MovingClock:
    """Stands still until it is moved."""

    def __init__(self, moment: datetime = MORNING) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment.astimezone(VIETNAM)

    def forward(self, **by: float) -> datetime:
        """Moves on by what `timedelta` takes (seconds=, hours=, ...), and tells the time."""
        self.moment += timedelta(**by)
        return self.now()


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


# --- PostgreSQL


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """A PostgreSQL server of this session's own."""
    with ExitStack() as stack:
        try:
            cluster = stack.enter_context(start())
        except NoServer as error:
            pytest.fail(str(error), pytrace=False)
        yield cluster


# --- databases and stores


@pytest.fixture(scope="session")
def _ready_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the schema, to be copied: migrating takes longer than most tests."""
    folder = tmp_path_factory.mktemp("ready")
    Store.open("sqlite:///ready.db", folder, MovingClock()).close()
    return folder / "ready.db"


@pytest.fixture(scope="session")
def _ready_postgresql(postgresql: Cluster) -> Iterator[Callable[[], str]]:
    """A database with the schema; a call empties it and gives its address. A tenth of what making one would take."""
    postgresql.command("CREATE DATABASE ready")
    url = postgresql.url("ready")
    Store.open(url, postgresql.folder, MovingClock()).close()
    emptied = "; ".join(f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables))  # noqa: S608 # ours
    with psycopg.connect(
        dbname="ready", user=postgresql.user, host=str(postgresql.folder), autocommit=True
    ) as connection:

        def empty() -> str:
            connection.execute(
                # a process that the test before has killed may still be served
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = 'ready' AND pid <> pg_backend_pid()"
            )
            connection.execute(emptied.encode())
            connection.execute("SELECT setval(c.oid, 1, false) FROM pg_class c WHERE c.relkind = 'S'")
            return url

        yield empty


_numbers = count(1)


@pytest.fixture(params=DATABASES)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with nothing in it, not even the schema, on each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    cluster: Cluster = request.getfixturevalue("postgresql")
    name = f"empty{next(_numbers)}"
    cluster.command(f"CREATE DATABASE {name}")
    yield cluster.url(name)
    cluster.command(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a fresh database with the schema in it, on each kind."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("_ready_sqlite"), tmp_path / "loa.db")
        return f"sqlite:///{tmp_path}/loa.db"
    empty: Callable[[], str] = request.getfixturevalue("_ready_postgresql")
    return empty()


Open = Callable[[], Store]


@pytest.fixture
def open_store(database_url: str, tmp_path: Path, clock: MovingClock) -> Iterator[Open]:
    """Opens the test's database once more, as another process would."""
    opened: list[Store] = []

    def open_one() -> Store:
        opened.append(Store.open(database_url, tmp_path, clock))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def store(open_store: Open) -> Store:
    """A store on a fresh database, on each kind."""
    return open_store()


# --- a small workspace

SMALL_PLAN = """\
id: nho
title: {vi: Kế hoạch nhỏ, en: A small plan}
number: 1/KH-UBND
date: 2025-04-05
issuer: UBND tỉnh Mẫu
decision: 1588/QĐ-TTg
applies_to: [{province_code: "19"}]
lead_agency: Sở Mẫu
period: {from: 2025, to: 2030}
topics: [{id: III.2, title: Lợi ích}, {id: III.3, title: An toàn}]
groups: []
targets: []
tasks:
  - {clause: "3.4", title: Nhắn tin, lead: [Sở Mẫu], period: {from: 2025, to: 2030}, channel: sms, cadence: continuous}
reporting: [{clause: VI.8, cadence: yearly, before: 25-11, to: Sở Mẫu, by: các xã}]
sources: [bản mẫu]
"""
SMALL_CAMPAIGN = """\
id: nho
title: {vi: Chiến dịch nhỏ, en: A small campaign}
plan: nho
issuer: {vi: UBND tỉnh Mẫu, en: Mau People's Committee}
hotline: "1022"
portal: https://dichvucong.gov.vn
message_class: notice
anchor: 2027-10-10
waves:
  - {id: d-30, title: {vi: Mở đầu, en: Opening}, days: -30, at: "08:00"}
deliverables:
  - id: tin
    channel: sms
    title: {vi: Tin nhắn, en: Message}
    waves: [d-30]
    clauses: ["3.4"]
    topic: III.2
    template: tin
    languages: [vi, en]
    audience: dan
    encoding: unaccented
"""
SMALL_SETTINGS = """\
[sms]
registered_senders = ["DVC-MAU"]
[[sms.lanes]]
name = "thu"
gateway = "simulator"
sender = "DVC-MAU"
parts_per_second = 10000
window = 20
[sms.lanes.options]
latency_ms = 0
"""
COMMUNES = """\
code,name,kind,province_code,province,old_units,split_units
05443,Phường Mẫu,phường,19,Tỉnh Mẫu,,
05455,Xã Mẫu,xã,19,Tỉnh Mẫu,,
"""


def lay_small(root: Path) -> None:
    """A workspace with one campaign of one SMS in two languages, on the simulator. Its wave is due at `MORNING`."""
    for name, text in {
        "loa.toml": SMALL_SETTINGS,
        "campaigns/nho.yaml": SMALL_CAMPAIGN,
        "campaigns/plans/nho.yaml": SMALL_PLAN,
        "templates/sms/tin.vi.j2": "{{ issuer }}: nộp hồ sơ tại {{ portal_host }}. Hỏi {{ hotline }}.\n",
        "templates/sms/tin.en.j2": "{{ issuer }}: apply at {{ portal_host }}. Call {{ hotline }}.\n",
        "audiences/communes.csv": COMMUNES,
        "audiences/communes-old.csv": "old_code,old_province,old_district,old_commune,new_code,split\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """The small workspace, laid out anew for each test."""
    root = tmp_path / "workspace"
    lay_small(root)
    return root
