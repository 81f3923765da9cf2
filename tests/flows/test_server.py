"""One real Prefect server with a worker: deployments from prefect.yaml, a scheduled run that appears and finishes, and
a release as a flow. Everything listens on loopback and is stopped by the test that started it.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from loa import orchestrator
from loa.model.clock import VIETNAM
from loa.workspace import Workspace

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Api:
    """Prefect's API as a page or a worker would use it."""

    server: orchestrator.Server

    def call(self, path: str, body: Any = None, *, auth: bool = True) -> Any:
        headers = {"Content-Type": "application/json"}
        if auth:
            headers["Authorization"] = f"Basic {base64.b64encode(self.server.auth.encode()).decode()}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.server.url}{path}", data=data, headers=headers)
        with build_opener(ProxyHandler({})).open(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def runs(self, deployment: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call(
            "/flow_runs/filter", {"deployments": {"name": {"any_": [deployment]}}, "limit": 100}
        )
        return found


def until(what: str, true: Callable[[], Any], seconds: float = 150) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.5)
    pytest.fail(f"it did not come to pass: {what}")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The workspace that ships, its one lane quick, on a rehearsal clock at the wave's hour."""
    root = tmp_path_factory.mktemp("server") / "workspace"
    subprocess.run([sys.executable, "-c", f"from loa.cli import main; main(['new', {str(root)!r}])"], check=True)
    now = datetime.now(VIETNAM).isoformat()
    settings = (root / "loa.toml").read_text(encoding="utf-8")
    (root / "loa.toml").write_text(
        f"{settings}\n[rehearsal]\nstarts_at = 2027-09-10T08:30:00+07:00\nset_at = {now}\n", encoding="utf-8"
    )
    # the bulletins and posters have tests of their own: here the messages are enough
    campaign = (root / "campaigns/dvc-10-10.yaml").read_text(encoding="utf-8")
    (root / "campaigns/dvc-10-10.yaml").write_text(campaign.split("  # Truyền thanh cơ sở")[0], encoding="utf-8")
    return Workspace.at(root)


@pytest.fixture(scope="module")
def api(workspace: Workspace) -> Iterator[Api]:
    with orchestrator.serve(workspace) as server:
        orchestrator.deploy(workspace, server)
        with orchestrator.worker(workspace, server):
            yield Api(server)
    assert orchestrator.running(workspace) is None
    assert not Path(f"/proc/{server.pid}").exists()  # nothing runs on after the block


def command(workspace: Workspace, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT_")}
    environ |= {"LOA_WORKSPACE": str(workspace.root), "LOA_OFFLINE": "1"}
    code = f"from loa.cli import main; main({list(words)!r})"
    return subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)


def test_the_api_is_for_those_who_know_the_password(api: Api) -> None:
    with pytest.raises(HTTPError) as caught:
        api.call("/deployments/filter", {}, auth=False)
    assert caught.value.code == 401


def test_the_deployments_of_prefect_yaml_are_there_with_a_form_in_words(api: Api) -> None:
    found = {item["name"]: item for item in api.call("/deployments/filter", {})}
    assert set(found) == {"prepare", "release", "receipts", "reconcile"}
    form = found["prepare"]["parameter_openapi_schema"]["properties"]
    assert [name for name, _ in sorted(form.items(), key=lambda item: item[1]["position"])] == [
        "campaign", "wave", "year", "requested_by", "workspace",
    ]  # fmt: skip
    assert form["campaign"]["description"].startswith("Mã chiến dịch")
    assert {schedule["schedule"]["timezone"] for schedule in found["receipts"]["schedules"]} == {"Asia/Ho_Chi_Minh"}


def test_a_scheduled_run_appears_and_finishes(api: Api) -> None:
    until("runs are scheduled from prefect.yaml", lambda: api.runs("receipts"))
    (deployment,) = api.call("/deployments/filter", {"deployments": {"name": {"any_": ["receipts"]}}})
    schedule = {"schedule": {"interval": 10, "anchor_date": "2026-01-01T00:00:00Z"}, "active": True}
    api.call(f"/deployments/{deployment['id']}/schedules", [schedule])

    def done() -> list[dict[str, Any]]:
        return [run for run in api.runs("receipts") if run["state_type"] == "COMPLETED" and run["auto_scheduled"]]

    assert until("a scheduled run finishes", done)
    assert not [run for run in api.runs("receipts") if run["state_type"] in {"FAILED", "CRASHED"}]


def test_a_secret_is_read_from_the_block_that_a_variable_names(api: Api, workspace: Workspace) -> None:
    code = """
import asyncio, os
from loa import orchestrator
from loa.model.errors import ContentError

async def run():
    from prefect.blocks.system import Secret
    await Secret(value="mật-khẩu-thử").save("duong-thu", overwrite=True)
    found = await orchestrator.with_secrets({**os.environ, "LOA_THU_PASSWORD": "prefect:duong-thu"})
    print(found["LOA_THU_PASSWORD"])
    try:
        await orchestrator.with_secrets({"LOA_THU_PASSWORD": "prefect:khong-co"})
    except ContentError as error:
        print(error.code)

asyncio.run(run())
"""
    environ = {**os.environ, **orchestrator.environment(workspace, api.server.url, api.server.auth)}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["mật-khẩu-thử", "secret-block-missing"], done.stderr


def test_prepare_and_release_run_as_flows_whose_tasks_are_batches(api: Api, workspace: Workspace) -> None:
    sample = str(REPOSITORY / "audiences/samples/thai-nguyen-2000.csv")
    assert command(workspace, "audience", "import", sample, "--name", "thai-nguyen").returncode == 0
    prepared = command(workspace, "prepare", "dvc-10-10", "d-30", "--as", "lan", "--json")
    assert prepared.returncode == 0, prepared.stderr
    bundle = json.loads(prepared.stdout)["digest"]

    refused = command(workspace, "release", "dvc-10-10", "d-30")
    assert refused.returncode == 3
    assert "review-open" in refused.stderr
    assert "Traceback" not in refused.stderr

    assert command(workspace, "review", "approve", bundle, "--as", "minh").returncode == 0
    released = command(workspace, "release", "dvc-10-10", "d-30")
    assert released.returncode == 0, released.stderr

    runs = api.call("/flow_runs/filter", {"flows": {"name": {"any_": ["release"]}}})
    (completed,) = [run for run in runs if run["state_type"] == "COMPLETED"]
    tasks = until(
        "the tasks are recorded",
        lambda: api.call("/task_runs/filter", {"flow_runs": {"id": {"any_": [completed["id"]]}}}),
        seconds=30,
    )
    # a task is a lane's turn of some seconds, and there are a last few for those that waited for their time
    assert {task["name"].split()[0] for task in tasks} == {"sms-mo-dau"}
    assert 1 <= len(tasks) <= 1720 / 500 + 4, "a task for every few messages would swamp Prefect"
    status = json.loads(command(workspace, "status", "--json").stdout)
    assert sum(count["rows"] for count in status[0]["counts"]) == 1720
