"""Prefect, kept to this file and `flows/`: the embedded server, deployments, and flow runs.

Prefect starts, places, retries and shows the work; the ledger decides what is left to do. The settings below were
found by measuring: without them the server reports to the outside, asks for a browser page from another host, or is
too slow to record what it is given. Importing this module does not import Prefect: `import prefect` takes seconds.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from loa.channel import Desk
from loa.model.errors import ContentError, StoreError
from loa.options import IN_PREFECT
from loa.workspace import Workspace

PORT = 4200
POOL = "loa"
START_SECONDS = 180.0  # a fresh home on a busy machine migrates Prefect's own database first
STATE_FILE = "server.json"

Result = TypeVar("Result")


@dataclass(frozen=True)
class Server:
    """A running Prefect server of a workspace."""

    url: str
    pid: int
    auth: str

    @property
    def page(self) -> str:
        return self.url.removesuffix("/api")


def home(workspace: Workspace) -> Path:
    """Where Prefect keeps its own things: `var/prefect` of the workspace."""
    return workspace.var / "prefect"


def environment(workspace: Workspace, url: str = "", auth: str = "") -> dict[str, str]:
    """The variables under which every Prefect process of a workspace runs: quiet, local, and quick to record."""
    services = "PREFECT_SERVER_SERVICES_"
    made = {
        "LOA_WORKSPACE": str(workspace.root),
        "PREFECT_HOME": str(home(workspace)),
        # silence: nothing is reported and nobody outside is asked
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_UI_V2_ENABLED": "false",  # its page asks an outside host from the browser; V1 asks nobody
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        # we start the server ourselves: the implicit one gives up after 20 seconds on a fresh home
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "PREFECT_CLI_PROMPT": "false",
        "PREFECT_CLI_COLORS": "false",
        "PREFECT_LOGGING_LEVEL": os.environ.get("PREFECT_LOGGING_LEVEL", "WARNING"),
        f"{services}SCHEDULER_MAX_SCHEDULED_TIME": "P400D",  # the whole year is shown
        f"{services}TASK_RUN_RECORDER_BATCH_SIZE": "200",
        f"{services}TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
        f"{services}TASK_RUN_RECORDER_FLUSH_INTERVAL": "2",
        f"{services}EVENT_PERSISTER_BATCH_SIZE": "200",
        f"{services}EVENT_PERSISTER_READ_BATCH_SIZE": "100",
        f"{services}TRIGGERS_READ_BATCH_SIZE": "100",
        f"{services}DB_VACUUM_ENABLED": "events,flow_runs",
    }
    if url:
        made["PREFECT_API_URL"] = url
        made["PREFECT_SERVER_UI_API_URL"] = url
    if auth:
        # whoever reaches the API reads its secret blocks: loopback alone is not enough on a shared machine
        made["PREFECT_SERVER_API_AUTH_STRING"] = auth
        made["PREFECT_API_AUTH_STRING"] = auth
    return made


def running(workspace: Workspace) -> Server | None:
    """The workspace's own server if it is up, else nothing."""
    state = home(workspace) / STATE_FILE
    try:
        found = Server(**json.loads(state.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return found if healthy(found.url) else None


@contextlib.contextmanager
def serve(workspace: Workspace, port: int | None = None) -> Iterator[Server]:
    """The embedded server, on loopback, for the length of a block; one that is up already is used as it is.

    Raises `StoreError` when it does not come up; its log lies in `var/logs`.
    """
    if (found := running(workspace)) is not None:
        yield found
        return
    number = port if port is not None else _free_port()
    if port is not None and not _is_free(port):
        raise StoreError("port-taken", {"port": port})
    url = f"http://127.0.0.1:{number}/api"
    auth = _auth(workspace)
    command = ["server", "start", "--host", "127.0.0.1", "--port", str(number)]
    with _child(workspace, "prefect-server", command, environment(workspace, url, auth)) as child:
        _wait(workspace, url, child)
        server = Server(url, child.pid, auth)
        state = home(workspace) / STATE_FILE
        state.touch(mode=0o600)
        state.write_text(json.dumps(server.__dict__))
        try:
            yield server
        finally:
            with contextlib.suppress(OSError):  # the workspace may be gone by now
                state.unlink(missing_ok=True)


@contextlib.contextmanager
def worker(workspace: Workspace, server: Server) -> Iterator[None]:
    """A process worker for the length of a block: it starts what is scheduled."""
    command = ["worker", "start", "--pool", POOL, "--type", "process"]
    with _child(workspace, "prefect-worker", command, environment(workspace, server.url, server.auth)):
        yield


def use(workspace: Workspace, server: Server) -> None:
    """Makes this process a client of a server. Must come before Prefect is imported: it reads its settings then.

    What goes wrong is told by the command, in one place and without a traceback; Prefect's page has the log.
    """
    os.environ.update(environment(workspace, server.url, server.auth))
    os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "CRITICAL"


def deploy(workspace: Workspace, server: Server) -> None:
    """Brings the server's deployments to what `prefect.yaml` says. Raises `StoreError` with Prefect's own words."""
    variables = {**os.environ, **environment(workspace, server.url, server.auth)}
    for arguments in (
        ("work-pool", "create", POOL, "--type", "process", "--overwrite"),
        ("--no-prompt", "deploy", "--all"),
    ):
        done = subprocess.run(  # noqa: S603 - our own interpreter and fixed words
            [sys.executable, "-m", "prefect", *arguments],
            cwd=workspace.root,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines() or ["?"]
            raise StoreError("prefect-failed", {"what": " ".join(arguments), "problem": lines[-1]})


@dataclass
class Spent:
    """How long flows of this process took, and how much of that was Loa's own work: the rest is Prefect's."""

    flows: float = 0.0
    own: float = 0.0

    @property
    def prefects(self) -> float:
        return max(0.0, self.flows - self.own)


SPENT = Spent()


# --- inside flows ------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def at_desk(workspace: str = "") -> AsyncIterator[Desk]:
    """The desk of a flow run: the workspace named, or the one its worker was started for; its secrets filled in."""
    from loa import pipeline

    root = Path(workspace or os.environ.get("LOA_WORKSPACE") or ".")
    started = time.monotonic()
    desk = pipeline.open_desk(root, await with_secrets(os.environ))
    try:
        yield desk
    finally:
        desk.store.close()
        SPENT.own += time.monotonic() - started


async def with_secrets(environ: Mapping[str, str]) -> Mapping[str, str]:
    """The environment with the blocks that it names read from Prefect. Raises `ContentError` where one is not there."""
    named = {
        key: value.removeprefix(IN_PREFECT)
        for key, value in environ.items()
        if key.startswith("LOA_") and value.startswith(IN_PREFECT)
    }
    if not named:
        return environ
    from prefect.blocks.system import Secret

    found = dict(environ)
    for variable, name in named.items():
        try:
            block: Any = await Secret.aload(name)
        except ValueError as error:  # Prefect's word for: there is none
            raise ContentError.at("secret-block-missing", variable, variable=variable, name=name) from error
        found[variable] = str(block.get())
    return found


async def as_task(name: str, work: Callable[[], Awaitable[Result]]) -> Result:
    """A `loa.delivering.Step` that makes a Prefect task of each piece of work: a deliverable, a batch of messages.

    The task takes nothing and keeps nothing, so Prefect has no input or result to look through: what was done stands
    in the ledger.
    """
    from prefect import task
    from prefect.cache_policies import NO_CACHE

    worked = 0.0

    async def piece() -> Result:
        nonlocal worked
        began = time.monotonic()
        try:
            return await work()
        finally:
            worked = time.monotonic() - began

    started = time.monotonic()
    made = task(name="piece", task_run_name=name, cache_policy=NO_CACHE, persist_result=False)(piece)
    try:
        return await made()
    finally:
        SPENT.own -= time.monotonic() - started - worked  # the wrapping is Prefect's time, not ours


# --- children ----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _child(
    workspace: Workspace, name: str, arguments: list[str], variables: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A Prefect process of ours, in a group of its own, stopped at the end of the block with all it started.

    Its keeper stops it too when this process is killed and cannot.
    """
    with _log(workspace, name) as log:
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and fixed words
            [sys.executable, "-m", "loa.keeper", sys.executable, "-m", "prefect", *arguments],
            cwd=workspace.root,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield child
        finally:
            _stop(child)


@contextlib.contextmanager
def _log(workspace: Workspace, name: str) -> Iterator[IO[bytes]]:
    folder = workspace.var / "logs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        home(workspace).mkdir(parents=True, exist_ok=True)
        home(workspace).chmod(0o700)
        file = (folder / f"{name}.log").open("ab")
    except OSError as error:
        raise StoreError("folder-not-writable", {"folder": str(folder), "problem": error.strerror or ""}) from error
    with file:
        yield file


def _stop(child: subprocess.Popen[bytes]) -> None:
    for sign, seconds in ((signal.SIGINT, 10), (signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        if child.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(seconds)


def _wait(workspace: Workspace, url: str, child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while not healthy(url):
        if child.poll() is not None or time.monotonic() > until:
            log = workspace.name_of(workspace.var / "logs" / "prefect-server.log")
            raise StoreError("prefect-not-up", {"log": log})
        time.sleep(0.2)


def healthy(url: str) -> bool:
    # never through a proxy: the server is on this machine
    try:
        with build_opener(ProxyHandler({})).open(f"{url}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _auth(workspace: Workspace) -> str:
    """The user and password of the embedded server, made once and readable by its account only."""
    path = home(workspace) / "auth"
    if not path.is_file():
        home(workspace).mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(f"loa:{secrets.token_urlsafe(24)}")
    return path.read_text()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
