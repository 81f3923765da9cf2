"""Peers that we did not write, as programs; what they need is installed once, into `var`, and kept there."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import npm

HERE = Path(__file__).with_name("peer")
CACHE = Path(__file__).resolve().parents[3] / "var" / "pip"
SMPP = ("smpp", "0.5.1")
JASMIN = "jasmin==0.11.1"
TWISTED = ("smpp.pdu3==0.6", "twisted==26.10.0")


@dataclass(frozen=True)
class Peer:
    """A running program: the first line that it wrote, its further lines as they come, and its end."""

    first: str
    lines: Iterator[str]
    kill: Callable[[], None]


@contextlib.contextmanager
def running(*command: str | Path, environ: Mapping[str, str] | None = None) -> Iterator[Peer]:
    """A program that ends with its stdin, for as long as the block lasts."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Peer(process.stdout.readline(), iter(process.stdout.readline, ""), process.kill)
        finally:
            process.stdin.close()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


@contextlib.contextmanager
def node_smsc(*arguments: str | Path) -> Iterator[Peer]:
    """`peer/server.js`; its first line is its port."""
    modules = npm.installed(*SMPP) / "node_modules"
    with running(npm.program("node"), HERE / "server.js", modules, *arguments) as peer:
        yield peer


def jasmin() -> tuple[Path, Path]:
    """A folder with what Jasmin's SMSCs import, apart from our own packages, and the file that they are in."""

    def install(folder: Path) -> None:
        # its sdist, unpacked and no more: what it depends on is not wanted here
        _pip("download", "--no-deps", "--no-binary", ":all:", "--dest", folder / "sdist", JASMIN)
        _pip("install", "--no-compile", "--target", folder / "packages", *TWISTED)
        with tarfile.open(next((folder / "sdist").glob("*.tar.gz"))) as archive:
            inside = next(name for name in archive.getnames() if name.endswith("/smpp/smsc_simulator.py"))
            found = archive.extractfile(inside)
            assert found is not None
            (folder / "smsc_simulator.py").write_bytes(found.read())

    folder = _once("-".join((JASMIN, *TWISTED)), install)
    return folder / "packages", folder / "smsc_simulator.py"


def packages(*requirements: str) -> Path:
    """A folder with Python packages, apart from our own."""
    return _once(
        "-".join(requirements), lambda folder: _pip("install", "--no-compile", "--target", folder, *requirements)
    )


def _once(name: str, install: Callable[[Path], None]) -> Path:
    """A folder that is whole or not there: two may install it at once."""
    folder = CACHE / name.replace("==", "-")
    if not folder.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=CACHE, prefix=".part-"))
        try:
            install(made)
            with contextlib.suppress(OSError):  # somebody else was first
                made.rename(folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return folder


def _pip(*arguments: str | Path) -> None:
    command: Sequence[str | Path] = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        pytest.fail(f"pip {' '.join(map(str, arguments))} failed:\n{done.stderr[-1500:]}", pytrace=False)
