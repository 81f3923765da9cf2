"""A server does not outlive whoever started it, also when that one is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

# starts a keeper that keeps a sleeper, says the sleeper's number, and waits
PARENT = """
import subprocess, sys, time
kept = "import os, sys, time; print(os.getpid(), flush=True); time.sleep(300)"
keeper = subprocess.Popen([sys.executable, "-m", "loa.keeper", sys.executable, "-c", kept], start_new_session=True)
time.sleep(300)
"""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_what_is_kept_ends_when_its_parent_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    kept = int(parent.stdout.readline())
    assert alive(kept)
    parent.kill()
    parent.wait(10)
    until = time.monotonic() + 20
    while alive(kept) and time.monotonic() < until:
        time.sleep(0.1)
    assert not alive(kept)


@pytest.mark.parametrize(("code", "expected"), [("raise SystemExit(7)", 7), ("pass", 0)])
def test_the_exit_code_is_the_programs(code: str, expected: int) -> None:
    done = subprocess.run([sys.executable, "-m", "loa.keeper", sys.executable, "-c", code], check=False)
    assert done.returncode == expected


def test_a_signal_to_the_group_reaches_the_program() -> None:
    code = "import time; print('up', flush=True); time.sleep(300)"
    keeper = subprocess.Popen(
        [sys.executable, "-m", "loa.keeper", sys.executable, "-c", code],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
    )  # fmt: skip
    assert keeper.stdout is not None
    assert keeper.stdout.readline() == "up\n"
    os.killpg(keeper.pid, signal.SIGINT)
    assert keeper.wait(10) != 0
