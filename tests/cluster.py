"""A PostgreSQL server of one's own, really started, from the server's own programs; for tests and benchmarks."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg


class NoServer(Exception):
    """There is no PostgreSQL on this machine, or it does not start; the message says what to do."""


@dataclass(frozen=True)
class Cluster:
    """A server that only its starter uses, reached through a socket in its own folder."""

    folder: Path
    user: str

    def url(self, database: str) -> str:
        return f"postgresql://{self.user}@/{database}?host={self.folder}"

    def command(self, statement: str, database: str = "postgres") -> None:
        with psycopg.connect(
            dbname=database, user=self.user, host=str(self.folder), autocommit=True, connect_timeout=5
        ) as connection:
            connection.execute(statement.encode())


@contextmanager
def start(*, durable: bool = False) -> Iterator[Cluster]:
    """A server for the length of a block. Not `durable`: what is tested is our processes' death, not the machine's."""
    initdb, postgres = _program("initdb"), _program("postgres")
    user, prefix = _unprivileged()
    # not pytest's folder: that one only root may enter
    folder = Path(tempfile.mkdtemp(prefix="loa-postgresql-"))
    if prefix:
        shutil.chown(folder, user)
    environ = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    subprocess.run(
        [*prefix, initdb, "-D", folder / "data", "-U", user, "--auth=trust", "--encoding=UTF8", "--no-sync"],
        check=True, capture_output=True, cwd=folder, env=environ,
    )  # fmt: skip
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [*prefix, postgres, "-D", folder / "data", "-k", folder, "-c", "listen_addresses=",
             "-c", f"fsync={'on' if durable else 'off'}", "-c", "deadlock_timeout=200ms", "-c", "max_connections=60"],
            stdout=log, stderr=log, cwd=folder, env=environ,
        )  # fmt: skip
    cluster = Cluster(folder, user)
    try:
        _until_ready(cluster, server)
        yield cluster
    finally:
        server.send_signal(signal.SIGQUIT)  # PostgreSQL's word for: at once
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> str:
    """A program of the newest PostgreSQL server on this machine."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    found = str(versions[-1]) if versions else shutil.which(name)
    if found is None:
        raise NoServer(
            f"PostgreSQL's {name} is not on this machine, and a real server is needed. "
            "Install it (Debian: apt-get install postgresql) and run again; .ci/run does so by itself."
        )
    return found


def _unprivileged() -> tuple[str, list[str]]:
    """Whom the server runs as, and the words before a command that make it so: initdb refuses root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name, []
    if shutil.which("setpriv") is None:
        raise NoServer("Root starts PostgreSQL through setpriv (Debian: apt-get install util-linux).")
    known = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in known else "nobody")
    # the server goes when its starter goes, also when that is killed
    return user.pw_name, [
        "setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--pdeathsig=QUIT",
    ]  # fmt: skip


def _until_ready(cluster: Cluster, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            return cluster.command("SELECT 1")
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > until:
                said = (cluster.folder / "log").read_text(errors="replace")[-2000:]
                raise NoServer(f"PostgreSQL did not start:\n{said}") from None
            time.sleep(0.05)
