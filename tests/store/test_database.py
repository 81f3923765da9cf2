"""Opening a database: where it lies, what it promises, and what is said when it cannot be had."""

from __future__ import annotations

import os
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from loa.model.errors import StoreError
from loa.store import Store
from loa.store.engine import Database, alone, repeated
from loa.store.schema import lanes, opt_outs

from .ledger_kit import MovingClock, Open


def test_a_relative_sqlite_path_starts_at_the_workspace(tmp_path: Path, clock: MovingClock) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    before = Path.cwd()
    os.chdir(elsewhere)
    try:
        Store.open("sqlite:///var/loa.db", tmp_path / "workspace", clock).close()
    finally:
        os.chdir(before)
    assert (tmp_path / "workspace" / "var" / "loa.db").is_file()
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("name", ["postgres", "postgresql"])
def test_both_names_of_postgresql_mean_the_driver_we_have(name: str, tmp_path: Path) -> None:
    database = Database(f"{name}://loa@/loa", tmp_path)
    assert database.url.drivername == "postgresql+psycopg"
    database.close()


@pytest.mark.parametrize("url", ["", "no address", "oracle+nothing://x/y", "mongodb://x/y"])
def test_an_address_that_is_none_is_said_so(url: str, tmp_path: Path, clock: MovingClock) -> None:
    with pytest.raises(StoreError) as caught:
        Store.open(url, tmp_path, clock)
    assert caught.value.code == "database-url"
    assert "postgresql://" in caught.value.words.vi


def test_a_server_that_is_not_there_is_said_so_without_the_password(tmp_path: Path, clock: MovingClock) -> None:
    with pytest.raises(StoreError) as caught:
        Store.open(f"postgresql://loa:secret-word@/loa?host={tmp_path}", tmp_path, clock)
    assert caught.value.code == "database-failed"
    assert "secret-word" not in str(caught.value)


def test_who_stops_in_the_middle_of_a_transaction_gives_up_what_it_has_locked(
    store: Store, tmp_path: Path, clock: MovingClock
) -> None:
    if store.database.sqlite:
        return  # a process that is frozen holds SQLite's one lock: nobody can take it from there
    frozen = Database(store.database.url.render_as_string(hide_password=False), tmp_path, idle_seconds=0.3)
    lease = store.lanes.take("thu", "frozen", clock.now())
    with pytest.raises(StoreError), frozen.write() as connection:
        connection.execute(sa.select(lanes).where(lanes.c.lane == "thu").with_for_update())
        later = clock.forward(minutes=1)
        assert store.lanes.take("thu", "another", later) is not None, "it would have waited for ever"
        connection.execute(sa.select(lanes))  # awake again
    assert lease is not None
    frozen.close()


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path, clock: MovingClock) -> None:
    (tmp_path / "var").write_text("a file where the folder should be")
    with pytest.raises(StoreError) as caught:
        Store.open("sqlite:///var/loa.db", tmp_path, clock)
    assert caught.value.code == "folder-not-writable"


def test_a_file_that_is_no_database_is_said_so(tmp_path: Path, clock: MovingClock) -> None:
    (tmp_path / "loa.db").write_bytes(b"this was a database once " * 100)
    with pytest.raises(StoreError) as caught:
        Store.open("sqlite:///loa.db", tmp_path, clock)
    assert caught.value.code == "database-failed"


def test_what_is_written_in_a_block_that_breaks_never_happened(store: Store, clock: MovingClock) -> None:
    def breaking() -> None:
        with store.database.write() as connection:
            connection.execute(opt_outs.insert().values(phone="+84900000001", at=clock.now()))
            raise RuntimeError("the block broke")

    with pytest.raises(RuntimeError):
        breaking()
    assert store.audiences.opt_out(["+84900000001"], "1022", clock.now()) == 1


def test_an_error_of_the_database_never_tells_the_values(store: Store, clock: MovingClock) -> None:
    store.audiences.opt_out(["+84900000001"], "1022", clock.now())
    with pytest.raises(StoreError) as caught, store.database.write() as connection:
        connection.execute(opt_outs.insert().values(phone="+84900000001", at=clock.now()))
    assert caught.value.code == "database-failed"
    assert "900000001" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_reader_sees_one_moment_throughout(open_store: Open, clock: MovingClock) -> None:
    reader, writer = open_store(), open_store()
    how_many = sa.select(sa.func.count()).select_from(opt_outs)
    with reader.database.read() as connection:
        before = connection.scalar(how_many)
        writer.audiences.opt_out(["+84900000001"], "1022", clock.now())
        assert connection.scalar(how_many) == before
    with reader.database.read() as connection:
        assert connection.scalar(how_many) == 1


def test_a_moment_without_a_zone_is_not_taken(store: Store, clock: MovingClock) -> None:
    with pytest.raises(StoreError):
        store.audiences.opt_out(["+84900000001"], "1022", clock.now().replace(tzinfo=None))


def test_sqlite_does_not_lose_a_commit_with_the_power(tmp_path: Path) -> None:
    database = Database("sqlite:///loa.db", tmp_path)
    with database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    database.close()


def test_a_transaction_that_was_ended_for_anothers_sake_is_done_again(store: Store) -> None:
    if store.database.sqlite:
        return  # it has one writer at a time
    database, both, tries = store.database, threading.Barrier(2, timeout=20), Counter[str]()

    @repeated
    def work(mine: str, other: str) -> str:
        tries[mine] += 1
        with database.write() as connection:
            alone(connection, mine)
            if tries[mine] == 1:
                both.wait()
            alone(connection, other)
        return mine

    with ThreadPoolExecutor(2) as workers:
        done = [workers.submit(work, *names) for names in (("a", "b"), ("b", "a"))]
        assert [one.result(20) for one in done] == ["a", "b"]
    assert sorted(tries.values()) == [1, 2]
