"""The README's commands are run as they stand, in order, in a fresh folder."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def commands() -> list[tuple[list[str], int]]:
    """(words, expected exit code) of every `loa` and `cd` command in the README's console blocks."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL):
        for line in block.splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            code = re.search(r"# exit (\d+)", line)
            if words and words[0] in {"loa", "cd"}:
                found.append((words, int(code[1]) if code else 0))
    return found


def test_the_commands_do_what_the_readme_says(tmp_path: Path) -> None:
    folder = tmp_path
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "LOA_"))}
    environ["LOA_OFFLINE"] = "1"  # the voice of the README is the one that needs no network
    bundle = ""
    ran = 0
    for words, expected in commands():
        if words[0] == "cd":
            folder = folder / words[1]
            continue
        given = [bundle[:8] if word == "BUNDLE" else word for word in words[1:]]
        done = subprocess.run(
            [sys.executable, "-c", "from loa.cli import main; main()", *given],
            cwd=folder, env=environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == expected, (words, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        if words[1:3] == ["review", "list"]:
            match = re.search(r"\b[0-9a-f]{12}\b", done.stdout)
            assert match
            bundle = match[0]
        ran += 1
    assert ran >= 18


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(([^)#:]+)\)|src=\"([^\"]+)\"", README))))
def test_what_the_readme_points_to_is_there(path: tuple[str, str]) -> None:
    assert (REPOSITORY / (path[0] or path[1])).is_file()


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    for name in tracked.splitlines():
        path = REPOSITORY / name
        if path.suffix in {".ttf", ".png", ".wav"} or not path.is_file() or name == "tests/cli/test_readme.py":
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found = re.findall(r"(?:/(?:work|root|farm)/\w+|pypi\.org|pythonhosted|--index-url|npmjs)", text)
        assert not found, (name, found)
