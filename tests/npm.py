"""Peers that we did not write: npm packages, installed once into `var/npm` and kept there.

Where Node.js is missing the tests that need a peer fail and say what to install. Nothing is skipped.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

CACHE = Path(__file__).resolve().parents[1] / "var" / "npm"


def program(name: str) -> str:
    """`node` or `npm`, or the test fails."""
    found = shutil.which(name)
    if found is None:
        pytest.fail(
            f"{name} is not on this machine, and the test needs it. Install it (Debian: apt-get install nodejs npm) "
            "and run it again; .ci/run does so by itself.",
            pytrace=False,
        )
    return found


def installed(package: str, version: str) -> Path:
    """The folder whose `node_modules` holds the package: give it to node as its working directory."""
    folder = CACHE / f"{package}-{version}"
    if folder.is_dir():
        return folder
    CACHE.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=CACHE, prefix=".part-"))
    done = subprocess.run(
        [
            program("npm"), "install", "--prefix", part, "--ignore-scripts", "--no-audit", "--no-fund",
            "--no-package-lock", "--loglevel=error", f"{package}@{version}",
        ],
        capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip
    if done.returncode:
        shutil.rmtree(part)
        pytest.fail(f"npm could not install {package}@{version}:\n{done.stderr[-1500:]}", pytrace=False)
    try:
        part.replace(folder)
    except OSError:  # another worker was first
        shutil.rmtree(part)
    return folder
