"""`loa sms listen` as an operator runs it, and what `loa up` does beside Prefect."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest

from loa import cli, pipeline
from loa.cli.listen import listening
from loa.model.clock import Clock
from tests.sms.gateways.twilio_service import SECRETS

from .kit import SETTINGS

LISTEN = [sys.executable, "-c", "from loa.cli import main; main()", "--json", "sms", "listen", "--port", "0"]


@pytest.fixture
def called(small: Path) -> Path:
    """A workspace with a lane that is called back."""
    (small / "loa.toml").write_text((small / "loa.toml").read_text() + SETTINGS)
    return small


def health(port: int) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_it_listens_until_it_is_told_to_stop(called: Path, sign: signal.Signals) -> None:
    environ = {**os.environ, **SECRETS, "LOA_WORKSPACE": str(called)}
    with subprocess.Popen(LISTEN, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        said = ""
        while not said.endswith("\n}\n"):  # the end of the document, which is all of stdout
            line = process.stdout.readline().decode()
            assert line, "it ended"
            said += line
        document = json.loads(said)
        assert document["lanes"] == [{"lane": "tw", "address": "https://loa.example.gov.vn/loa/sms/tw"}]
        assert health(document["port"]) == 200
        process.send_signal(sign)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, b"", b"")


def test_where_nobody_calls_back_there_is_nothing_to_listen_to(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--workspace", str(small), "sms", "listen"]) == 3
    assert "public_url" in capsys.readouterr().err


def test_beside_something_else_it_listens_where_a_gateway_calls_back(called: Path, clock: Clock) -> None:
    written = (called / "loa.toml").read_text()
    (called / "loa.toml").write_text(written.replace("[sms.callbacks]\n", "[sms.callbacks]\nport = 0\n"))
    desk = pipeline.open_desk(called, SECRETS, clock)
    with listening(desk) as thread:
        assert thread is not None
        assert thread.is_alive()
    assert not thread.is_alive()
    desk.store.close()


def test_beside_something_else_it_does_nothing_where_none_does(small: Path, clock: Clock) -> None:
    desk = pipeline.open_desk(small, {}, clock)
    with listening(desk) as thread:
        assert thread is None
    desk.store.close()
