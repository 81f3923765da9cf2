"""The benchmark of sessions does what it says, however small."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[3] / "benchmarks" / "smpp_session.py"


def test_every_client_sends_all_its_messages_in_one_run() -> None:
    command = [sys.executable, SCRIPT, "--count", "200", "--window", "20", "--rounds", "1", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [one["client"] for one in found] == ["loa", "aiosmpplib", "smpp34"]
    assert all(one["per_second"] > 0 and one["cpu_us"] > 0 for one in found)
