"""Runs a program for as long as the process that asked for it lives: `python -m loa.keeper PROGRAM ...`.

A server must not outlive a `loa up` that was killed: it would hold its port, and nobody would know whose it is. Imports
nothing of ours, so that it costs next to nothing beside the program.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time

PATIENCE = 10.0  # seconds a program has to end by itself


def keep(command: list[str]) -> int:
    """Runs the program to its end, or ends it when our parent is gone. Returns its exit code."""
    parent = os.getppid()
    # they reach the whole group: the program decides what they mean, and we wait for it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen(command, restore_signals=True, preexec_fn=_listen)  # noqa: S603 - our caller's words
    while child.poll() is None:
        if os.getppid() != parent:
            _end(child)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(0.5)
    return child.returncode


def _listen() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _end(child: subprocess.Popen[bytes]) -> None:
    child.send_signal(signal.SIGINT)
    until = time.monotonic() + PATIENCE
    while child.poll() is None and time.monotonic() < until:
        time.sleep(0.1)
    if child.poll() is None:
        # what it started is in our group, and so are we
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1:]))
